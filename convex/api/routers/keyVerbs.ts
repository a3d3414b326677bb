import * as z from "zod";
import { internal } from "../../_generated/api.js";
import { byId, onKey } from "../keyOperation.ts";
import { EXAMPLE_RECORD, keyRecordSchema, toKeyRecord } from "../keyRecord.ts";
import type { KeyRecord } from "../keyRecord.ts";
import { callerProcedure } from "../trpc.ts";

/** What turns a key from one state into another. */
export const keyVerbs = {
  enable: callerProcedure
    .meta(
      onKey(
        "POST",
        "/enable",
        "Enable a key",
        "Ends a pause. A personal key whose owner is suspended or holds no role stays `disabled`, and the answer says so. Takes `keys:disable`.",
        ["CONFLICT"],
      ),
    )
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
};
