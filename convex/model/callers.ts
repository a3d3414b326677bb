import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { latchkeyError } from "../shared/errors.ts";
import { isDead } from "../shared/keyStatus.ts";
import { covers, limitToRoles, rolesOf, scopeOf } from "../shared/permissions.ts";
import type { Role, Scope } from "../shared/permissions.ts";

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
  /** The user's roles, or those of a personal key's owner. Empty for service keys and for people who left. */
  roles: Role[];
  /** The calling key and what it may do now; null when a user calls. */
  key: { record: Doc<"keys">; permissions: string[] } | null;
  name: string;
};

/** The membership of one user in one organization, or null. One indexed read. */
export async function getMember(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  userId: Id<"user">,
): Promise<Doc<"member"> | null> {
  return await ctx.db
    .query("member")
    .withIndex("by_organizationId_userId", (q) => q.eq("organizationId", organizationId).eq("userId", userId))
    .unique();
}

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
    const roles = member === null ? [] : rolesOf(member.role);
    return { organizationId, request, userId: user._id, roles, key: null, name: user.name };
  }

  const record = await ctx.db.get("keys", caller.keyId);
  if (record === null || record.organizationId !== organizationId) throw deadCaller();
  if (record.revokedAt !== undefined || record.disabledAt !== undefined) throw deadCaller();
  if (now !== null && isDead(record, now)) throw deadCaller();
  const member = await getMember(ctx, organizationId, record.ownerUserId);
  const roles = member === null || record.ownerKind === "service" ? [] : rolesOf(member.role);
  const permissions = record.ownerKind === "service" ? record.permissions : limitToRoles(record.permissions, roles);
  return {
    organizationId,
    request,
    userId: record.ownerUserId,
    roles,
    key: { record, permissions },
    name: record.name,
  };
}

/** How far the caller holds a permission now: on everything, on its own keys, or not at all. */
export function callerScope(caller: ResolvedCaller, permission: string): Scope | null {
  if (caller.key === null) return scopeOf(caller.roles, permission);
  if (!covers(caller.key.permissions, permission)) return null;
  return caller.key.record.ownerKind === "service" ? "any" : scopeOf(caller.roles, permission);
}

function deadCaller(): Error {
  return latchkeyError("UNAUTHENTICATED", "The key of this request is no longer good. Use another one.");
}
