import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";

// Sessions are better-auth's rows. It writes them when somebody signs in, and its own routes to see and end them answer
// their tokens, which is why they are closed.

// A script that signs in every few minutes leaves thousands behind, live and over. So many are looked through, and so
// many of the live ones shown; ending the others goes over all of them, a batch at a time.
const LOOKED_THROUGH_MAX = 1_000;
const SHOWN_MAX = 200;
const BATCH = 500;
const SWEEP_BATCH = 100;

/** A session as its person may see it, without what it is shown by. Times are epoch milliseconds. */
export const vOwnSession = v.object({
  sessionId: v.id("session"),
  createdAt: v.number(),
  expiresAt: v.number(),
  // Where it was begun.
  ip: v.union(v.string(), v.null()),
  agent: v.union(v.string(), v.null()),
});

/** A person's sessions that are live at `at`, newest first: the latest 200. */
export async function listSessions(
  ctx: QueryCtx,
  userId: Id<"user">,
  at: number,
): Promise<Infer<typeof vOwnSession>[]> {
  const rows = await sessionsOf(ctx, userId).order("desc").take(LOOKED_THROUGH_MAX);
  return rows
    .filter(({ expiresAt }) => at < expiresAt)
    .slice(0, SHOWN_MAX)
    .map(({ _id, createdAt, expiresAt, ipAddress, userAgent }) => ({
      sessionId: _id,
      createdAt,
      expiresAt,
      ip: ipAddress || null,
      agent: userAgent || null,
    }));
}

/** Ends one of a person's sessions. Throws NOT_FOUND for one that is over, and in the same words for anybody else's. */
export async function endSession(ctx: MutationCtx, userId: Id<"user">, sessionIdText: string): Promise<void> {
  const sessionId = ctx.db.normalizeId("session", sessionIdText);
  const session = sessionId === null ? null : await ctx.db.get("session", sessionId);
  if (session === null || session.userId !== userId || Date.now() >= session.expiresAt) {
    throw latchkeyError("NOT_FOUND", "You have no such session. It may have ended by itself.");
  }
  await ctx.db.delete("session", session._id);
}

/**
 * Ends a batch of a person's sessions, all but one and those that are over too. Answers how many of them were live, and
 * whether there may be more.
 */
export async function endOtherSessions(
  ctx: MutationCtx,
  userId: Id<"user">,
  except: Id<"session">,
): Promise<{ ended: number; more: boolean }> {
  const rows = await sessionsOf(ctx, userId).take(BATCH);
  const others = rows.filter(({ _id }) => _id !== except);
  for (const { _id } of others) await ctx.db.delete("session", _id);
  const now = Date.now();
  return { ended: others.filter(({ expiresAt }) => now < expiresAt).length, more: rows.length === BATCH };
}

/** Deletes a batch of sessions that are over; better-auth does so only where one is shown again. True when there may be more. */
export async function sweepSessions(ctx: MutationCtx): Promise<boolean> {
  const over = await ctx.db
    .query("session")
    .withIndex("by_expiresAt", (q) => q.lte("expiresAt", Date.now()))
    .take(SWEEP_BATCH);
  for (const { _id } of over) await ctx.db.delete("session", _id);
  return over.length === SWEEP_BATCH;
}

function sessionsOf(ctx: QueryCtx, userId: Id<"user">) {
  return ctx.db.query("session").withIndex("by_userId", (q) => q.eq("userId", userId));
}
