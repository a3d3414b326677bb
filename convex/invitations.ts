import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation, internalQuery } from "./_generated/server.js";
import { callerMutation, callerQuery, memberQuery } from "./functions.ts";
import { vRequest } from "./model/rights/callers.ts";
import { maySee, requireRight } from "./model/rights/granting.ts";
import {
  acceptInvitation,
  cancelInvitation,
  inviteMember,
  readOffer,
  vInvitationOffer,
  vJoined,
} from "./model/organizations/invitations.ts";
import {
  listInvitations,
  sweepInvitations,
  toInvitationView,
  vInvitationView,
} from "./model/organizations/openInvitations.ts";
import { SWEEP_PAUSE_MS } from "./model/sweep.ts";

/** The organization's open invitations, in the order of addresses; null without access. Some may be over: see `expiresAt`. */
export const list = memberQuery({
  args: {},
  returns: v.union(v.array(vInvitationView), v.null()),
  handler: async (ctx) => {
    if (!maySee(ctx.membership, "members:read")) return null;
    const invitations = await listInvitations(ctx, ctx.membership.organizationId);
    return await Promise.all(invitations.map((invitation) => toInvitationView(ctx, invitation)));
  },
});

/** The same for the public API, without those that are over at `at`, the gateway's clock. */
export const listForCaller = callerQuery({
  args: { at: v.number() },
  returns: v.array(vInvitationView),
  handler: async (ctx, { at }) => {
    requireRight(ctx.caller, "members:read");
    const invitations = await listInvitations(ctx, ctx.caller.organizationId);
    const open = invitations.filter(({ expiresAt }) => at < expiresAt);
    return await Promise.all(open.map((invitation) => toInvitationView(ctx, invitation)));
  },
});

export const create = callerMutation({
  args: {
    email: v.string(),
    roles: v.array(v.string()),
    expiresAt: v.optional(v.number()),
    secretHash: v.string(),
  },
  returns: vInvitationView,
  handler: async (ctx, { secretHash, ...wish }) => await inviteMember(ctx, ctx.caller, wish, secretHash),
});

export const cancel = callerMutation({
  args: { invitationId: v.string() },
  returns: v.null(),
  handler: async (ctx, { invitationId }) => {
    await cancelInvitation(ctx, ctx.caller, invitationId);
    return null;
  },
});

/** For the gateway: what the holder of a secret is offered. */
export const offer = internalQuery({
  args: { secretHash: v.string(), at: v.number() },
  returns: vInvitationOffer,
  handler: async (ctx, { secretHash, at }) => await readOffer(ctx, secretHash, at),
});

/** For the gateway: makes the signed-in user a member, who is none yet and so no caller in the organization. */
export const accept = internalMutation({
  args: { userId: v.id("user"), secretHash: v.string(), request: vRequest },
  returns: vJoined,
  handler: async (ctx, args) => await acceptInvitation(ctx, args),
});

/** Run by the clock. */
export const sweep = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    if (await sweepInvitations(ctx)) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.invitations.sweep, {});
    return null;
  },
});
