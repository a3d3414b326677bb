import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { isDead } from "../../shared/keyStatus.ts";
import { REASON_MAX_LENGTH, checkText } from "../../shared/limits.ts";
import { deleteAllowance } from "../verification/allowances.ts";
import { SYSTEM, recordChange, recordEntry } from "../audit/trail.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { leaveGroups } from "../rights/groupMembers.ts";
import { requireKey, requireWithinPower } from "./rights.ts";
import { freeSeats } from "../rights/licenseHolders.ts";
import { deleteCredential } from "./secrets.ts";

/**
 * Ends a key for good. The row outlives it: audit entries point at it. Revoking a revoked key changes
 * nothing and is no error, so a second click or a retry is harmless.
 */
export async function revokeKey(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  keyId: string,
  reasonText: string | undefined,
): Promise<Doc<"keys">> {
  const key = await requireKey(ctx, caller, keyId, "revoke");
  const reason = checkReason(reasonText);
  if (key.revokedAt !== undefined) return key;
  const revokedBy: string = caller.key?.record._id ?? caller.userId;
  return await change(ctx, caller, key, "key.revoke", {
    changed: { revokedAt: Date.now(), revokedBy, revokeReason: reason, ended: true },
    reason,
  });
}

/** Ends a key for good that nobody ended by hand. One that is revoked already stays as it is. */
export async function revokeBySystem(
  ctx: MutationCtx,
  keyId: Id<"keys">,
  reason: string,
  request: ResolvedCaller["request"],
): Promise<void> {
  const key = await ctx.db.get("keys", keyId);
  if (key === null || key.revokedAt !== undefined) return;
  const changed = { revokedAt: Date.now(), revokedBy: SYSTEM.actor.id, revokeReason: reason, ended: true };
  await ctx.db.patch("keys", keyId, changed);
  await recordEntry(ctx, key.organizationId, SYSTEM, request, {
    action: "key.revoke",
    targetKind: "key",
    targetId: keyId,
    before: { revokedAt: null, revokedBy: null },
    after: { revokedAt: changed.revokedAt, revokedBy: changed.revokedBy },
    reason,
  });
}

/** Sets the expiry to now; the record stays. CONFLICT on a key that is dead already. */
export async function expireKey(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  keyId: string,
  reasonText?: string,
): Promise<Doc<"keys">> {
  const key = await requireKey(ctx, caller, keyId, "expire");
  const reason = checkReason(reasonText);
  requireAlive(key);
  return await change(ctx, caller, key, "key.expire", { changed: { expiresAt: Date.now(), ended: true }, reason });
}

/** Pauses a key. Pausing a paused one changes nothing. CONFLICT on a dead key. */
export async function disableKey(ctx: MutationCtx, caller: ResolvedCaller, keyId: string): Promise<Doc<"keys">> {
  const key = await requireKey(ctx, caller, keyId, "disable");
  requireAlive(key);
  if (key.disabledAt !== undefined) return key;
  return await change(ctx, caller, key, "key.disable", { changed: { disabledAt: Date.now() } });
}

/**
 * Takes a paused key back into use, which takes holding what it grants. Ends nothing but the pause: where the owner is
 * not active, its status stays as it is. CONFLICT on a dead key.
 */
export async function enableKey(ctx: MutationCtx, caller: ResolvedCaller, keyId: string): Promise<Doc<"keys">> {
  const key = await requireKey(ctx, caller, keyId, "enable");
  requireAlive(key);
  if (key.disabledAt === undefined) return key;
  if (!isOwnPerson(caller, key)) await requireWithinPower(ctx, caller, key);
  return await change(ctx, caller, key, "key.enable", {
    changed: { disabledAt: undefined, disabledReason: undefined },
  });
}

/**
 * Removes the record of a dead key with its secrets, its usage, and its places in groups and at licenses; the audit
 * entries stay. CONFLICT on a live one.
 */
export async function deleteKey(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  keyId: string,
  reasonText?: string,
): Promise<void> {
  const key = await requireKey(ctx, caller, keyId, "delete");
  const reason = checkReason(reasonText);
  if (!isDead(key, Date.now())) {
    throw latchkeyError("CONFLICT", "Only a dead key can be deleted. Revoke or expire it first.");
  }
  await eraseKey(ctx, key);
  await recordChange(ctx, caller, {
    action: "key.delete",
    targetKind: "key",
    targetId: key._id,
    before: toAuditState(key),
    after: null,
    reason,
  });
}

/** Removes a key with its secrets, its usage, and its places in groups and at licenses. Whoever calls it writes the audit entry. */
export async function eraseKey(ctx: MutationCtx, key: Doc<"keys">): Promise<void> {
  for (const { credentialId } of key.secrets) await deleteCredential(ctx, credentialId);
  await leaveGroups(ctx, key.organizationId, key._id);
  await freeSeats(ctx, key.organizationId, key._id);
  await ctx.db.delete("keyUsage", key.usageId);
  await deleteAllowance(ctx, key._id);
  await ctx.db.delete("keys", key._id);
}

/** What the audit trail keeps of a key: nothing that verifies it. */
export function toAuditState(key: Doc<"keys">): Record<string, unknown> {
  return {
    name: key.name,
    description: key.description ?? "",
    tags: key.tags ?? [],
    metadata: key.metadata ?? null,
    format: key.format ?? "opaque",
    ownerKind: key.ownerKind,
    ownerUserId: key.ownerUserId,
    env: key.env,
    start: key.start,
    last4: key.last4,
    permissions: key.permissions,
    expiresAt: key.expiresAt,
    rateLimit: key.rateLimit,
    cidrs: key.cidrs ?? null,
    allowList: key.allowList ?? null,
    roles: key.roles ?? [],
    resourcePermissions: key.resourcePermissions ?? [],
    quota: key.quota ?? null,
    notBefore: key.notBefore ?? null,
    idleExpiryMs: key.idleExpiryMs ?? null,
    version: key.version,
  };
}

async function change(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  key: Doc<"keys">,
  action: string,
  { changed, reason }: { changed: Partial<Doc<"keys">>; reason?: string },
): Promise<Doc<"keys">> {
  await ctx.db.patch("keys", key._id, changed);
  const after = { ...key, ...changed };
  await recordChange(ctx, caller, {
    action,
    targetKind: "key",
    targetId: key._id,
    before: toLifecycle(key),
    after: toLifecycle(after),
    reason,
  });
  return after;
}

function toLifecycle(key: Doc<"keys">): Record<string, unknown> {
  return {
    expiresAt: key.expiresAt,
    disabledAt: key.disabledAt ?? null,
    revokedAt: key.revokedAt ?? null,
    revokedBy: key.revokedBy ?? null,
  };
}

/** Throws CONFLICT for a key that is dead. */
export function requireAlive(key: Doc<"keys">): void {
  if (isDead(key, Date.now())) {
    throw latchkeyError("CONFLICT", "This key is dead and stays as it is. Create a new one.");
  }
}

/** A member who paused their own key may unpause it even after losing the right to grant what it holds: it is cut to their rights anyway. */
function isOwnPerson(caller: ResolvedCaller, key: Doc<"keys">): boolean {
  return caller.key === null && key.ownerKind === "personal" && key.ownerUserId === caller.userId;
}

/** A reason as it is kept, undefined when there is none. Throws INVALID_INPUT. */
export function checkReason(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const checked = checkText(text, REASON_MAX_LENGTH);
  if (checked.ok) return checked.value || undefined;
  throw latchkeyError("INVALID_INPUT", checked.problem, [{ path: "reason", message: checked.problem }]);
}
