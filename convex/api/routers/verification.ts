import { verifyKey, verifyKeys } from "../../model/verification/verifyKey.ts";
import type { BatchVerification, Verification } from "../../model/verification/verifyKey.ts";
import { readQuestion } from "../../model/verification/verifyQuestion.ts";
import { callerProcedure } from "../trpc.ts";
import {
  EXAMPLE_VERIFICATION,
  verificationSchema,
  verificationsSchema,
  verifyBatchInputSchema,
  verifyInputSchema,
} from "../verification.ts";
import { requirePermission } from "../whoIs.ts";

/** What is asked about keys by their plaintext. */
export const verification = {
  verify: callerProcedure
    .meta({
      method: "POST",
      path: "/api/v1/keys/verify",
      status: 200,
      tag: "Keys",
      summary: "Verify a key",
      description:
        "Says whether a key is good right now, and if not, why. Keys of other organizations are NOT_FOUND. A VALID verdict counts as a use. Takes `keys:verify`.",
      errors: [],
      example: {
        input: {
          key: "lk_live_4fQ2x9LmZa_…",
          permission: "orders:read AND (orders:refund OR billing:*)",
          ip: "192.0.2.7",
          resource: "project:42",
        },
        output: EXAMPLE_VERIFICATION,
      },
    })
    .input(verifyInputSchema)
    .output(verificationSchema)
    .mutation(async ({ ctx, input }): Promise<Verification> => {
      requirePermission(ctx.identified, "keys:verify");
      return await verifyKey(
        ctx.convex,
        ctx.identified.caller.organizationId,
        readQuestion(input).question,
        ctx.arrival,
      );
    }),

  verifyBatch: callerProcedure
    .meta({
      method: "POST",
      path: "/api/v1/keys/verify-batch",
      status: 200,
      tag: "Keys",
      summary: "Verify several keys",
      description:
        "Answers for each item what `keys.verify` would, in the same order. A key that would be refused with 429 or 503 by itself, one that was imported and never used, is RATE_LIMITED and leaves the others be. A wrong item refuses the whole call before any key is used. Takes `keys:verify`.",
      errors: [],
      example: {
        input: { items: [{ key: "lk_live_4fQ2x9LmZa_…", permission: "orders:read" }, { key: "lk_live_unknown_…" }] },
        output: { results: [EXAMPLE_VERIFICATION, { valid: false, code: "NOT_FOUND" }] },
      },
    })
    .input(verifyBatchInputSchema)
    .output(verificationsSchema)
    .mutation(async ({ ctx, input }): Promise<{ results: BatchVerification[] }> => {
      requirePermission(ctx.identified, "keys:verify");
      const questions = input.items.map((item) => readQuestion(item).question);
      return { results: await verifyKeys(ctx.convex, ctx.identified.caller.organizationId, questions, ctx.arrival) };
    }),
};
