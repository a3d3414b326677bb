// The hot path: every gateway request ends up here. This module imports neither zod nor better-auth, and the
// query reads one row by index, then rows by id, and those that give its rights. It looks at no clock, so its result
// stays cached until one of those rows changes; whoever calls it decides by time.
import { v } from "convex/values";
import type { QueryCtx } from "./_generated/server.js";
import { internalQuery } from "./_generated/server.js";
import { readKeyState, stampKeyState, writeKeyState } from "./model/verification/keyStates.ts";
import type { KeyState } from "./model/verification/keyStates.ts";

const vStamp = v.union(v.string(), v.null());

/**
 * Everything that decides about the key with this hash, as the stamp of its state, or null when there is none. A secret without
 * a record is none.
 */
export const byHash = internalQuery({
  args: { hash: v.string() },
  returns: vStamp,
  handler: async (ctx, { hash }) => await stampByHash(ctx, hash),
});

/** The state itself as JSON text, for whoever does not know its stamp. */
export const stateByHash = internalQuery({
  args: { hash: v.string() },
  returns: v.union(v.string(), v.null()),
  handler: async (ctx, { hash }) => {
    const state = await findByHash(ctx, hash);
    return state === null ? null : writeKeyState(state);
  },
});

async function stampByHash(ctx: QueryCtx, hash: string): Promise<string | null> {
  const state = await findByHash(ctx, hash);
  return state === null ? null : stampKeyState(state);
}

async function findByHash(ctx: QueryCtx, hash: string): Promise<KeyState | null> {
  const credential = await ctx.db
    .query("apikey")
    .withIndex("by_key", (q) => q.eq("key", hash))
    .unique();
  if (credential?.keyId === undefined) return null;
  const key = await ctx.db.get("keys", credential.keyId);
  const secret = key?.secrets.find(({ credentialId }) => credentialId === credential._id);
  if (key === null || secret === undefined) return null;
  // An organization that is gone takes its service keys with it; personal ones go with their members anyway.
  if ((await ctx.db.get("organization", key.organizationId)) === null) return null;

  return await readKeyState(ctx, key, secret);
}
