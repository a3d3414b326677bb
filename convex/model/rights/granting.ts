import type { Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { beyondGranted, beyondGrants, scopeOf } from "../../shared/permissions.ts";
import type { Grant, LatchkeyPermission } from "../../shared/permissions.ts";
import { callerScope } from "./callers.ts";
import type { ResolvedCaller } from "./callers.ts";
import { expand, grantsFrom } from "./effectiveRights.ts";

// Who defines a role, changes a group or promotes a member gives rights to others, and maybe to themselves through
// them. The rule for all of it is the one for keys: nobody gives what they do not hold.

/** Throws FORBIDDEN unless the caller holds this permission on the whole organization now. */
export function requireRight(caller: ResolvedCaller, permission: LatchkeyPermission): void {
  if (callerScope(caller, permission) === "any") return;
  throw latchkeyError("FORBIDDEN", `This takes the permission ${permission}. Ask an admin of the organization for it.`);
}

/** Whether a signed-in member may see something of the organization in a live query. */
export function maySee(
  membership: { grants: readonly Grant[] } | null,
  permission: LatchkeyPermission,
): membership is NonNullable<typeof membership> {
  return membership !== null && scopeOf(membership.grants, permission) === "any";
}

/** One thing that would be given: the field that names it, how to say it, and what it comes to. */
export type Giving = { path: string; name: string; grants: readonly Grant[] };

/**
 * Throws FORBIDDEN, with the fields, unless the caller holds all of it as far as it would be given. A calling key that
 * is bound to resources holds nothing on all of them, so it gives nothing.
 */
export function requireHeld(caller: ResolvedCaller, given: readonly Giving[]): void {
  if (caller.key?.record.allowList !== undefined && given.some(({ grants }) => grants.length > 0)) {
    throw latchkeyError("FORBIDDEN", "This key is bound to resources, and cannot give rights that are not.");
  }
  const beyond = given.filter(({ grants }) => !grants.every((grant) => holds(caller, grant)));
  if (beyond.length === 0) return;
  throw latchkeyError(
    "FORBIDDEN",
    `You cannot grant what you do not hold: ${beyond.map(({ name }) => name).join(", ")}.`,
    beyond.map(({ path, name }) => ({ path, message: `You do not hold ${name}.` })),
  );
}

function holds(caller: ResolvedCaller, { permission, scope }: Grant): boolean {
  if (caller.key !== null) {
    if (beyondGranted([permission], caller.key.permissions).length > 0) return false;
    if (caller.key.record.ownerKind === "service") return true;
  }
  return beyondGrants([permission], caller.grants, scope).length === 0;
}

/** What giving these permissions and composites comes to. */
export async function givePermissions(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  path: string,
  permissions: readonly string[],
): Promise<Giving[]> {
  return await Promise.all(
    permissions.map(async (name) => ({
      path,
      name,
      grants: (await expand(ctx, organizationId, [name])).map((permission) => ({ permission, scope: "any" as const })),
    })),
  );
}

/** What giving these roles comes to, now. */
export async function giveRoles(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  path: string,
  roles: readonly string[],
): Promise<Giving[]> {
  return await Promise.all(
    roles.map(async (role) => ({
      path,
      name: `the role ${role}`,
      grants: await grantsFrom(ctx, organizationId, { roles: [role], permissions: [], groups: [] }),
    })),
  );
}
