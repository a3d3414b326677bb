import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { callerMutation, callerQuery, memberQuery } from "./functions.ts";
import { maySee, requireRight } from "./model/rights/granting.ts";
import { readPolicy, vPolicy, vPolicyChange } from "./model/policy/policies.ts";
import { updatePolicy } from "./model/policy/changes.ts";
import { previewPolicy, vPreviewPage } from "./model/policy/preview.ts";
import { endByPolicy, expireIdle, expireIdleByOwnLimit, listPolicies, reviveByPolicy } from "./model/policy/sweep.ts";
import { previewRetention, vRetentionPreview } from "./model/keys/retention.ts";
import { SWEEP_PAUSE_MS } from "./model/sweep.ts";

const vCursor = v.union(v.string(), v.null());

/** What the organization allows of its keys; null without access. */
export const get = memberQuery({
  args: {},
  returns: v.union(vPolicy, v.null()),
  handler: async (ctx) => {
    const { membership } = ctx;
    return maySee(membership, "policy:read") ? await readPolicy(ctx, membership.organizationId) : null;
  },
});

export const getForCaller = callerQuery({
  args: {},
  returns: vPolicy,
  handler: async (ctx) => {
    requireRight(ctx.caller, "policy:read");
    return await readPolicy(ctx, ctx.caller.organizationId);
  },
});

export const update = callerMutation({
  args: { change: vPolicyChange, version: v.optional(v.number()) },
  returns: vPolicy,
  handler: async (ctx, { change, version }) => await updatePolicy(ctx, ctx.caller, change, version),
});

/** A page of what a changed policy would touch. `at` is the gateway's clock, by which keys are judged. */
export const preview = callerQuery({
  args: {
    change: vPolicyChange,
    version: v.optional(v.number()),
    at: v.number(),
    cursor: vCursor,
    limit: v.number(),
  },
  returns: vPreviewPage,
  handler: async (ctx, { change, version, at, cursor, limit }) =>
    await previewPolicy(ctx, ctx.caller, { change, version, at, cursor, limit }),
});

/** What the next sweep would delete at `at`, under the policy or under other times to keep things. */
export const previewDeletion = callerQuery({
  args: {
    deadKeyRetentionMs: v.optional(v.number()),
    auditRetentionMs: v.optional(v.number()),
    at: v.number(),
  },
  returns: vRetentionPreview,
  handler: async (ctx, wish) => await previewRetention(ctx, ctx.caller, wish),
});

// What the clock does, a batch at a time: each schedules the next one, and whatever is cut short the next run finds
// again. `at` is the moment by which keys are judged, now unless told.

/** Every hour: sorts keys by what the policy makes of them, and expires those that nobody used for too long. */
export const sweep = internalMutation({
  args: { at: v.optional(v.number()), cursor: v.optional(vCursor) },
  returns: v.null(),
  handler: async (ctx, { at = Date.now(), cursor = null }) => {
    if (cursor === null) await ctx.scheduler.runAfter(0, internal.policy.expireByOwnLimit, { at });
    const { policies, nextCursor } = await listPolicies(ctx, cursor);
    for (const { organizationId, idleExpiryMs } of policies) {
      await ctx.scheduler.runAfter(0, internal.policy.sortKeys, { organizationId, at });
      if (idleExpiryMs !== null) await ctx.scheduler.runAfter(0, internal.policy.expireUnused, { organizationId, at });
    }
    if (nextCursor !== null) await ctx.scheduler.runAfter(0, internal.policy.sweep, { at, cursor: nextCursor });
    return null;
  },
});

/** Moves what the policy has ended out of the live lists, then what it does not end any more back into them. */
export const sortKeys = internalMutation({
  args: {
    organizationId: v.id("organization"),
    at: v.number(),
    step: v.optional(v.union(v.literal("end"), v.literal("revive"))),
    cursor: v.optional(vCursor),
  },
  returns: v.null(),
  handler: async (ctx, { organizationId, at, step = "end", cursor = null }) => {
    const sort = step === "end" ? endByPolicy : reviveByPolicy;
    const next = await sort(ctx, { organizationId, at, cursor });
    const args = { organizationId, at };
    if (next !== null) {
      await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.policy.sortKeys, { ...args, step, cursor: next });
    } else if (step === "end") await ctx.scheduler.runAfter(0, internal.policy.sortKeys, { ...args, step: "revive" });
    return null;
  },
});

export const expireUnused = internalMutation({
  args: { organizationId: v.id("organization"), at: v.number(), cursor: v.optional(vCursor) },
  returns: v.null(),
  handler: async (ctx, { organizationId, at, cursor = null }) => {
    const next = await expireIdle(ctx, { organizationId, at, cursor });
    if (next !== null) {
      await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.policy.expireUnused, { organizationId, at, cursor: next });
    }
    return null;
  },
});

export const expireByOwnLimit = internalMutation({
  args: { at: v.number(), cursor: v.optional(vCursor) },
  returns: v.null(),
  handler: async (ctx, { at, cursor = null }) => {
    const next = await expireIdleByOwnLimit(ctx, { at, cursor });
    if (next !== null) {
      await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.policy.expireByOwnLimit, { at, cursor: next });
    }
    return null;
  },
});
