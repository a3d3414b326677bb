import * as z from "zod";
import { internal } from "../../_generated/api.js";
import type { AuditPage } from "../../model/auditLists.ts";
import type { ChainReport } from "../../model/auditVerification.ts";
import { EXPORT_FORMATS, EXPORT_TYPES, toExportText } from "../auditExport.ts";
import { callerProcedure, downloadSchema, router } from "../trpc.ts";
import type { Download } from "../trpc.ts";

const DEFAULT_LIST_PAGE = 50;
const MAX_LIST_PAGE = 200;
const DEFAULT_CHAIN_PAGE = 500;
const MAX_CHAIN_PAGE = 1000;

const entrySchema = z
  .object({
    id: z.string(),
    organizationId: z.string(),
    seq: z.number().int().describe("Counts the organization's entries from 1."),
    at: z.number().int().describe("Epoch milliseconds."),
    actor: z.object({ type: z.enum(["user", "key", "system"]), id: z.string(), name: z.string() }),
    action: z.string().describe("`<noun>.<verb>`, for example `key.revoke`."),
    targetKind: z.string(),
    targetId: z.string(),
    before: z.string().nullable().describe("What changed, as it was: JSON text. Never a secret."),
    after: z.string().nullable().describe("What changed, as it is: JSON text."),
    reason: z.string().nullable(),
    requestId: z.string().describe("The trace id of the request that made the change."),
    ip: z.string().nullable(),
    agent: z.string().nullable(),
    previousHash: z.string().describe("The hash of the entry before."),
    hash: z.string().describe("SHA-256 of the entry's canonical JSON, previousHash included, in hexadecimal."),
  })
  .meta({ id: "AuditEntry", description: "Who changed what. Each entry's hash holds the entry before." });

const pageSchema = z.object({
  items: z.array(entrySchema),
  nextCursor: z.string().nullable().describe("Null on the last page. A filtered page may be short and not the last."),
});

const reportSchema = z
  .object({
    checked: z.number().int().describe("Entries of this page that were found right."),
    broken: z
      .object({
        seq: z.number().int().describe("Where in the chain; 0 for an entry outside it."),
        entryId: z.string().nullable().describe("Null when the entry is not there."),
        problem: z.enum(["missing", "duplicate", "unlinked", "altered", "unchained", "head"]),
      })
      .nullable()
      .describe("The first entry that is not as it was written; checking ends there."),
    nextCursor: z.string().nullable().describe("Null at the end of the chain and at a break."),
    last: z
      .object({ seq: z.number().int(), hash: z.string() })
      .describe("The last entry found right. Kept elsewhere, it proves later that nothing before it was rewritten."),
  })
  .meta({ id: "AuditVerification", description: "Whether a stretch of the audit chain is whole." });

const cursor = z.string().max(128).optional().describe("The `nextCursor` of the page before.");
const chainLimit = z.number().int().min(1).max(MAX_CHAIN_PAGE).optional();

const ENTRY = {
  id: "kn7d2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  organizationId: "k17c5r9t2w8x4z0b3m6n7p1q5s9v2y4d",
  seq: 12,
  at: 1_790_000_000_000,
  actor: { type: "user" as const, id: "k57a9c2e4g6j8m0p1r3t5v7x9z2b4d6f", name: "Ada Lovelace" },
  action: "key.disable",
  targetKind: "key",
  targetId: "kd7f2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  before: '{"disabledAt":null}',
  after: '{"disabledAt":1790000000000}',
  reason: null,
  requestId: "0f8fad5b-d9cb-469f-a165-70867728950e",
  ip: "192.0.2.7",
  agent: "curl/8.14.1",
  previousHash: "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
  hash: "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
};

export const auditRouter = router({
  list: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/audit",
      status: 200,
      tag: "Audit",
      summary: "List audit entries",
      description: "Newest first. Takes `audit:read`.",
      errors: [],
      example: { output: { items: [ENTRY], nextCursor: null } },
    })
    .input(
      z
        .strictObject({
          action: z.string().max(64).optional().describe("Only changes of this kind, for example `key.revoke`."),
          actor: z.string().max(64).optional().describe("Only changes by this user or key, by id."),
          target: z.string().max(64).optional().describe("Only changes of this key, member or invitation, by id."),
          cursor,
          limit: z
            .number()
            .int()
            .min(1)
            .max(MAX_LIST_PAGE)
            .optional()
            .describe(`Entries per page; ${DEFAULT_LIST_PAGE} unless told.`),
        })
        .default({}),
    )
    .output(pageSchema)
    .query(async ({ ctx, input }): Promise<AuditPage> => {
      return await ctx.convex.runQuery(internal.audit.listForCaller, {
        caller: ctx.identified.caller,
        filter: { action: input.action, actorId: input.actor, targetId: input.target },
        cursor: input.cursor ?? null,
        limit: input.limit ?? DEFAULT_LIST_PAGE,
      });
    }),

  verify: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/audit/verify",
      status: 200,
      tag: "Audit",
      summary: "Verify the audit chain",
      description: "Checks a page of the chain from its start, and tells the first break. Takes `audit:read`.",
      errors: [],
      example: { output: { checked: 12, broken: null, nextCursor: null, last: { seq: 12, hash: ENTRY.hash } } },
    })
    .input(
      z
        .strictObject({
          cursor,
          limit: chainLimit.describe(`Entries to check; ${DEFAULT_CHAIN_PAGE} unless told.`),
        })
        .default({}),
    )
    .output(reportSchema)
    .query(async ({ ctx, input }): Promise<ChainReport> => {
      return await ctx.convex.runQuery(internal.audit.verifyChain, {
        caller: ctx.identified.caller,
        cursor: input.cursor ?? null,
        limit: input.limit ?? DEFAULT_CHAIN_PAGE,
      });
    }),

  export: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/audit/export",
      status: 200,
      tag: "Audit",
      summary: "Export audit entries",
      description:
        "A page of the whole trail as text, oldest first; pages in their order make one file. Answers the text itself, with the header `X-Next-Cursor` unless it is the last page, or as JSON when `Accept` names `application/json`. JSON lines hold what was hashed; CSV guards cells against being taken for formulas. Takes `audit:read`.",
      errors: [],
      download: EXPORT_FORMATS.map((format) => EXPORT_TYPES[format]),
      example: {
        output: { contentType: EXPORT_TYPES.jsonl, text: `${JSON.stringify(ENTRY)}\n`, nextCursor: null },
      },
    })
    .input(
      z
        .strictObject({
          format: z.enum(EXPORT_FORMATS).optional().describe("`jsonl` unless told."),
          cursor,
          limit: chainLimit.describe(`Entries per page; ${DEFAULT_CHAIN_PAGE} unless told.`),
        })
        .default({}),
    )
    .output(downloadSchema)
    .query(async ({ ctx, input }): Promise<Download> => {
      const { format = "jsonl" } = input;
      const { items, nextCursor } = await ctx.convex.runQuery(internal.audit.exportForCaller, {
        caller: ctx.identified.caller,
        cursor: input.cursor ?? null,
        limit: input.limit ?? DEFAULT_CHAIN_PAGE,
      });
      const text = toExportText(items, format, input.cursor === undefined);
      return { contentType: EXPORT_TYPES[format], text, nextCursor };
    }),
});
