import * as z from "zod";
import { internal } from "../../_generated/api.js";
import { SECRETS_MAX } from "../../shared/limits.ts";
import { byId, onKey } from "../keyOperation.ts";
import { EXAMPLE_RECORD, keyRecordSchema, toKeyRecord } from "../keyRecord.ts";
import type { KeyRecord } from "../keyRecord.ts";
import { newKeySchema, toNewKey } from "../newKey.ts";
import { callerProcedure } from "../trpc.ts";

const revealedSchema = keyRecordSchema
  .extend({ key: z.string().describe("The plaintext. This answer is the only one that ever holds it: store it now.") })
  .meta({ id: "RevealedKey", description: "A key's record with its plaintext." });
type Revealed = z.infer<typeof revealedSchema>;

/** Minting loads better-auth, which nothing else here needs. */
async function loadMinting() {
  return await import("../../auth/credentials.ts");
}
let loaded: ReturnType<typeof loadMinting> | undefined;
const minting = () => (loaded ??= loadMinting());

/** The secrets of keys. What answers a plaintext does so once. */
export const keySecrets = {
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
      const { createKey } = await minting();
      const { key, record } = await createKey(ctx.convex, ctx.identified.caller, toNewKey(input), ctx.once);
      return { ...toKeyRecord(record, Date.now()), key };
    }),

  rotate: callerProcedure
    .meta({
      ...onKey(
        "POST",
        "/rotate",
        "Rotate a key",
        "Gives it a new secret and answers it once; id, rights and history stay. Of two rotations from the same `version`, one gets CONFLICT. Takes `keys:rotate`.",
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
          .describe(
            `How long the old secret still works, in milliseconds: 0 unless told, at most 30 days. Secrets from before it work no longer than that either, and no more than ${SECRETS_MAX - 1} old ones do.`,
          ),
        version: z
          .number()
          .int()
          .optional()
          .describe(
            "The key's version as you saw it: when it has been rotated since, nothing happens and the answer is CONFLICT. Without it, yours ends the secret of a rotation just before it, too.",
          ),
        expiresAt: z
          .number()
          .int()
          .optional()
          .describe(
            "JWT keys only, whose expiry is signed into them: another one, epoch milliseconds. Takes `keys:update` too.",
          ),
      }),
    )
    .output(revealedSchema)
    .mutation(async ({ ctx, input: { keyId: id, ...options } }): Promise<Revealed> => {
      const { rotateKey } = await minting();
      const { key, record } = await rotateKey(ctx.convex, ctx.identified.caller, id, {
        ...options,
        once: ctx.once,
      });
      return { ...toKeyRecord(record, Date.now()), key };
    }),

  endGrace: callerProcedure
    .meta(
      onKey(
        "POST",
        "/end-grace",
        "End a rotation's grace period",
        "The secrets from before the last rotation die at once. Repeating it is harmless. Takes `keys:rotate`.",
        [],
      ),
    )
    .input(byId)
    .output(keyRecordSchema)
    .mutation(async ({ ctx, input }): Promise<KeyRecord> => {
      const { caller } = ctx.identified;
      return toKeyRecord(await ctx.convex.runMutation(internal.keys.endGrace, { caller, ...input }), Date.now());
    }),
};
