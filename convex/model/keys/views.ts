import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { idleDeathOf, idleLimitOf } from "../../shared/policy.ts";
import type { Policy } from "../../shared/policy.ts";
import { quotaSetAt, readQuotaCount } from "./quotas.ts";
import { policyOf, readExpiryUnder } from "../policy/policies.ts";
import { isOwnerActive } from "../rights/effectiveRights.ts";
import { SharedRead, shareReads } from "../sharedReads.ts";
import { vQuota, vQuotaCount, vRateLimit, vResourcePermissions } from "../validators.ts";

/**
 * A key as everyone may see it who may see it at all. Its status is derived from it: `keyStatus(view, now)`. Where disuse
 * ends it, that takes its last use too, which is not in here: a live list would run anew with every use.
 */
export const vKeyView = v.object({
  _id: v.id("keys"),
  _creationTime: v.number(),
  organizationId: v.id("organization"),
  ownerKind: v.union(v.literal("personal"), v.literal("service")),
  ownerUserId: v.id("user"),
  // Null once the user is gone.
  ownerName: v.union(v.string(), v.null()),
  // False when a personal key's owner has left, is suspended or holds no role: the key is then as good as disabled.
  ownerActive: v.boolean(),
  name: v.string(),
  description: v.union(v.string(), v.null()),
  tags: v.array(v.string()),
  env: v.union(v.literal("live"), v.literal("test")),
  prefix: v.string(),
  start: v.string(),
  last4: v.string(),
  permissions: v.array(v.string()),
  createdByUserId: v.id("user"),
  createdByKeyId: v.union(v.id("keys"), v.null()),
  createdAt: v.number(),
  expiresAt: v.union(v.number(), v.null()),
  disabledAt: v.union(v.number(), v.null()),
  revokedAt: v.union(v.number(), v.null()),
  revokedBy: v.union(v.string(), v.null()),
  revokeReason: v.union(v.string(), v.null()),
  rateLimit: v.union(vRateLimit, v.null()),
  // Null when it may be used from anywhere.
  cidrs: v.union(v.array(v.string()), v.null()),
  // Null when it may touch every resource; empty when none.
  allowList: v.union(v.array(v.string()), v.null()),
  roles: v.array(v.string()),
  resourcePermissions: vResourcePermissions,
  quota: v.union(vQuota, v.null()),
  notBefore: v.union(v.number(), v.null()),
  idleExpiryMs: v.union(v.number(), v.null()),
  // The same under the policy, which may allow less.
  idleLimitMs: v.union(v.number(), v.null()),
  // The JSON text of an object.
  metadata: v.union(v.string(), v.null()),
  format: v.union(v.literal("opaque"), v.literal("jwt")),
  // Why it was disabled, when nobody did it by hand.
  disabledReason: v.union(v.string(), v.null()),
  version: v.number(),
  // Until when the secret from before the last rotation still works; null when there is none.
  previousSecretValidUntil: v.union(v.number(), v.null()),
});

export type KeyView = Infer<typeof vKeyView>;

/** For who asks once: the same, with what changes by use. */
export const vKeySnapshot = vKeyView.extend({
  // When it dies of disuse unless it is used before.
  idleExpiresAt: v.union(v.number(), v.null()),
  // Null when it was never used.
  lastUse: v.union(
    v.object({ at: v.number(), ip: v.union(v.string(), v.null()), agent: v.union(v.string(), v.null()) }),
    v.null(),
  ),
  // What is used of its quota, as of the last use that took from it; null without a quota.
  quotaUse: v.union(v.object({ setAt: v.number(), count: v.union(vQuotaCount, v.null()) }), v.null()),
});

export type KeySnapshot = Infer<typeof vKeySnapshot>;

const ownerNames = new SharedRead<[Id<"user">], string | null>(
  async (ctx, userId) => (await ctx.db.get("user", userId))?.name ?? null,
);

/** For a query: reads the policy and each owner once, however many keys they have. */
export async function toKeyViews(ctx: QueryCtx, keys: readonly Doc<"keys">[]): Promise<KeyView[]> {
  shareReads(ctx);
  return await Promise.all(keys.map((key) => toKeyView(ctx, key)));
}

/** The same with what changes by use. */
export async function toKeySnapshots(ctx: QueryCtx, keys: readonly Doc<"keys">[]): Promise<KeySnapshot[]> {
  shareReads(ctx);
  return await Promise.all(keys.map((key) => toKeySnapshot(ctx, key)));
}

export async function toKeySnapshot(ctx: QueryCtx, key: Doc<"keys">): Promise<KeySnapshot> {
  const policy = await policyOf(ctx, key.organizationId);
  const idleLimitMs = idleLimitOf(policy, key);
  const { lastUsedAt = null, ip = null, agent = null } = (await ctx.db.get("keyUsage", key.usageId)) ?? {};
  return {
    ...(await toKeyView(ctx, key, policy)),
    idleExpiresAt: idleLimitMs === null ? null : idleDeathOf(key, lastUsedAt, idleLimitMs),
    lastUse: lastUsedAt === null ? null : { at: lastUsedAt, ip, agent },
    quotaUse: key.quota === undefined ? null : { setAt: quotaSetAt(key), count: await readQuotaCount(ctx, key._id) },
  };
}

/** `policy` spares reading it, where it has been. */
export async function toKeyView(ctx: QueryCtx, key: Doc<"keys">, policy?: Policy): Promise<KeyView> {
  const held = policy ?? (await policyOf(ctx, key.organizationId));
  const expiresAt = await readExpiryUnder(ctx, held, key);
  const oldEnds = key.secrets.flatMap(({ validUntil }) => (validUntil === null ? [] : [validUntil]));
  return {
    _id: key._id,
    _creationTime: key._creationTime,
    organizationId: key.organizationId,
    ownerKind: key.ownerKind,
    ownerUserId: key.ownerUserId,
    ownerName: await ownerNames.of(ctx, key.ownerUserId),
    ownerActive: await isOwnerActive(ctx, key),
    name: key.name,
    description: key.description ?? null,
    tags: key.tags ?? [],
    env: key.env,
    prefix: key.prefix,
    start: key.start,
    last4: key.last4,
    permissions: key.permissions,
    createdByUserId: key.createdByUserId,
    createdByKeyId: key.createdByKeyId ?? null,
    createdAt: key.createdAt,
    expiresAt,
    disabledAt: key.disabledAt ?? null,
    revokedAt: key.revokedAt ?? null,
    revokedBy: key.revokedBy ?? null,
    revokeReason: key.revokeReason ?? null,
    rateLimit: key.rateLimit,
    cidrs: key.cidrs ?? null,
    allowList: key.allowList ?? null,
    roles: key.roles ?? [],
    resourcePermissions: key.resourcePermissions ?? [],
    quota: key.quota ?? null,
    notBefore: key.notBefore ?? null,
    idleExpiryMs: key.idleExpiryMs ?? null,
    idleLimitMs: idleLimitOf(held, key),
    metadata: key.metadata ?? null,
    format: key.format ?? "opaque",
    disabledReason: key.disabledReason ?? null,
    version: key.version,
    // The key's end may have come nearer since the rotation.
    previousSecretValidUntil: oldEnds.length === 0 ? null : Math.min(Math.max(...oldEnds), expiresAt ?? Infinity),
  };
}
