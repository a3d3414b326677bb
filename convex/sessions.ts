import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation, internalQuery } from "./_generated/server.js";
import { grantsOfMember } from "./model/rights/effectiveRights.ts";
import { getMember } from "./model/organizations/members.ts";
import { findOrganizationOfOwnKey, isSuspendedIn, listOrganizations } from "./model/organizations/organizations.ts";
import {
  endOtherSessions,
  endSession,
  listSessions,
  sweepSessions,
  vOwnSession,
} from "./model/organizations/sessions.ts";
import { SWEEP_PAUSE_MS } from "./model/sweep.ts";
import { vGrant } from "./model/validators.ts";

/** For the gateway: the organizations among which a signed-in caller chooses. Empty for an unknown user. */
export const organizationsOf = internalQuery({
  args: { userId: v.string() },
  returns: v.array(
    v.object({ organizationId: v.id("organization"), name: v.string(), slug: v.string(), role: v.string() }),
  ),
  handler: async (ctx, { userId }) => {
    const id = ctx.db.normalizeId("user", userId);
    if (id === null) return [];
    const organizations = await listOrganizations(ctx, id);
    return organizations.map(({ _id, name, slug, role }) => ({ organizationId: _id, name, slug, role }));
  },
});

/** For the gateway: what a user's membership of this organization gives now; nothing when there is none. */
export const grantsIn = internalQuery({
  args: { userId: v.id("user"), organizationId: v.id("organization") },
  returns: v.array(vGrant),
  handler: async (ctx, { userId, organizationId }) => [
    ...(await grantsOfMember(ctx, await getMember(ctx, organizationId, userId))),
  ],
});

/** For better-auth's routes: whether the user is a member of this organization, by id or slug, and suspended in it. */
export const isSuspended = internalQuery({
  args: { userId: v.string(), organization: v.string() },
  returns: v.boolean(),
  handler: async (ctx, { userId, organization }) => await isSuspendedIn(ctx, userId, organization),
});

/** For the gateway: the organization of a personal key, for its owner alone; the role is empty after leaving. */
export const organizationOfOwnKey = internalQuery({
  args: { userId: v.id("user"), keyId: v.string() },
  returns: v.union(v.object({ organizationId: v.id("organization"), slug: v.string(), role: v.string() }), v.null()),
  handler: async (ctx, { userId, keyId }) => await findOrganizationOfOwnKey(ctx, userId, keyId),
});

/** For the gateway: the session of a token, whose it is and until when; null when there is none, or its user is gone. */
export const byToken = internalQuery({
  args: { token: v.string() },
  returns: v.union(v.object({ sessionId: v.id("session"), userId: v.id("user"), expiresAt: v.number() }), v.null()),
  handler: async (ctx, { token }) => {
    const session = await ctx.db
      .query("session")
      .withIndex("by_token", (q) => q.eq("token", token))
      .unique();
    if (session === null || (await ctx.db.get("user", session.userId)) === null) return null;
    return { sessionId: session._id, userId: session.userId, expiresAt: session.expiresAt };
  },
});

/** For the gateway: where a person is signed in at `at`, the gateway's clock; newest first. */
export const listOwn = internalQuery({
  args: { userId: v.id("user"), at: v.number() },
  returns: v.array(vOwnSession),
  handler: async (ctx, { userId, at }) => await listSessions(ctx, userId, at),
});

/** For the gateway: signs a person out of one session. Throws NOT_FOUND for one that is over, and for anybody else's. */
export const end = internalMutation({
  args: { userId: v.id("user"), sessionId: v.string() },
  returns: v.null(),
  handler: async (ctx, { userId, sessionId }) => {
    await endSession(ctx, userId, sessionId);
    return null;
  },
});

/** For the gateway: signs a person out of a batch of sessions, all but one; answers how many were live, and whether there may be more. */
export const endOthers = internalMutation({
  args: { userId: v.id("user"), except: v.id("session") },
  returns: v.object({ ended: v.number(), more: v.boolean() }),
  handler: async (ctx, { userId, except }) => await endOtherSessions(ctx, userId, except),
});

/** Run by the clock. */
export const sweep = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    if (await sweepSessions(ctx)) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.sessions.sweep, {});
    return null;
  },
});
