import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { UsageReport } from "../../model/usage/reports.ts";
import { DAY_MS } from "../../shared/limits.ts";
import { EXAMPLE_RECORD, lastUseSchema } from "../keyRecord.ts";
import { callerProcedure } from "../trpc.ts";

const moment = z.number().int();
const count = z.number().int();

const reportSchema = z
  .object({
    from: moment.describe("The beginning of the first hour that was looked at."),
    to: moment.describe("The end of the last one."),
    count: count.describe("All calls with the keys, and all questions about them."),
    refused: count.describe("Those of them that were refused."),
    items: z
      .array(
        z.object({
          at: moment.nullable().describe("The beginning of the hour or day (UTC); null by anything else."),
          name: z.string().nullable().describe("The operation, outcome or tag; null by time. Empty: all other tags."),
          count,
          refused: count,
        }),
      )
      .describe("By time, oldest first and without times of no use; else the most used first."),
    lastUse: lastUseSchema.nullable().describe("Of the one key that was asked about; null when it was never used."),
  })
  .meta({ id: "Usage", description: "How often keys were used. Counts are complete up to a few seconds ago." });

export const usage = callerProcedure
  .meta({
    method: "GET",
    path: "/api/v1/usage",
    status: 200,
    tag: "Usage",
    summary: "See how keys are used",
    description:
      "Counts of one key, or of all, over a range of whole hours: the last day unless told. An operation is what a key called, or `verify` when somebody asked about it; an outcome is `OK`, the code of the refusal, or the verdict. Kept for 400 days. Takes `usage:read`; who holds it for their own keys only sees those.",
    errors: ["NOT_FOUND"],
    example: {
      output: {
        from: 1_790_000_000_000 - DAY_MS,
        to: 1_790_000_000_000,
        count: 1204,
        refused: 4,
        items: [{ at: null, name: "verify", count: 1204, refused: 4 }],
        lastUse: { at: 1_789_999_999_000, ip: "192.0.2.7", agent: "curl/8.14.1" },
      },
    },
  })
  .input(
    z
      .strictObject({
        keyId: z.string().min(1).max(64).optional().describe(`Of this key only, for example \`${EXAMPLE_RECORD.id}\`.`),
        from: moment.optional().describe("Epoch milliseconds; a day before `to` unless told."),
        to: moment.optional().describe("Epoch milliseconds; now unless told."),
        by: z
          .enum(["hour", "day", "operation", "outcome", "tag"])
          .optional()
          .describe("What to add up by: `hour` unless told, of at most 31 days; by anything else at most 366 days."),
      })
      .default({}),
  )
  .output(reportSchema)
  .query(async ({ ctx, input }): Promise<UsageReport> => {
    const { keyId, to = Date.now(), from = to - DAY_MS, by = "hour" } = input;
    const { caller } = ctx.identified;
    return await ctx.convex.runQuery(internal.usage.reportForCaller, { caller, keyId, from, to, by });
  });
