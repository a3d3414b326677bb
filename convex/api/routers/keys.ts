import * as z from "zod";
import { internal } from "../../_generated/api.js";
import { verifyKey, verifyKeys } from "../../model/verifyKey.ts";
import type { Verification } from "../../model/verifyKey.ts";
import { readQuestion } from "../../model/verifyQuestion.ts";
import { DEFAULT_PAGE, listSchema, pageSchema } from "../keyPage.ts";
import { EXAMPLE_RECORD, keyRecordSchema, toKeyRecord } from "../keyRecord.ts";
import type { KeyRecord } from "../keyRecord.ts";
import { newKeySchema, toNewKey } from "../newKey.ts";
import { callerProcedure, router } from "../trpc.ts";
import type { OperationMeta } from "../trpc.ts";
import {
  EXAMPLE_VERIFICATION,
  verificationSchema,
  verificationsSchema,
  verifyBatchInputSchema,
  verifyInputSchema,
} from "../verification.ts";
import { requirePermission } from "../whoIs.ts";

const revealedSchema = keyRecordSchema
  .extend({ key: z.string().describe("The plaintext. This answer is the only one that ever holds it: store it now.") })
  .meta({ id: "RevealedKey", description: "A key's record with its plaintext." });
type Revealed = z.infer<typeof revealedSchema>;

const keyId = z.string().min(1).max(64).describe("The key's id, as its record gives it.");
const byId = z.strictObject({ keyId });

export const keysRouter = router({
  create: callerProcedure
    .meta({
      method: "POST",
      path: "/api/v1/keys",
      status: 201,
      tag: "Keys",
      summary: "Create a key",
      description: "Answers the plaintext once. Takes `keys:create`; a service key takes it on the whole organization.",
      errors: ["NAME_TAKEN", "KEY_LIMIT_REACHED", "CONFLICT"],
      repeated: keyRecordSchema,
      example: {
        input: { name: "Billing worker", permissions: ["orders:read"], ownerKind: "service" },
        output: { ...EXAMPLE_RECORD, key: "lk_live_4fQ2x9LmZa_…" },
      },
    })
    .input(newKeySchema)
    .output(revealedSchema)
    .mutation(async ({ ctx, input }): Promise<Revealed> => {
      // Minting loads better-auth, which nothing else here needs.
      const { createKey } = await import("../../auth/credentials.ts");
      const { key, record } = await createKey(ctx.convex, ctx.identified.caller, toNewKey(input), ctx.once);
      return { ...toKeyRecord(record, Date.now()), key };
    }),

  list: callerProcedure
    .meta({
      method: "GET",
      path: "/api/v1/keys",
      status: 200,
      tag: "Keys",
      summary: "List keys",
      description: "Newest first. Takes `keys:read`; who holds it for their own keys only sees those.",
      errors: [],
      example: { output: { items: [EXAMPLE_RECORD], nextCursor: null } },
    })
    .input(listSchema.default({}))
    .output(pageSchema)
    .query(async ({ ctx, input }): Promise<z.infer<typeof pageSchema>> => {
      const {
        status: statuses,
        ownerId,
        q,
        includeDead = false,
        cursor = null,
        limit = DEFAULT_PAGE,
        ...filter
      } = input;
      const at = Date.now();
      const { items, nextCursor } = await ctx.convex.runQuery(internal.keys.listForCaller, {
        caller: ctx.identified.caller,
        includeDead,
        filter: { ...filter, statuses, ownerUserId: ownerId, search: q },
        cursor,
        limit,
        at,
      });
      return { items: items.map((view) => toKeyRecord(view, at)), nextCursor };
    }),

  get: callerProcedure
    .meta(onKey("GET", "", "Get a key", "Takes `keys:read`.", []))
    .input(byId)
    .output(keyRecordSchema)
    .query(async ({ ctx, input }): Promise<KeyRecord> => {
      const { caller } = ctx.identified;
      return toKeyRecord(await ctx.convex.runQuery(internal.keys.getForCaller, { caller, ...input }), Date.now());
    }),

  delete: callerProcedure
    .meta({
      ...onKey("DELETE", "", "Delete a dead key", "Its audit entries stay. Takes `keys:delete`.", ["CONFLICT"]),
      status: 204,
      example: {},
    })
    .input(byId)
    .output(z.null())
    .mutation(async ({ ctx, input }): Promise<null> => {
      return await ctx.convex.runMutation(internal.keys.remove, { caller: ctx.identified.caller, ...input });
    }),

  enable: callerProcedure
    .meta(onKey("POST", "/enable", "Enable a key", "Ends a pause. Takes `keys:disable`.", ["CONFLICT"]))
    .input(byId)
    .output(keyRecordSchema)
    .mutation(async ({ ctx, input }): Promise<KeyRecord> => {
      const { caller } = ctx.identified;
      return toKeyRecord(await ctx.convex.runMutation(internal.keys.enable, { caller, ...input }), Date.now());
    }),

  disable: callerProcedure
    .meta(onKey("POST", "/disable", "Disable a key", "A pause, until enabled. Takes `keys:disable`.", ["CONFLICT"]))
    .input(byId)
    .output(keyRecordSchema)
    .mutation(async ({ ctx, input }): Promise<KeyRecord> => {
      const { caller } = ctx.identified;
      return toKeyRecord(await ctx.convex.runMutation(internal.keys.disable, { caller, ...input }), Date.now());
    }),

  expire: callerProcedure
    .meta(onKey("POST", "/expire", "Expire a key", "Sets its expiry to now. Takes `keys:expire`.", ["CONFLICT"]))
    .input(byId)
    .output(keyRecordSchema)
    .mutation(async ({ ctx, input }): Promise<KeyRecord> => {
      const { caller } = ctx.identified;
      return toKeyRecord(await ctx.convex.runMutation(internal.keys.expire, { caller, ...input }), Date.now());
    }),

  revoke: callerProcedure
    .meta({
      ...onKey(
        "POST",
        "/revoke",
        "Revoke a key",
        "Ends it for good. Repeating it is harmless. Takes `keys:revoke`; the owner of a personal key may always do it by session, even after leaving the organization.",
        [],
      ),
      forOwner: true,
      example: {
        input: { reason: "Found in a public repository" },
        output: {
          ...EXAMPLE_RECORD,
          status: "revoked",
          revokedAt: 1_790_600_000_000,
          revokedBy: EXAMPLE_RECORD.ownerUserId,
          revokeReason: "Found in a public repository",
        },
      },
    })
    .input(byId.extend({ reason: z.string().optional().describe("Kept with the key and in the audit trail.") }))
    .output(keyRecordSchema)
    .mutation(async ({ ctx, input }): Promise<KeyRecord> => {
      const { caller } = ctx.identified;
      return toKeyRecord(await ctx.convex.runMutation(internal.keys.revoke, { caller, ...input }), Date.now());
    }),

  rotate: callerProcedure
    .meta({
      ...onKey(
        "POST",
        "/rotate",
        "Rotate a key",
        "Gives it a new secret and answers it once; id, rights and history stay. Of two rotations at once, one gets CONFLICT. Takes `keys:rotate`.",
        ["CONFLICT"],
      ),
      repeated: keyRecordSchema,
      example: {
        input: { graceMs: 3_600_000 },
        output: { ...EXAMPLE_RECORD, version: 2, key: "lk_live_4fQ2x9LmZa_…" },
      },
    })
    .input(
      byId.extend({
        graceMs: z
          .number()
          .int()
          .optional()
          .describe("How long the old secret still works, in milliseconds: 0 unless told, at most 30 days."),
      }),
    )
    .output(revealedSchema)
    .mutation(async ({ ctx, input: { keyId: id, ...options } }): Promise<Revealed> => {
      const { rotateKey } = await import("../../auth/credentials.ts");
      const { key, record } = await rotateKey(ctx.convex, ctx.identified.caller, id, {
        ...options,
        once: ctx.once,
      });
      return { ...toKeyRecord(record, Date.now()), key };
    }),

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
        "Answers for each item what `keys.verify` would, in the same order. A wrong item refuses the whole call before any key is used. Takes `keys:verify`.",
      errors: [],
      example: {
        input: { items: [{ key: "lk_live_4fQ2x9LmZa_…", permission: "orders:read" }, { key: "lk_live_unknown_…" }] },
        output: { results: [EXAMPLE_VERIFICATION, { valid: false, code: "NOT_FOUND" }] },
      },
    })
    .input(verifyBatchInputSchema)
    .output(verificationsSchema)
    .mutation(async ({ ctx, input }): Promise<{ results: Verification[] }> => {
      requirePermission(ctx.identified, "keys:verify");
      const questions = input.items.map((item) => readQuestion(item).question);
      return { results: await verifyKeys(ctx.convex, ctx.identified.caller.organizationId, questions, ctx.arrival) };
    }),
});

/** What the operations on one key have in common. */
function onKey(
  method: OperationMeta["method"],
  verb: string,
  summary: string,
  description: string,
  errors: OperationMeta["errors"],
): OperationMeta {
  return {
    method,
    path: `/api/v1/keys/{keyId}${verb}`,
    status: 200,
    tag: "Keys",
    summary,
    description,
    errors: ["NOT_FOUND", ...errors],
    example: { output: EXAMPLE_RECORD },
  };
}
