import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { clearOrganization } from "./model/organizations/goneOrganizations.ts";
import { settleAndGoOn, vLeaving } from "./model/organizations/leavers.ts";
import { SWEEP_PAUSE_MS } from "./model/sweep.ts";

/** Scheduled when a member with many keys is removed: deals with the next batch of them. */
export const settle = internalMutation({
  args: vLeaving.fields,
  returns: v.null(),
  handler: async (ctx, leaving) => {
    await settleAndGoOn(ctx, leaving);
    return null;
  },
});

/** Scheduled when an organization is deleted: its keys stopped with it, this removes what it leaves behind and records why. */
export const settleOrganization = internalMutation({
  args: { organizationId: v.id("organization"), requestId: v.string() },
  returns: v.null(),
  handler: async (ctx, gone) => {
    const more = await clearOrganization(ctx, gone);
    if (more) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.leavers.settleOrganization, gone);
    return null;
  },
});
