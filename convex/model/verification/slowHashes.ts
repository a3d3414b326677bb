import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { revokeBySystem } from "../keys/changes.ts";
import { wasDeletedAfter } from "../keys/deletedSecrets.ts";
import { keepSlowHash } from "../keys/foreignPrefixes.ts";
import { deleteCredential } from "../keys/secrets.ts";

const WINDOW_MS = 60_000;
/** How often per minute a text may be compared with one slow hash. */
export const ATTEMPTS_PER_WINDOW = 5;
// A beginning that somebody else registered must not stand between a key and its own hash for ever, nor cost much.
const CANDIDATES_MAX = 2;
// What the audit trail has as the request: which one it was is not known this far in.
const FIRST_USE = { id: "first use" };

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

/**
 * Puts the fast hash of a secret in place of a slow one, now that somebody has shown it; of two first uses at a time the
 * second finds it done. When it shows that several imports are of that secret, the oldest one has it and the others end, as
 * does one that is older than the secret's deletion: a secret that was ended for good must not work by another key.
 */
export async function settleFirst(
  ctx: MutationCtx,
  slowHashIds: readonly Id<"slowHashes">[],
  hash: string,
): Promise<void> {
  const rows = await Promise.all(slowHashIds.map((id) => ctx.db.get("slowHashes", id)));
  const waiting = rows.filter((row) => row !== null);
  for (const row of waiting.toSorted((left, right) => left._creationTime - right._creationTime)) {
    await settle(ctx, row, hash);
  }
}

async function settle(ctx: MutationCtx, row: Doc<"slowHashes">, hash: string): Promise<void> {
  const credential = await ctx.db.get("apikey", row.credentialId);
  const key = credential?.keyId === undefined ? null : await ctx.db.get("keys", credential.keyId);
  if (credential === null || key === null) return;
  const clash = await ctx.db
    .query("apikey")
    .withIndex("by_key", (q) => q.eq("key", hash))
    .first();
  const isDouble = clash !== null || (await wasDeletedAfter(ctx, hash, row._creationTime));
  if (isDouble && key.secrets[0]?.credentialId !== credential._id) {
    // The key was rotated meanwhile. Its new secret has nothing to do with this.
    await ctx.db.patch("keys", key._id, {
      secrets: key.secrets.filter(({ credentialId }) => credentialId !== credential._id),
    });
    await deleteCredential(ctx, credential._id);
    return;
  }
  if (clash === null) {
    await ctx.db.patch("apikey", credential._id, { key: hash, updatedAt: Date.now() });
    await keepSlowHash(ctx, credential._id, credential.key);
  }
  await ctx.db.delete("slowHashes", row._id);
  if (isDouble) await revokeBySystem(ctx, key._id, "Imported twice: another key had this secret first", FIRST_USE);
}
