// The hot path: every gateway request ends up here. This module imports neither zod nor better-auth, and the
// query reads one row by index, then rows by id, and those that give its rights. It looks at no clock, so its result
// stays cached until one of those rows changes; whoever calls it decides by time. The result is JSON text, which
// `parseKeyState` reads once for as long as it stays the same: taking its fields apart costs more than all the rest.
import { v } from "convex/values";
import type { QueryCtx } from "./_generated/server.js";
import { internalQuery } from "./_generated/server.js";
import { readKeyState, writeKeyState } from "./model/keyStates.ts";

const vText = v.union(v.string(), v.null());

/** Everything that decides about the key with this hash, or null when there is none. A secret without a record is none. */
export const byHash = internalQuery({
  args: { hash: v.string() },
  returns: vText,
  handler: async (ctx, { hash }) => await findByHash(ctx, hash),
});

/** The same for a key that calls and one that it asks about, in one read of the database. */
export const byHashes = internalQuery({
  args: { caller: v.string(), target: v.string() },
  returns: v.object({ caller: vText, target: vText }),
  handler: async (ctx, { caller, target }) => ({
    caller: await findByHash(ctx, caller),
    target: await findByHash(ctx, target),
  }),
});

async function findByHash(ctx: QueryCtx, hash: string): Promise<string | null> {
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

  return writeKeyState(await readKeyState(ctx, key, secret));
}
