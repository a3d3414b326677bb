import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { DEFAULT_POLICY, expiryUnder, idleDeathOf, idleLimitOf, maxLifetimeOf } from "../../shared/policy.ts";
import type { Policy, PolicyRules } from "../../shared/policy.ts";
import { getMember } from "../organizations/members.ts";
import { SharedRead } from "../sharedReads.ts";
import { policyFields } from "../validators.ts";

/** A policy as everyone may see it who may see it at all. `version` counts changes, 0 for the default. */
export const vPolicy = v.object({ ...policyFields, version: v.number() });

/** What somebody wants changed; what is absent stays. */
export const vPolicyChange = v.object(policyFields).partial();

const policies = new SharedRead<[Id<"organization">], Policy>(
  async (ctx, organizationId) => (await getPolicy(ctx, organizationId)) ?? DEFAULT_POLICY,
);

/** The policy of an organization, or the default one. One indexed read. */
export async function policyOf(ctx: QueryCtx, organizationId: Id<"organization">): Promise<Policy> {
  return await policies.of(ctx, organizationId);
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
  return await readExpiryUnder(ctx, await policyOf(ctx, key.organizationId), key);
}

/** The same under a policy that has been read. */
export async function readExpiryUnder(ctx: QueryCtx, policy: Policy, key: Doc<"keys">): Promise<number | null> {
  // Only a personal key's maximum depends on its owner, and only where roles are given their own.
  const depends = key.ownerKind === "personal" && Object.keys(policy.maxLifetimeMsByRole).length > 0;
  const member = depends ? await getMember(ctx, key.organizationId, key.ownerUserId) : null;
  return expiryOf(policy, key, member?.role ?? "");
}

/** When a key dies of disuse under this policy unless it is used before; null for never. Reads its last use. */
export async function readIdleExpiryUnder(ctx: QueryCtx, policy: Policy, key: Doc<"keys">): Promise<number | null> {
  const limit = idleLimitOf(policy, key);
  if (limit === null) return null;
  const usage = await ctx.db.get("keyUsage", key.usageId);
  return idleDeathOf(key, usage?.lastUsedAt ?? null, limit);
}

/** A key with when it dies under the policy, and when of disuse unless it is used before; null for never. */
export type TimedKey = Doc<"keys"> & { idleExpiresAt: number | null };

/** Reads both. Not for live queries: one that reads a key's last use runs anew with every use. */
export async function readEnds(ctx: QueryCtx, key: Doc<"keys">): Promise<TimedKey> {
  const policy = await policyOf(ctx, key.organizationId);
  const expiresAt = await readExpiryUnder(ctx, policy, key);
  return { ...key, expiresAt, idleExpiresAt: await readIdleExpiryUnder(ctx, policy, key) };
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
