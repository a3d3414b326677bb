import type { MutationCtx } from "../_generated/server.js";

const BATCH = 100;

/**
 * How long a sweep waits before its next batch, in milliseconds. Whoever calls meanwhile waits for one batch at most, and a
 * start during a long sweep does not wait for its end.
 */
export const SWEEP_PAUSE_MS = 10;

/**
 * Marks keys whose time is up as ended, so that lists of live keys need not read past them. Whether a key is
 * good never depends on this. True when there may be more.
 */
export async function sweepExpired(ctx: MutationCtx): Promise<boolean> {
  const expired = await ctx.db
    .query("keys")
    // Numbers only: null, for never, sorts below them.
    .withIndex("by_ended_expires", (q) => q.eq("ended", false).gte("expiresAt", 0).lte("expiresAt", Date.now()))
    .take(BATCH);
  await Promise.all(expired.map((key) => ctx.db.patch("keys", key._id, { ended: true })));
  return expired.length === BATCH;
}
