import {
  beyondGrants,
  grantsAllow,
  isLatchkeyPermission,
  PERMISSIONS,
  type LatchkeyPermission,
} from "#convex/shared/permissions.ts";
import { grantsOf, rolesOf } from "#convex/shared/roles.ts";

/** Who a key belongs to: the person who makes it, or a service. */
export type OwnerKind = "personal" | "service";

/** The least of Latchkey's own rights: it reads nothing, it only asks whether a shown key is good. */
export const LEAST: LatchkeyPermission = "keys:verify";

/** Service keys act on everything, so only who may create keys for anybody may make one. */
export function ownerKindsFor(role: string): OwnerKind[] {
  return grantsAllow(grantsOf(rolesOf(role)), "keys:create", false) ? ["personal", "service"] : ["personal"];
}

/** Latchkey's permissions that the role may hand on to such a key; the least stands first, since most keys need only it. */
export function offeredPermissions(role: string, ownerKind: OwnerKind): LatchkeyPermission[] {
  const need = ownerKind === "service" ? "any" : "own";
  const all = Object.keys(PERMISSIONS).filter(isLatchkeyPermission);
  const beyond = new Set(beyondGrants(all, grantsOf(rolesOf(role)), need));
  return all.filter((permission) => !beyond.has(permission)).toSorted((left, right) => rank(left) - rank(right));
}

function rank(permission: LatchkeyPermission): number {
  return permission === LEAST ? 0 : 1;
}
