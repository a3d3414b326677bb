import type { MutationCtx } from "../../_generated/server.js";

// Whether two slow hashes are of one secret shows only when somebody presents it. By then the key by which it was known
// may be deleted, and the other import would bring a secret back that was ended for good. So what is deleted is
// remembered for as long as a slow hash waits that was there before.

const BATCH = 100;

/** Remembers the SHA-256 of an imported secret that is deleted, if a slow hash could be of the same one. */
export async function noteDeleted(ctx: MutationCtx, hash: string): Promise<void> {
  if ((await ctx.db.query("slowHashes").first()) !== null) await ctx.db.insert("deletedSecrets", { hash });
}

/** Whether the secret was deleted after `moment`, a row's creation time. What was imported later was so on purpose. */
export async function wasDeletedAfter(ctx: MutationCtx, hash: string, moment: number): Promise<boolean> {
  const deleted = await ctx.db
    .query("deletedSecrets")
    .withIndex("by_hash", (q) => q.eq("hash", hash).gt("_creationTime", moment))
    .first();
  return deleted !== null;
}

/** Forgets a batch of those that no slow hash is left to ask for. True when there may be more. */
export async function forgetDeleted(ctx: MutationCtx): Promise<boolean> {
  const oldest = await ctx.db.query("slowHashes").first();
  const needless = await ctx.db
    .query("deletedSecrets")
    .withIndex("by_creation_time", (q) => (oldest === null ? q : q.lt("_creationTime", oldest._creationTime)))
    .take(BATCH);
  for (const { _id } of needless) await ctx.db.delete("deletedSecrets", _id);
  return needless.length === BATCH;
}
