import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { callerMutation, callerQuery, memberQuery } from "./functions.ts";
import { pageArgs, vPage } from "./model/rights/definitions.ts";
import { maySee, requireRight } from "./model/rights/granting.ts";
import {
  addToGroup,
  findGroupMembers,
  listGroupMembers,
  removeFromGroup,
  sweepGroupMembers,
  vGroupMember,
} from "./model/rights/groupMembers.ts";
import {
  ORGANIZATION_GROUPS_MAX,
  changeGroup,
  createGroup,
  deleteGroup,
  listGroups,
  readGroups,
  requireGroup,
  toGroupView,
  vGroupView,
} from "./model/rights/groups.ts";
import { SWEEP_PAUSE_MS } from "./model/sweep.ts";

/** The organization's groups by name; null without access. */
export const list = memberQuery({
  args: {},
  returns: v.union(v.array(vGroupView), v.null()),
  handler: async (ctx) => {
    if (!maySee(ctx.membership, "groups:read")) return null;
    return await readGroups(ctx, ctx.membership.organizationId, "", ORGANIZATION_GROUPS_MAX);
  },
});

/** The first 200 of who is in a group; null without access and for a group that is gone. */
export const members = memberQuery({
  args: { groupId: v.string() },
  returns: v.union(v.array(vGroupMember), v.null()),
  handler: async (ctx, { groupId }) => {
    if (!maySee(ctx.membership, "groups:read")) return null;
    return await findGroupMembers(ctx, ctx.membership.organizationId, groupId);
  },
});

export const listForCaller = callerQuery({
  args: pageArgs,
  returns: vPage(vGroupView),
  handler: async (ctx, page) => {
    requireRight(ctx.caller, "groups:read");
    return await listGroups(ctx, ctx.caller.organizationId, page);
  },
});

export const getForCaller = callerQuery({
  args: { groupId: v.string() },
  returns: vGroupView,
  handler: async (ctx, { groupId }) => {
    requireRight(ctx.caller, "groups:read");
    return toGroupView(await requireGroup(ctx, ctx.caller.organizationId, groupId));
  },
});

export const membersForCaller = callerQuery({
  args: { groupId: v.string(), ...pageArgs },
  returns: vPage(vGroupMember),
  handler: async (ctx, { groupId, ...page }) => {
    requireRight(ctx.caller, "groups:read");
    return await listGroupMembers(ctx, ctx.caller.organizationId, groupId, page);
  },
});

const vGift = { roles: v.optional(v.array(v.string())), permissions: v.optional(v.array(v.string())) };

export const create = callerMutation({
  args: { name: v.string(), description: v.optional(v.string()), ...vGift },
  returns: vGroupView,
  handler: async (ctx, input) => await createGroup(ctx, ctx.caller, input),
});

export const update = callerMutation({
  args: { groupId: v.string(), name: v.optional(v.string()), description: v.optional(v.string()), ...vGift },
  returns: vGroupView,
  handler: async (ctx, { groupId, ...input }) => await changeGroup(ctx, ctx.caller, groupId, input),
});

export const remove = callerMutation({
  args: { groupId: v.string() },
  returns: v.null(),
  handler: async (ctx, { groupId }) => {
    const deleted = await deleteGroup(ctx, ctx.caller, groupId);
    await ctx.scheduler.runAfter(0, internal.groups.sweep, { groupId: deleted });
    return null;
  },
});

export const addMember = callerMutation({
  args: { groupId: v.string(), memberId: v.string() },
  returns: vGroupMember,
  handler: async (ctx, { groupId, memberId }) => await addToGroup(ctx, ctx.caller, groupId, memberId),
});

export const removeMember = callerMutation({
  args: { groupId: v.string(), memberId: v.string() },
  returns: v.null(),
  handler: async (ctx, { groupId, memberId }) => {
    await removeFromGroup(ctx, ctx.caller, groupId, memberId);
    return null;
  },
});

/** Run after a deletion: forgets who was in the group, a batch at a time. */
export const sweep = internalMutation({
  args: { groupId: v.id("groups") },
  returns: v.null(),
  handler: async (ctx, { groupId }) => {
    const more = await sweepGroupMembers(ctx, groupId);
    if (more) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.groups.sweep, { groupId });
    return null;
  },
});
