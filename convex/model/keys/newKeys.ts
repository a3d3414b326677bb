import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { toAuditState } from "./changes.ts";
import { checkKeyFields, keyFields } from "./fields.ts";
import type { CheckedFields } from "./fields.ts";
import { checkJwtEnd, draftSigned, requireAsSigned } from "./jwtKeys.ts";
import type { Signed } from "./jwtKeys.ts";
import { toOwnerRef } from "./lists.ts";
import { requireCreate, requireWithinPower } from "./rights.ts";
import { getMember } from "../organizations/members.ts";
import { requireFreeName, requireRoom, settleNamesakes } from "./ownersKeys.ts";
import { policyOf } from "../policy/policies.ts";
import { recordOnce, requireFirst } from "../repetitions.ts";
import type { Once } from "../repetitions.ts";
import { insertCredential } from "./secrets.ts";
import type { MintedSecret } from "./secrets.ts";

/** What someone asks for when creating a key. Only the name is needed. What is absent a calling key hands on from itself. */
export const vNewKey = v.object({
  ...keyFields,
  name: v.string(),
  env: v.optional(v.union(v.literal("live"), v.literal("test"))),
  // "opaque" unless told.
  format: v.optional(v.union(v.literal("opaque"), v.literal("jwt"))),
  ownerKind: v.optional(v.union(v.literal("personal"), v.literal("service"))),
  // Whose key it is, or who answers for the service key. Absent: the caller's own person.
  ownerUserId: v.optional(v.string()),
});

export type NewKey = Infer<typeof vNewKey>;

/** What would be signed into the JWT of such a key. Throws like `createKey`. */
export async function draftJwt(ctx: QueryCtx, caller: ResolvedCaller, input: NewKey, now: number): Promise<Signed> {
  return await draftSigned(ctx, (await planKey(ctx, caller, input, now)).power);
}

/**
 * Makes a key: its record, its secret and the audit entry, in one transaction. Throws INVALID_INPUT with
 * field paths, FORBIDDEN, NAME_TAKEN, KEY_LIMIT_REACHED, or CONFLICT when the same request has been done meanwhile;
 * for an opaque key, before it has written anything.
 */
export async function createKey(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  input: NewKey,
  secret: MintedSecret,
  { action = "key.create", once }: { action?: "key.create" | "key.import"; once?: Once } = {},
): Promise<Doc<"keys">> {
  const now = Date.now();
  const { organizationId } = caller;
  const { power, ownerRef, isJwt, wanted, namesakes } = await planKey(ctx, caller, input, now);
  const { name = "", nameKey = "", description, tags, notBefore, metadata } = wanted;
  await requireFirst(ctx, caller, once);
  const credentialId = await insertCredential(ctx, secret);
  await settleNamesakes(ctx, caller, namesakes);
  const usageId = await ctx.db.insert("keyUsage", { organizationId, lastUsedAt: null });
  const keyId = await ctx.db.insert("keys", {
    ...power,
    ownerRef,
    name,
    nameKey,
    ...(isJwt && { format: "jwt" as const }),
    description: description || undefined,
    tags,
    notBefore: notBefore ?? undefined,
    metadata: metadata ?? undefined,
    prefix: secret.prefix,
    keyIdText: secret.keyIdText,
    start: secret.start,
    last4: secret.last4,
    createdByUserId: caller.userId,
    createdByKeyId: caller.key?.record._id,
    createdAt: now,
    expirySetAt: now,
    secrets: [{ credentialId, version: 1, validUntil: null }],
    version: 1,
    usageId,
    ended: false,
  });
  await Promise.all([ctx.db.patch("apikey", credentialId, { keyId }), ctx.db.patch("keyUsage", usageId, { keyId })]);
  const key = await ctx.db.get("keys", keyId);
  if (key === null) throw new Error("A key that was just inserted is not there");
  await requireAsSigned(ctx, key, secret.signed);
  await recordChange(ctx, caller, {
    action,
    targetKind: "key",
    targetId: keyId,
    before: null,
    after: toAuditState(key),
  });
  await recordOnce(ctx, caller, once, key);
  return key;
}

/** Everything about a new key but its secret: checked, within the caller's power, under a free name. Throws like `createKey`. */
async function planKey(ctx: QueryCtx, caller: ResolvedCaller, input: NewKey, now: number) {
  const { organizationId } = caller;
  const owner = await resolveOwner(ctx, caller, input);
  const policy = await policyOf(ctx, organizationId);
  const { env = "live", format, ownerKind: _kind, ownerUserId: _user, ...fields } = input;
  const wanted = await checkKeyFields(ctx, fields, { organizationId, owner, policy, now, current: null });
  await requireCreate(ctx, caller, owner);
  const bound = toPower(caller, input, wanted);
  const power = {
    ...bound,
    expiresAt: format === "jwt" ? checkJwtEnd(bound.expiresAt, now) : bound.expiresAt,
    organizationId,
    ownerKind: owner.kind,
    ownerUserId: owner.userId,
    env,
  };
  await requireWithinPower(ctx, caller, power);
  const ownerRef = toOwnerRef(owner);
  const owners = { organizationId, ownerRef, policy, roleText: owner.roleText, now };
  const namesakes = await requireFreeName(ctx, { ...owners, nameKey: wanted.nameKey ?? "" });
  if (owner.kind === "personal") await requireRoom(ctx, owners);
  return { power, ownerRef, isJwt: format === "jwt", wanted, namesakes };
}

/** What the new key could do. Without a wish, a calling key's creations are bound as it is itself and end with it, rather than being refused. */
function toPower(caller: ResolvedCaller, input: NewKey, wanted: CheckedFields) {
  const own = caller.key?.record;
  const ceiling = input.expiresAt === undefined ? (own?.expiresAt ?? null) : null;
  const expiresAt = wanted.expiresAt ?? null;
  return {
    permissions: wanted.permissions ?? [],
    roles: wanted.roles,
    resourcePermissions: wanted.resourcePermissions,
    expiresAt: ceiling === null || expiresAt === null ? (expiresAt ?? ceiling) : Math.min(expiresAt, ceiling),
    rateLimit: wanted.rateLimit ?? own?.rateLimit ?? null,
    quota: wanted.quota ?? own?.quota,
    idleExpiryMs: wanted.idleExpiryMs ?? own?.idleExpiryMs,
    cidrs: wanted.cidrs === undefined ? own?.cidrs : (wanted.cidrs ?? undefined),
    allowList: wanted.allowList === undefined ? own?.allowList : (wanted.allowList ?? undefined),
  };
}

/** A calling key makes keys for its own owner unless told otherwise; a person, personal keys for itself. */
async function resolveOwner(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  input: NewKey,
): Promise<{ kind: "personal" | "service"; userId: Id<"user">; isMember: boolean; roleText: string }> {
  const kind = input.ownerKind ?? caller.key?.record.ownerKind ?? "personal";
  const userId = input.ownerUserId === undefined ? caller.userId : ctx.db.normalizeId("user", input.ownerUserId);
  const member = userId === null ? null : await getMember(ctx, caller.organizationId, userId);
  // A service key's accountable member may have left; its own keys may still make their like.
  const inherited = caller.key?.record.ownerKind === "service" && userId === caller.userId;
  const isMember = member !== null || inherited;
  return { kind, userId: userId ?? caller.userId, isMember, roleText: member?.role ?? "" };
}
