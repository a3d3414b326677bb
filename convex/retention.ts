import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { forgetDeleted } from "./model/keys/deletedSecrets.ts";
import { listPolicies } from "./model/policy/sweep.ts";
import { deleteDeadKeys } from "./model/keys/retention.ts";
import { SWEEP_PAUSE_MS } from "./model/sweep.ts";

/** Every day: deletes what each organization's policy does not keep any longer. `at` is now unless told. */
export const sweep = internalMutation({
  args: { at: v.optional(v.number()), cursor: v.optional(v.union(v.string(), v.null())) },
  returns: v.null(),
  handler: async (ctx, { at = Date.now(), cursor = null }) => {
    const { policies, nextCursor } = await listPolicies(ctx, cursor);
    for (const { organizationId, deadKeyRetentionMs, auditRetentionMs } of policies) {
      if (deadKeyRetentionMs !== null) {
        const before = at - deadKeyRetentionMs;
        await ctx.scheduler.runAfter(0, internal.retention.sweepKeys, { organizationId, before });
      }
      if (auditRetentionMs !== null) {
        await ctx.scheduler.runAfter(0, internal.audit.prune, { organizationId, before: at - auditRetentionMs });
      }
    }
    if (cursor === null) await ctx.scheduler.runAfter(0, internal.retention.sweepSecrets, {});
    if (nextCursor !== null) await ctx.scheduler.runAfter(0, internal.retention.sweep, { at, cursor: nextCursor });
    return null;
  },
});

/** Deletes keys that died before a moment, a batch at a time. Cut short, the next day's run goes on. */
export const sweepKeys = internalMutation({
  args: { organizationId: v.id("organization"), before: v.number() },
  returns: v.null(),
  handler: async (ctx, cutoff) => {
    const more = await deleteDeadKeys(ctx, cutoff);
    if (more) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.retention.sweepKeys, cutoff);
    return null;
  },
});

/** Forgets which secrets were deleted, where nothing will ask any longer; a batch at a time. */
export const sweepSecrets = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const more = await forgetDeleted(ctx);
    if (more) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.retention.sweepSecrets, {});
    return null;
  },
});
