import { v } from "convex/values";
import { REFILLS } from "../shared/limits.ts";

/** So many uses; all come back at the times that `refill` names (UTC), or never. */
export const vQuota = v.object({
  limit: v.number(),
  refill: v.union(...REFILLS.map((refill) => v.literal(refill))),
});

/** So many requests per window. */
export const vRateLimit = v.object({ limit: v.number(), windowMs: v.number() });

/** What a role gives: a permission, everywhere or on the holder's own personal keys. */
export const vGrant = v.object({ permission: v.string(), scope: v.union(v.literal("any"), v.literal("own")) });

/** Permissions on single resources, `type:id`. */
export const vResourcePermissions = v.array(v.object({ resource: v.string(), permissions: v.array(v.string()) }));

/** What is left of a rate limit, as shared/allowance.ts counts it. */
export const vBucket = v.object({ left: v.number(), windowMs: v.number(), at: v.number() });

/** What is used of a quota, as shared/allowance.ts counts it. */
export const vQuotaCount = v.object({
  used: v.number(),
  setAt: v.number(),
  refillAt: v.union(v.number(), v.null()),
});

/** How often an operation ended in one way: `OK`, the code of its refusal, or the verdict on a verified key. */
export const vUsageCount = v.object({ operation: v.string(), outcome: v.string(), count: v.number() });

/** How often a use had this tag, and how many of those were refused. */
export const vTagCount = v.object({ tag: v.string(), count: v.number(), refused: v.number() });

/** What an organization decides in its policy. */
export const policyFields = {
  defaultLifetimeMs: v.number(),
  // Null: no maximum. For personal keys the longest of what the owner's roles are given here, if anything.
  maxLifetimeMs: v.union(v.number(), v.null()),
  maxLifetimeMsByRole: v.record(v.string(), v.number()),
  neverExpiring: v.boolean(),
  liveKeysPerOwner: v.number(),
  // Every key may be used from these ranges only, on top of its own. Null: from anywhere.
  requiredCidrs: v.union(v.array(v.string()), v.null()),
  idleExpiryMs: v.union(v.number(), v.null()),
  // How long dead keys and audit entries are kept. Null: for ever.
  deadKeyRetentionMs: v.union(v.number(), v.null()),
  auditRetentionMs: v.union(v.number(), v.null()),
  // What all keys of the organization may spend together.
  rateLimit: v.union(vRateLimit, v.null()),
};
