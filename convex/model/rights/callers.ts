import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { isUsable } from "../../shared/keyStatus.ts";
import { covers, narrowPermissions, scopeOf } from "../../shared/permissions.ts";
import type { Grant, Scope } from "../../shared/permissions.ts";
import { grantsOfMember, rightsOfKey } from "./effectiveRights.ts";
import type { ResourcePermissions } from "./effectiveRights.ts";
import { getMember } from "../organizations/members.ts";
import { readExpiry } from "../policy/policies.ts";

/** Where a request came from, for the audit trail. `id` is the gateway's trace id. */
export const vRequest = v.object({ id: v.string(), ip: v.optional(v.string()), agent: v.optional(v.string()) });

/**
 * Whoever a request acts for, as the gateway established it. It carries no rights: those are read from the
 * live membership and the live key at every call.
 */
export const vCaller = v.union(
  v.object({
    type: v.literal("user"),
    // As the session says it.
    userId: v.string(),
    organizationId: v.id("organization"),
    request: vRequest,
  }),
  v.object({
    type: v.literal("key"),
    keyId: v.id("keys"),
    organizationId: v.id("organization"),
    // The version of the secret that was shown, which may be replaced while the call is under way. Absent: the key, whatever its secret.
    secretVersion: v.optional(v.number()),
    // An exchange token's permissions and its end, to which the key is then cut. Absent: the key itself calls.
    narrowedTo: v.optional(v.array(v.string())),
    narrowedUntil: v.optional(v.number()),
    request: vRequest,
  }),
);

export type Caller = Infer<typeof vCaller>;

/** A caller with what it may do now. */
export type ResolvedCaller = {
  organizationId: Id<"organization">;
  request: Infer<typeof vRequest>;
  /** The person behind it: the user itself, or the member who owns or answers for the key. */
  userId: Id<"user">;
  /** The user's membership as text, or that of a personal key's owner. Empty for service keys and for people who left. */
  roleText: string;
  /** What that membership gives now. */
  grants: readonly Grant[];
  /** The calling key and what it may do now, everywhere and on single resources; null when a user calls. */
  key: { record: Doc<"keys">; permissions: string[]; resourcePermissions: ResourcePermissions } | null;
  name: string;
};

/**
 * Reads what the caller may do now. A user without membership resolves to no roles, because owners may still
 * revoke their personal keys. `now` is null in queries, which must not look at the clock: there the gateway
 * has just decided. Throws UNAUTHENTICATED for a key that is gone or dead.
 */
export async function resolveCaller(ctx: QueryCtx, caller: Caller, now: number | null): Promise<ResolvedCaller> {
  const { organizationId, request } = caller;
  if (caller.type === "user") {
    const userId = ctx.db.normalizeId("user", caller.userId);
    const user = userId === null ? null : await ctx.db.get("user", userId);
    if (user === null) throw latchkeyError("UNAUTHENTICATED", "This user is gone. Sign in again.");
    const member = await getMember(ctx, organizationId, user._id);
    const grants = await grantsOfMember(ctx, member);
    return {
      organizationId,
      request,
      userId: user._id,
      roleText: member?.role ?? "",
      grants,
      key: null,
      name: user.name,
    };
  }

  const record = await ctx.db.get("keys", caller.keyId);
  if (record === null || record.organizationId !== organizationId) throw deadCaller();
  if (record.revokedAt !== undefined || record.disabledAt !== undefined) throw deadCaller();
  // Its keys end with it, and make no new ones while they are being removed.
  if ((await ctx.db.get("organization", organizationId)) === null) throw deadCaller();
  const expiresAt = await readExpiry(ctx, record);
  if (now !== null && !isUsable({ expiresAt, notBefore: record.notBefore }, now)) throw deadCaller();
  const member = record.ownerKind === "service" ? null : await getMember(ctx, organizationId, record.ownerUserId);
  const rights = await rightsOfKey(ctx, record, member);
  if (!rights.ownerActive) throw deadCaller();
  const secretEnd = endOfSecret(record, caller.secretVersion, now);
  return {
    organizationId,
    request,
    userId: record.ownerUserId,
    roleText: member?.role ?? "",
    grants: rights.ownerGrants,
    // What lies above the key lies above a token of it too, so the token's part is a ceiling and nothing else.
    key: {
      record: { ...record, expiresAt: earliest([expiresAt, secretEnd, caller.narrowedUntil ?? null]) },
      permissions: narrowPermissions(rights.permissions, caller.narrowedTo),
      // What a key may do on single resources is not among a token's permissions.
      resourcePermissions: caller.narrowedTo === undefined ? rights.resourcePermissions : [],
    },
    name: record.name,
  };
}

/**
 * When the secret that was shown stops working, null while it is the newest. Throws UNAUTHENTICATED when that is over:
 * who lost a secret to a rotation has lost it for calls that had begun, too.
 */
function endOfSecret({ secrets }: Doc<"keys">, version: number | undefined, now: number | null): number | null {
  if (version === undefined) return null;
  const secret = secrets.find((candidate) => candidate.version === version);
  if (secret === undefined || (now !== null && secret.validUntil !== null && now >= secret.validUntil)) {
    throw deadCaller();
  }
  return secret.validUntil;
}

/** The end of a token, or of a replaced secret, is its key's while it calls: it makes nothing that outlives it. */
function earliest(ends: readonly (number | null)[]): number | null {
  const known = ends.filter((end) => end !== null);
  return known.length === 0 ? null : Math.min(...known);
}

/** How far the caller holds a permission now: on everything, on its own keys, or not at all. */
export function callerScope(caller: ResolvedCaller, permission: string): Scope | null {
  if (caller.key === null) return scopeOf(caller.grants, permission);
  if (!covers(caller.key.permissions, permission)) return null;
  return caller.key.record.ownerKind === "service" ? "any" : scopeOf(caller.grants, permission);
}

function deadCaller(): Error {
  return latchkeyError("UNAUTHENTICATED", "The key of this request is no longer good. Use another one.");
}
