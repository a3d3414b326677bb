import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { latchkeyError } from "../shared/errors.ts";

// Sessions are better-auth's rows. It writes them when somebody signs in, and its own routes to see and end them answer
// their tokens, which is why they are closed.

// Nobody signs in so often within the week that a session lasts; past it, better an error than some that nobody sees.
const SESSIONS_MAX = 2_000;

/** A session as its person may see it, without what it is shown by. Times are epoch milliseconds. */
export const vOwnSession = v.object({
  sessionId: v.id("session"),
  createdAt: v.number(),
  expiresAt: v.number(),
  // Where it was begun.
  ip: v.union(v.string(), v.null()),
  agent: v.union(v.string(), v.null()),
});

/** A person's sessions that are live at `at`, newest first. */
export async function listSessions(
  ctx: QueryCtx,
  userId: Id<"user">,
  at: number,
): Promise<Infer<typeof vOwnSession>[]> {
  const rows = await readSessions(ctx, userId);
  return rows
    .filter(({ expiresAt }) => at < expiresAt)
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

/** Ends all of a person's sessions but one, those that are over too. Answers how many of them were live. */
export async function endOtherSessions(ctx: MutationCtx, userId: Id<"user">, except: Id<"session">): Promise<number> {
  const others = (await readSessions(ctx, userId)).filter(({ _id }) => _id !== except);
  for (const { _id } of others) await ctx.db.delete("session", _id);
  const now = Date.now();
  return others.filter(({ expiresAt }) => now < expiresAt).length;
}

async function readSessions(ctx: QueryCtx, userId: Id<"user">): Promise<Doc<"session">[]> {
  const rows = await ctx.db
    .query("session")
    .withIndex("by_userId", (q) => q.eq("userId", userId))
    .order("desc")
    .take(SESSIONS_MAX + 1);
  if (rows.length > SESSIONS_MAX) throw new Error("A person has more sessions than one transaction can read");
  return rows;
}
