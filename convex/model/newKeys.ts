import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { latchkeyError } from "../shared/errors.ts";
import { PREFIX_PATTERN } from "../shared/keyFormat.ts";
import { recordChange } from "./audit.ts";
import type { ResolvedCaller } from "./callers.ts";
import { toAuditState } from "./keyChanges.ts";
import { checkKeyFields, keyFields } from "./keyFields.ts";
import type { CheckedFields } from "./keyFields.ts";
import { toOwnerRef } from "./keyLists.ts";
import { requireCreate, requireWithinPower } from "./keyRights.ts";
import { getMember } from "./members.ts";
import { policyOf } from "./policies.ts";
import { insertCredential } from "./secrets.ts";
import type { MintedSecret } from "./secrets.ts";

/** What someone asks for when creating a key. Only the name is needed. What is absent a calling key hands on from itself. */
export const vNewKey = v.object({
  ...keyFields,
  name: v.string(),
  env: v.optional(v.union(v.literal("live"), v.literal("test"))),
  prefix: v.optional(v.string()),
  ownerKind: v.optional(v.union(v.literal("personal"), v.literal("service"))),
  // Whose key it is, or who answers for the service key. Absent: the caller's own person.
  ownerUserId: v.optional(v.string()),
});

export type NewKey = Infer<typeof vNewKey>;

/**
 * Makes a key: its record, its secret and the audit entry, in one transaction. Throws INVALID_INPUT with
 * field paths, FORBIDDEN, NAME_TAKEN or KEY_LIMIT_REACHED.
 */
export async function createKey(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  input: NewKey,
  secret: MintedSecret,
): Promise<Doc<"keys">> {
  const now = Date.now();
  const { organizationId } = caller;
  const owner = await resolveOwner(ctx, caller, input);
  const policy = await policyOf(ctx, organizationId);
  const { prefix, env: _env, ownerKind: _kind, ownerUserId: _user, ...fields } = input;
  if (prefix !== undefined && !PREFIX_PATTERN.test(prefix)) {
    const message = "Use 2 to 16 lower-case letters and digits.";
    throw latchkeyError("INVALID_INPUT", "The key cannot be created like this.", [{ path: "prefix", message }]);
  }
  const rules = { organizationId, owner, policy, now, current: null };
  const wanted = await checkKeyFields(ctx, fields, rules);
  await requireCreate(ctx, caller, owner);
  const power = {
    ...toPower(caller, input, wanted),
    organizationId,
    ownerKind: owner.kind,
    ownerUserId: owner.userId,
    env: secret.env,
  };
  await requireWithinPower(ctx, caller, power);
  const { name = "", nameKey = "", description, tags, notBefore, idleExpiryMs, metadata } = wanted;
  const ownerRef = toOwnerRef(owner);
  await requireFreeName(ctx, { organizationId, ownerRef, nameKey, now });
  if (owner.kind === "personal")
    await requireRoom(ctx, { organizationId, ownerRef, now, most: policy.liveKeysPerOwner });

  const credentialId = await insertCredential(ctx, secret);
  const usageId = await ctx.db.insert("keyUsage", { organizationId, lastUsedAt: null });
  const keyId = await ctx.db.insert("keys", {
    ...power,
    ownerRef,
    name,
    nameKey,
    description: description || undefined,
    tags,
    notBefore: notBefore ?? undefined,
    idleExpiryMs: idleExpiryMs ?? caller.key?.record.idleExpiryMs,
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
  await recordChange(ctx, caller, {
    action: "key.create",
    targetKind: "key",
    targetId: keyId,
    before: null,
    after: toAuditState(key),
  });
  return key;
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
    cidrs: wanted.cidrs === undefined ? own?.cidrs : (wanted.cidrs ?? undefined),
    allowList: wanted.allowList === undefined ? own?.allowList : (wanted.allowList ?? undefined),
  };
}

/** A calling key makes keys for its own owner unless told otherwise; a person, personal keys for itself. */
async function resolveOwner(
  ctx: MutationCtx,
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

/** Refuses with NAME_TAKEN a name that another of the owner's live keys has. `except` is the key that is to be renamed. */
export async function requireFreeName(
  ctx: QueryCtx,
  wanted: {
    organizationId: Id<"organization">;
    ownerRef: string;
    nameKey: string;
    now: number;
    except?: Id<"keys">;
  },
): Promise<void> {
  const { organizationId, ownerRef, nameKey, now, except } = wanted;
  const unrevoked = (expiry: { after: number } | "never") =>
    ctx.db.query("keys").withIndex("by_owner_name", (q) => {
      const named = q
        .eq("organizationId", organizationId)
        .eq("ownerRef", ownerRef)
        .eq("nameKey", nameKey)
        .eq("revokedAt", undefined);
      return expiry === "never" ? named.eq("expiresAt", null) : named.gt("expiresAt", expiry.after);
    });
  // At most one key has the name; a second one found is another than the one to be renamed.
  const holders = [...(await unrevoked({ after: now }).take(2)), ...(await unrevoked("never").take(2))];
  if (holders.some(({ _id }) => _id !== except)) {
    throw latchkeyError("NAME_TAKEN", "This owner already has a live key of that name. Choose another name.", [
      { path: "name", message: "Choose a name that none of the owner's live keys has." },
    ]);
  }
}

/** Refuses with KEY_LIMIT_REACHED. The limit is for people: an organization may have as many service keys as it has services. */
async function requireRoom(
  ctx: QueryCtx,
  {
    organizationId,
    ownerRef,
    now,
    most,
  }: { organizationId: Id<"organization">; ownerRef: string; now: number; most: number },
): Promise<void> {
  const unrevoked = (expiry: { after: number } | "never") =>
    ctx.db.query("keys").withIndex("by_owner_live", (q) => {
      const owned = q.eq("organizationId", organizationId).eq("ownerRef", ownerRef).eq("revokedAt", undefined);
      return expiry === "never" ? owned.eq("expiresAt", null) : owned.gt("expiresAt", expiry.after);
    });
  const endless = await unrevoked("never").take(most);
  const others = await unrevoked({ after: now }).take(most - endless.length);
  if (endless.length + others.length >= most) {
    throw latchkeyError(
      "KEY_LIMIT_REACHED",
      `This owner already has ${most} live keys. Revoke one that is no longer needed.`,
    );
  }
}
