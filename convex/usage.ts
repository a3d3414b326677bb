import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalAction, internalMutation, internalQuery } from "./_generated/server.js";
import { callerQuery, memberQuery } from "./functions.ts";
import { keysAllowed } from "./model/keys/rights.ts";
import { callerScope } from "./model/rights/callers.ts";
import { flushUses } from "./model/usage/keyUses.ts";
import { SWEEP_PAUSE_MS } from "./model/sweep.ts";
import { getKeyForUsage, readUsage, requireUsageRange, vUsageBy, vUsageReport } from "./model/usage/reports.ts";
import { recordUses, sweepUsage, usageBatch } from "./model/usage/counts.ts";
import { latchkeyError, missingKey } from "./shared/errors.ts";
import { mayActOnKey, scopeOf } from "./shared/permissions.ts";

const KEYS_MAX = 200;

/**
 * When keys were last used, and by whom. A query of its own, so that use re-runs this and not the list of keys. Keys
 * that the member may not see are left out; null without access.
 */
export const lastUsed = memberQuery({
  args: { keyIds: v.array(v.string()) },
  returns: v.union(
    v.array(
      v.object({
        keyId: v.id("keys"),
        lastUsedAt: v.union(v.number(), v.null()),
        ip: v.union(v.string(), v.null()),
        agent: v.union(v.string(), v.null()),
      }),
    ),
    v.null(),
  ),
  handler: async (ctx, { keyIds }) => {
    const { membership } = ctx;
    if (membership === null) return null;
    const found = await Promise.all(
      keyIds.slice(0, KEYS_MAX).map(async (text) => {
        const id = ctx.db.normalizeId("keys", text);
        const key = id === null ? null : await ctx.db.get("keys", id);
        if (key === null || key.organizationId !== membership.organizationId) return [];
        if (!mayActOnKey(membership.grants, "read", key, membership.userId)) return [];
        const usage = await ctx.db.get("keyUsage", key.usageId);
        const { lastUsedAt = null, ip = null, agent = null } = usage ?? {};
        return [{ keyId: key._id, lastUsedAt, ip, agent }];
      }),
    );
    return found.flat();
  },
});

/**
 * How often a key, or all keys that the member may see the usage of, were used from one hour to another, both epoch
 * milliseconds. For charts that move: a query about past hours never runs again, so ask for the hour that is under way
 * by itself. Null without access.
 */
export const series = memberQuery({
  args: { keyId: v.optional(v.string()), from: v.number(), to: v.number(), by: vUsageBy },
  returns: v.union(vUsageReport, v.null()),
  handler: async (ctx, { keyId, from, to, by }) => {
    const { membership } = ctx;
    const scope = membership === null ? null : scopeOf(membership.grants, "usage:read");
    if (membership === null || scope === null) return null;
    const audience = { organizationId: membership.organizationId, userId: membership.userId, scope };
    const key = keyId === undefined ? undefined : await getKeyForUsage(ctx, audience, keyId);
    return key === null ? null : await readUsage(ctx, audience, { key, by, ...requireUsageRange({ from, to, by }) });
  },
});

/** The same for the public API. Throws FORBIDDEN, NOT_FOUND, and INVALID_INPUT for a range that is too long. */
export const reportForCaller = callerQuery({
  args: { keyId: v.optional(v.string()), from: v.number(), to: v.number(), by: vUsageBy },
  returns: vUsageReport,
  handler: async (ctx, { keyId, from, to, by }) => {
    const scope = callerScope(ctx.caller, "usage:read");
    if (scope === null) throw latchkeyError("FORBIDDEN", "This takes the permission usage:read. Ask an admin for it.");
    const { organizationId, userId } = ctx.caller;
    const audience = { organizationId, userId, scope, among: keysAllowed(ctx.caller) };
    const key = keyId === undefined ? undefined : await getKeyForUsage(ctx, audience, keyId);
    if (key === null) throw missingKey();
    return await readUsage(ctx, audience, { key, by, ...requireUsageRange({ from, to, by }) });
  },
});

/**
 * For the gateway: when a key was last used, null when never. Apart from `verification.byHash`, so that noting a
 * use does not make every verification of the key run anew.
 */
export const lastUse = internalQuery({
  args: { usageId: v.id("keyUsage") },
  returns: v.union(v.number(), v.null()),
  handler: async (ctx, { usageId }) => (await ctx.db.get("keyUsage", usageId))?.lastUsedAt ?? null,
});

/** For the gateway: adds a batch of counts, once however often it is sent, and notes last uses. */
export const record = internalMutation({
  args: usageBatch,
  returns: v.null(),
  handler: async (ctx, batch) => {
    await recordUses(ctx, batch);
    return null;
  },
});

/** Writes what this process has gathered; for whoever is about to end it. */
export const flush = internalAction({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    await flushUses(ctx);
    return null;
  },
});

/** Run by the clock: deletes counts that are too old, a batch at a time. */
export const sweep = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const more = await sweepUsage(ctx, Date.now());
    if (more) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.usage.sweep, {});
    return null;
  },
});
