import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";

const WINDOW_MS = 60_000;
/** How often per minute a text may be compared with one slow hash. */
export const ATTEMPTS_PER_WINDOW = 5;
// A beginning that somebody else registered must not stand between a key and its own hash for ever, nor cost much.
const CANDIDATES_MAX = 2;

export const vAttempt = v.union(
  v.object({ ok: v.literal(true), value: v.string() }),
  v.object({ ok: v.literal(false), retryAfterMs: v.number() }),
);
/** The hash to compare with, or how long to wait, in milliseconds. */
export type Attempt = Infer<typeof vAttempt>;

/** The hashes of keys that begin so, those of the longest beginning first. */
export async function findCandidates(ctx: QueryCtx, startHashes: readonly string[]): Promise<Id<"slowHashes">[]> {
  const found: Id<"slowHashes">[] = [];
  for (const startHash of startHashes) {
    const row = await ctx.db
      .query("slowHashes")
      .withIndex("by_start", (q) => q.eq("startHash", startHash))
      .first();
    if (row !== null) found.push(row._id);
    if (found.length === CANDIDATES_MAX) break;
  }
  return found;
}

/** Counts a comparison before it is made, in the transaction that allows it. Null when the hash has been replaced meanwhile. */
export async function beginAttempt(ctx: MutationCtx, slowHashId: Id<"slowHashes">): Promise<Attempt | null> {
  const now = Date.now();
  const row = await ctx.db.get("slowHashes", slowHashId);
  const credential = row === null ? null : await ctx.db.get("apikey", row.credentialId);
  if (row === null || credential === null) return null;
  const isOver = now >= row.attemptsSince + WINDOW_MS;
  const attempts = isOver ? 0 : row.attempts;
  if (attempts >= ATTEMPTS_PER_WINDOW) return { ok: false, retryAfterMs: row.attemptsSince + WINDOW_MS - now };
  await ctx.db.patch("slowHashes", slowHashId, {
    attempts: attempts + 1,
    attemptsSince: isOver ? now : row.attemptsSince,
  });
  return { ok: true, value: credential.key };
}

/** Puts a fast hash in place of a slow one, once: of two first uses at a time the second finds it done. */
export async function replaceSlowHash(ctx: MutationCtx, slowHashId: Id<"slowHashes">, hash: string): Promise<void> {
  const row = await ctx.db.get("slowHashes", slowHashId);
  if (row === null) return;
  const clash = await ctx.db
    .query("apikey")
    .withIndex("by_key", (q) => q.eq("key", hash))
    .first();
  // The same key was imported again under its fast hash meanwhile: that one is found.
  if (clash !== null) return;
  await ctx.db.patch("apikey", row.credentialId, { key: hash, updatedAt: Date.now() });
  await ctx.db.delete("slowHashes", slowHashId);
}
