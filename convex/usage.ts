import { v } from "convex/values";
import type { Doc, Id } from "./_generated/dataModel.js";
import { internalMutation, internalQuery } from "./_generated/server.js";
import type { QueryCtx } from "./_generated/server.js";
import { memberQuery } from "./functions.ts";
import { mayActOnKey } from "./shared/permissions.ts";
import { LAST_USED_INTERVAL_MS } from "./shared/limits.ts";

const KEYS_MAX = 200;

/**
 * When keys were last used. A query of its own, so that use re-runs this and not the list of keys. Keys that
 * the member may not see are left out; null without access.
 */
export const lastUsed = memberQuery({
  args: { keyIds: v.array(v.string()) },
  returns: v.union(v.array(v.object({ keyId: v.id("keys"), lastUsedAt: v.union(v.number(), v.null()) })), v.null()),
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
        return [{ keyId: key._id, lastUsedAt: usage?.lastUsedAt ?? null }];
      }),
    );
    return found.flat();
  },
});

/**
 * For the gateway: when a key was last used, null when never. Apart from `verification.byHash`, so that noting a
 * use does not make every verification of the key run anew.
 */
export const lastUse = internalQuery({
  args: { keyId: v.id("keys") },
  returns: v.union(v.number(), v.null()),
  handler: async (ctx, { keyId }) => (await usageOf(ctx, keyId))?.lastUsedAt ?? null,
});

/** For the gateway: notes uses. Writes at most once per interval and key, and never touches a key's own row. */
export const recordUses = internalMutation({
  args: {
    uses: v.array(
      v.object({ keyId: v.id("keys"), at: v.number(), ip: v.optional(v.string()), agent: v.optional(v.string()) }),
    ),
  },
  returns: v.null(),
  handler: async (ctx, { uses }) => {
    for (const { keyId, at, ip, agent } of uses) {
      const usage = await usageOf(ctx, keyId);
      // Gone with its key, or noted by another process meanwhile.
      if (usage === null) continue;
      if (usage.lastUsedAt !== null && at - usage.lastUsedAt < LAST_USED_INTERVAL_MS) continue;
      await ctx.db.patch("keyUsage", usage._id, { lastUsedAt: at, ip, agent });
    }
    return null;
  },
});

async function usageOf(ctx: QueryCtx, keyId: Id<"keys">): Promise<Doc<"keyUsage"> | null> {
  const key = await ctx.db.get("keys", keyId);
  return key === null ? null : await ctx.db.get("keyUsage", key.usageId);
}
