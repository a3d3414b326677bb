import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { checkAllowList } from "../shared/allowList.ts";
import { checkCidrs } from "../shared/cidr.ts";
import { latchkeyError } from "../shared/errors.ts";
import type { FieldError } from "../shared/errors.ts";
import { PREFIX_PATTERN } from "../shared/keyFormat.ts";
import {
  DESCRIPTION_MAX_LENGTH,
  LIVE_KEYS_PER_OWNER,
  PERMISSIONS_MAX,
  checkExpiry,
  checkName,
  checkRateLimit,
  checkTags,
  checkText,
} from "../shared/limits.ts";
import type { Checked } from "../shared/limits.ts";
import { isPermission } from "../shared/permissions.ts";
import { toOwnerRef } from "./keyLists.ts";
import { recordChange } from "./audit.ts";
import { getMember } from "./callers.ts";
import type { ResolvedCaller } from "./callers.ts";
import { requireCreate, requireWithinPower } from "./keyRights.ts";
import { toAuditState } from "./keyChanges.ts";
import { insertCredential } from "./secrets.ts";
import type { MintedSecret } from "./secrets.ts";

/** What someone asks for when creating a key. Only the name is needed. */
export const vNewKey = v.object({
  name: v.string(),
  description: v.optional(v.string()),
  tags: v.optional(v.array(v.string())),
  env: v.optional(v.union(v.literal("live"), v.literal("test"))),
  prefix: v.optional(v.string()),
  permissions: v.optional(v.array(v.string())),
  // Epoch milliseconds; absent for the default lifetime, null for never where that is allowed.
  expiresAt: v.optional(v.union(v.number(), v.null())),
  rateLimit: v.optional(v.union(v.object({ limit: v.number(), windowMs: v.number() }), v.null())),
  // Ranges of addresses from which it may be used; null for anywhere. Absent: as the calling key, or anywhere.
  cidrs: v.optional(v.union(v.array(v.string()), v.null())),
  // Resources that it may touch; null for all, empty for none. Absent: as the calling key, or all.
  allowList: v.optional(v.union(v.array(v.string()), v.null())),
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
  const wanted = checkNewKey(input, now);
  const owner = await resolveOwner(ctx, caller, input);
  await requireCreate(ctx, caller, owner);
  const power = {
    ownerKind: owner.kind,
    ownerUserId: owner.userId,
    permissions: wanted.permissions,
    expiresAt: defaultToCaller(caller, input, wanted.expiresAt),
    env: secret.env,
    rateLimit: wanted.rateLimit ?? caller.key?.record.rateLimit ?? null,
    cidrs: wanted.cidrs === undefined ? caller.key?.record.cidrs : (wanted.cidrs ?? undefined),
    allowList: wanted.allowList === undefined ? caller.key?.record.allowList : (wanted.allowList ?? undefined),
  };
  requireWithinPower(caller, power);
  const ownerRef = toOwnerRef(owner);
  await requireFreeName(ctx, caller.organizationId, ownerRef, wanted.nameKey, now);
  if (owner.kind === "personal") await requireRoom(ctx, caller.organizationId, ownerRef, now);

  const credentialId = await insertCredential(ctx, secret);
  const usageId = await ctx.db.insert("keyUsage", { organizationId: caller.organizationId, lastUsedAt: null });
  const keyId = await ctx.db.insert("keys", {
    ...power,
    organizationId: caller.organizationId,
    ownerRef,
    name: wanted.name,
    nameKey: wanted.nameKey,
    description: wanted.description,
    tags: wanted.tags,
    prefix: secret.prefix,
    keyIdText: secret.keyIdText,
    start: secret.start,
    last4: secret.last4,
    createdByUserId: caller.userId,
    createdByKeyId: caller.key?.record._id,
    createdAt: now,
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

type CheckedNewKey = {
  name: string;
  nameKey: string;
  description: string | undefined;
  tags: string[] | undefined;
  permissions: string[];
  expiresAt: number;
  rateLimit: { limit: number; windowMs: number } | null | undefined;
  cidrs: string[] | null | undefined;
  allowList: string[] | null | undefined;
};

/** Collects every wrong field before it refuses, so that a form can mark them all at once. */
function checkNewKey(input: NewKey, now: number): CheckedNewKey {
  const fields: FieldError[] = [];
  function take<Value>(path: string, checked: Checked<Value>, otherwise: Value): Value {
    if (checked.ok) return checked.value;
    fields.push({ path, message: checked.problem });
    return otherwise;
  }
  const { name, nameKey } = take("name", checkName(input.name), { name: "", nameKey: "" });
  const description =
    input.description === undefined
      ? undefined
      : take("description", checkText(input.description, DESCRIPTION_MAX_LENGTH), "");
  const tags = input.tags === undefined ? undefined : take("tags", checkTags(input.tags), []);
  const expiresAt = take("expiresAt", checkExpiry(input.expiresAt, now), now);
  const rateLimit = input.rateLimit ? take("rateLimit", checkRateLimit(input.rateLimit), null) : input.rateLimit;
  const cidrs = input.cidrs ? take("cidrs", checkCidrs(input.cidrs), []) : input.cidrs;
  const allowList = input.allowList ? take("allowList", checkAllowList(input.allowList), []) : input.allowList;
  if (input.prefix !== undefined && !PREFIX_PATTERN.test(input.prefix)) {
    fields.push({ path: "prefix", message: "Use 2 to 16 lower-case letters and digits." });
  }
  const permissions = [...new Set(input.permissions)];
  if (permissions.length > PERMISSIONS_MAX) {
    fields.push({ path: "permissions", message: `Grant at most ${PERMISSIONS_MAX} permissions.` });
  }
  for (const [index, permission] of permissions.entries()) {
    if (!isPermission(permission)) {
      fields.push({ path: `permissions.${index}`, message: "Write it as resource:action, for example orders:read." });
    }
  }
  if (fields.length > 0) throw latchkeyError("INVALID_INPUT", "The key cannot be created like this.", fields);
  return {
    name,
    nameKey,
    description: description || undefined,
    tags,
    permissions,
    expiresAt,
    rateLimit,
    cidrs,
    allowList,
  };
}

/** A calling key makes keys for its own owner unless told otherwise; a person, personal keys for itself. */
async function resolveOwner(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  input: NewKey,
): Promise<{ kind: "personal" | "service"; userId: Id<"user">; isMember: boolean }> {
  const kind = input.ownerKind ?? caller.key?.record.ownerKind ?? "personal";
  const userId = input.ownerUserId === undefined ? caller.userId : ctx.db.normalizeId("user", input.ownerUserId);
  const member = userId === null ? null : await getMember(ctx, caller.organizationId, userId);
  // A service key's accountable member may have left; its own keys may still make their like.
  const inherited = caller.key?.record.ownerKind === "service" && userId === caller.userId;
  return { kind, userId: userId ?? caller.userId, isMember: member !== null || inherited };
}

/** Without a wish, a calling key's creations end with it rather than being refused for outliving it. */
function defaultToCaller(caller: ResolvedCaller, input: NewKey, expiresAt: number): number {
  const ceiling = caller.key?.record.expiresAt ?? null;
  return input.expiresAt === undefined && ceiling !== null ? Math.min(expiresAt, ceiling) : expiresAt;
}

async function requireFreeName(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  ownerRef: string,
  nameKey: string,
  now: number,
): Promise<void> {
  const unrevoked = (expiry: { after: number } | "never") =>
    ctx.db.query("keys").withIndex("by_owner_name", (q) => {
      const named = q
        .eq("organizationId", organizationId)
        .eq("ownerRef", ownerRef)
        .eq("nameKey", nameKey)
        .eq("revokedAt", undefined);
      return expiry === "never" ? named.eq("expiresAt", null) : named.gt("expiresAt", expiry.after);
    });
  const taken = (await unrevoked({ after: now }).first()) ?? (await unrevoked("never").first());
  if (taken !== null) {
    throw latchkeyError("NAME_TAKEN", "This owner already has a live key of that name. Choose another name.", [
      { path: "name", message: "Choose a name that none of the owner's live keys has." },
    ]);
  }
}

/** The limit is for people. An organization may have as many service keys as it has services. */
async function requireRoom(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  ownerRef: string,
  now: number,
): Promise<void> {
  const unrevoked = (expiry: { after: number } | "never") =>
    ctx.db.query("keys").withIndex("by_owner_live", (q) => {
      const owned = q.eq("organizationId", organizationId).eq("ownerRef", ownerRef).eq("revokedAt", undefined);
      return expiry === "never" ? owned.eq("expiresAt", null) : owned.gt("expiresAt", expiry.after);
    });
  const endless = await unrevoked("never").take(LIVE_KEYS_PER_OWNER);
  const others = await unrevoked({ after: now }).take(LIVE_KEYS_PER_OWNER - endless.length);
  if (endless.length + others.length >= LIVE_KEYS_PER_OWNER) {
    throw latchkeyError(
      "KEY_LIMIT_REACHED",
      `This owner already has ${LIVE_KEYS_PER_OWNER} live keys. Revoke one that is no longer needed.`,
    );
  }
}
