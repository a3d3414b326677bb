import { isLicenseValid } from "../model/verification/judgement.ts";
import type { QuotaState, Rate } from "../shared/allowance.ts";
import { latchkeyError } from "../shared/errors.ts";
import { PERMISSIONS, covers, isLatchkeyPermission, scopeOf } from "../shared/permissions.ts";
import type { Grant } from "../shared/permissions.ts";
import type { Identified } from "./context.ts";

/** What `whoami` answers: the caller as this request found it. Times are epoch milliseconds. */
export type WhoIs =
  | {
      type: "key";
      keyId: string;
      name: string;
      env: "live" | "test";
      organizationId: string;
      ownerKind: "personal" | "service";
      ownerUserId: string;
      permissions: string[];
      licenses: string[];
      expiresAt: number | null;
      rateLimit: Rate | null;
      quota: QuotaState | null;
    }
  | { type: "user"; userId: string; organizationId: string; role: string; permissions: string[] };

/** Who calls, and what the caller may do at `now`, epoch milliseconds. */
export function whoIs(identified: Identified, now: number): WhoIs {
  const { organizationId } = identified.caller;
  if (identified.type === "user") {
    const { userId, role, grants } = identified;
    return { type: "user", userId, organizationId, role, permissions: permissionsOf(grants) };
  }
  const { keyId, name, env, ownerKind, ownerUserId, permissions, licenses, expiresAt } = identified.key;
  return {
    type: "key",
    keyId,
    name,
    env,
    organizationId,
    ownerKind,
    ownerUserId,
    permissions,
    licenses: licenses.filter((license) => isLicenseValid(license, now)).map((license) => license.name),
    expiresAt,
    rateLimit: identified.left.rateLimit,
    quota: identified.left.quota,
  };
}

/** Whether the caller holds this permission on the whole organization now. */
export function holdsPermission(identified: Identified, permission: string): boolean {
  return identified.type === "key"
    ? covers(identified.key.permissions, permission)
    : scopeOf(identified.grants, permission) === "any";
}

/** Throws FORBIDDEN unless the caller holds this permission on the whole organization now. */
export function requirePermission(identified: Identified, permission: string): void {
  if (holdsPermission(identified, permission)) return;
  throw latchkeyError("FORBIDDEN", `This takes the permission ${permission}. Ask an admin of the organization for it.`);
}

/** Latchkey's own that the grants hold at least on their holder's keys, and all of the organization's API. */
function permissionsOf(grants: readonly Grant[]): string[] {
  const own = Object.keys(PERMISSIONS)
    .filter(isLatchkeyPermission)
    .filter((permission) => scopeOf(grants, permission) !== null);
  const api = grants
    .map(({ permission }) => permission)
    .filter((permission) => !own.some((held) => held === permission));
  return [...new Set([...own, ...api])];
}
