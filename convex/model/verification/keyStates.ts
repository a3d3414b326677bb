import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { idleLimitOf } from "../../shared/policy.ts";
import { RecentMap } from "../../shared/recentMap.ts";
import { sha256Hex } from "../../shared/sha256.ts";
import { rightsOfKey } from "../rights/effectiveRights.ts";
import { quotaSetAt } from "../keys/quotas.ts";
import { getMember } from "../organizations/members.ts";
import { expiryOf, policyOf } from "../policy/policies.ts";
import { vQuota, vRateLimit, vResourcePermissions } from "../validators.ts";

export const vKeyState = v.object({
  keyId: v.id("keys"),
  organizationId: v.id("organization"),
  ownerKind: v.union(v.literal("personal"), v.literal("service")),
  ownerUserId: v.id("user"),
  name: v.string(),
  env: v.union(v.literal("live"), v.literal("test")),
  // What it may do now: for a personal key, cut to what its owner may do; composites, roles and groups resolved.
  permissions: v.array(v.string()),
  resourcePermissions: vResourcePermissions,
  licenses: v.array(
    v.object({
      name: v.string(),
      validFrom: v.union(v.number(), v.null()),
      validUntil: v.union(v.number(), v.null()),
    }),
  ),
  // Under the organization's policy.
  expiresAt: v.union(v.number(), v.null()),
  notBefore: v.union(v.number(), v.null()),
  disabledAt: v.union(v.number(), v.null()),
  revokedAt: v.union(v.number(), v.null()),
  createdAt: v.number(),
  // How long it may go unused, the policy's limit included; null for ever.
  idleExpiryMs: v.union(v.number(), v.null()),
  // The version of the presented secret, and when it stops working after a rotation; null for the current one.
  secretVersion: v.number(),
  secretValidUntil: v.union(v.number(), v.null()),
  rateLimit: v.union(vRateLimit, v.null()),
  organizationRateLimit: v.union(vRateLimit, v.null()),
  // With when its refill was chosen.
  quota: v.union(vQuota.extend({ setAt: v.number() }), v.null()),
  // Where its last use is noted.
  usageId: v.id("keyUsage"),
  // Lists of ranges: its own, and those that the policy requires. It may be used from where every list allows it.
  cidrs: v.array(v.array(v.string())),
  // Resources that it may touch; null for all, empty for none.
  allowList: v.union(v.array(v.string()), v.null()),
  // The JSON text of an object.
  metadata: v.union(v.string(), v.null()),
  tags: v.array(v.string()),
  // False when a personal key's owner has left, was suspended, or holds no role: the key is then as good as disabled.
  ownerActive: v.boolean(),
});

/** A key with everything that decides about it, not yet judged by the clock. */
export type KeyState = Infer<typeof vKeyState>;

/**
 * Stands for one exact state: the SHA-256 of its JSON text. Taking the fields of a state apart at every call would cost
 * more than all the rest of a verification, so it travels as this short text.
 */
export type KeyStamp = string;

const remembered = new RecentMap<KeyState>(10_000);

/** The stamp of a state, which this process remembers under it: where the reader is the same process, it need not ask. */
export function stampKeyState(state: KeyState): KeyStamp {
  return remember(writeKeyState(state)).stamp;
}

/** The state of a stamp, or undefined in a process that has not seen it. The same object each time, which therefore cannot be changed. */
export function recallKeyState(stamp: KeyStamp): KeyState | undefined {
  return remembered.get(stamp);
}

/** A state as JSON text, for a process that could not recall it, which from then on can. */
export function writeKeyState(state: KeyState): string {
  return JSON.stringify(state);
}

/** The state in such a text. */
export function parseKeyState(text: string): KeyState {
  return remember(text).state;
}

function remember(text: string): { stamp: KeyStamp; state: KeyState } {
  const stamp = sha256Hex(text);
  const known = remembered.get(stamp);
  if (known !== undefined) return { stamp, state: known };
  const state = freeze(JSON.parse(text));
  remembered.set(stamp, state);
  return { stamp, state };
}

function freeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null) return value;
  for (const part of Object.values(value)) freeze(part);
  return Object.freeze(value);
}

/** Reads all of it for a key and the secret of it that was shown. */
export async function readKeyState(
  ctx: QueryCtx,
  key: Doc<"keys">,
  secret: Pick<Doc<"keys">["secrets"][number], "version" | "validUntil">,
): Promise<KeyState> {
  const { organizationId } = key;
  const member = key.ownerKind === "service" ? null : await getMember(ctx, organizationId, key.ownerUserId);
  const [rights, policy] = await Promise.all([rightsOfKey(ctx, key, member), policyOf(ctx, organizationId)]);
  return {
    keyId: key._id,
    organizationId,
    ownerKind: key.ownerKind,
    ownerUserId: key.ownerUserId,
    name: key.name,
    env: key.env,
    permissions: rights.permissions,
    resourcePermissions: rights.resourcePermissions,
    licenses: rights.licenses,
    expiresAt: expiryOf(policy, key, member?.role ?? ""),
    notBefore: key.notBefore ?? null,
    disabledAt: key.disabledAt ?? null,
    revokedAt: key.revokedAt ?? null,
    createdAt: key.createdAt,
    idleExpiryMs: idleLimitOf(policy, key),
    secretVersion: secret.version,
    secretValidUntil: secret.validUntil,
    rateLimit: key.rateLimit,
    organizationRateLimit: policy.rateLimit,
    quota: key.quota === undefined ? null : { ...key.quota, setAt: quotaSetAt(key) },
    usageId: key.usageId,
    cidrs: [key.cidrs ?? null, policy.requiredCidrs].filter((ranges) => ranges !== null),
    allowList: key.allowList ?? null,
    metadata: key.metadata ?? null,
    tags: key.tags ?? [],
    ownerActive: rights.ownerActive,
  };
}
