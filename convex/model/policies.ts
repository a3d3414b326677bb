import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { DEFAULT_POLICY, expiryUnder, maxLifetimeOf } from "../shared/policy.ts";
import type { Policy } from "../shared/policy.ts";
import { getMember } from "./members.ts";

/** The policy of an organization, or the default one. One indexed read. */
export async function policyOf(ctx: QueryCtx, organizationId: Id<"organization">): Promise<Policy> {
  const policy = await ctx.db
    .query("policies")
    .withIndex("by_organization", (q) => q.eq("organizationId", organizationId))
    .unique();
  return policy ?? DEFAULT_POLICY;
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
