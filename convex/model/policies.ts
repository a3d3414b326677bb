import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { DEFAULT_POLICY, expiryUnder, maxLifetimeOf } from "../shared/policy.ts";
import type { Policy, PolicyRules } from "../shared/policy.ts";
import { getMember } from "./members.ts";
import { policyFields } from "./validators.ts";

/** A policy as everyone may see it who may see it at all. `version` counts changes, 0 for the default. */
export const vPolicy = v.object({ ...policyFields, version: v.number() });

/** What somebody wants changed; what is absent stays. */
export const vPolicyChange = v.object(policyFields).partial();

/** The policy of an organization, or the default one. One indexed read. */
export async function policyOf(ctx: QueryCtx, organizationId: Id<"organization">): Promise<Policy> {
  return (await getPolicy(ctx, organizationId)) ?? DEFAULT_POLICY;
}

/** The same without what only the database knows of it. */
export async function readPolicy(ctx: QueryCtx, organizationId: Id<"organization">): Promise<Infer<typeof vPolicy>> {
  const policy = await policyOf(ctx, organizationId);
  return { ...rulesOf(policy), version: policy.version };
}

/** When a key dies, under its organization's policy as it is now; null for never. `roleText` is its owner's, empty for one who left. */
export function expiryOf(policy: Policy, key: Doc<"keys">, roleText: string): number | null {
  const maximum = maxLifetimeOf(policy, { kind: key.ownerKind, roleText });
  return expiryUnder(policy, { expiresAt: key.expiresAt, expirySetAt: key.expirySetAt ?? key.createdAt }, maximum);
}

/** The same, reading what it takes. */
export async function readExpiry(ctx: QueryCtx, key: Doc<"keys">): Promise<number | null> {
  const policy = await policyOf(ctx, key.organizationId);
  // Only a personal key's maximum depends on its owner, and only where roles are given their own.
  const depends = key.ownerKind === "personal" && Object.keys(policy.maxLifetimeMsByRole).length > 0;
  const member = depends ? await getMember(ctx, key.organizationId, key.ownerUserId) : null;
  return expiryOf(policy, key, member?.role ?? "");
}

/** The row of an organization that has changed its policy; null for any other. */
export async function getPolicy(ctx: QueryCtx, organizationId: Id<"organization">): Promise<Doc<"policies"> | null> {
  return await ctx.db
    .query("policies")
    .withIndex("by_organization", (q) => q.eq("organizationId", organizationId))
    .unique();
}

/** What the organization chose, without what the database adds to it. */
export function rulesOf(policy: Policy): PolicyRules {
  const {
    defaultLifetimeMs,
    maxLifetimeMs,
    maxLifetimeMsByRole,
    neverExpiring,
    liveKeysPerOwner,
    requiredCidrs,
    idleExpiryMs,
    deadKeyRetentionMs,
    auditRetentionMs,
    rateLimit,
  } = policy;
  return {
    defaultLifetimeMs,
    maxLifetimeMs,
    maxLifetimeMsByRole,
    neverExpiring,
    liveKeysPerOwner,
    requiredCidrs,
    idleExpiryMs,
    deadKeyRetentionMs,
    auditRetentionMs,
    rateLimit,
  };
}
