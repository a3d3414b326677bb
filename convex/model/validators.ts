import { v } from "convex/values";

/** So many uses; all come back every day or month (UTC), or never. */
export const vQuota = v.object({
  limit: v.number(),
  refill: v.union(v.literal("daily"), v.literal("monthly"), v.literal("never")),
});

/** So many requests per window. */
export const vRateLimit = v.object({ limit: v.number(), windowMs: v.number() });

/** What a role gives: a permission, everywhere or on the holder's own personal keys. */
export const vGrant = v.object({ permission: v.string(), scope: v.union(v.literal("any"), v.literal("own")) });

/** Permissions on single resources, `type:id`. */
export const vResourcePermissions = v.array(v.object({ resource: v.string(), permissions: v.array(v.string()) }));
