import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { settleAndGoOn, settleOrganization as settleKeysOf, vLeaving } from "./model/leavers.ts";

/** Scheduled when a member with many keys is removed: deals with the next batch of them. */
export const settle = internalMutation({
  args: vLeaving.fields,
  returns: v.null(),
  handler: async (ctx, leaving) => {
    await settleAndGoOn(ctx, leaving);
    return null;
  },
});

/** Scheduled when an organization is deleted: its keys stopped with it, this records why. */
export const settleOrganization = internalMutation({
  args: { organizationId: v.id("organization"), requestId: v.string(), cursor: v.union(v.string(), v.null()) },
  returns: v.null(),
  handler: async (ctx, args) => {
    const cursor = await settleKeysOf(ctx, args);
    if (cursor !== null) await ctx.scheduler.runAfter(0, internal.leavers.settleOrganization, { ...args, cursor });
    return null;
  },
});
