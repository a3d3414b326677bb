import { PERMISSIONS, isLatchkeyPermission } from "./permissions.ts";
import type { Grant, LatchkeyPermission, Scope } from "./permissions.ts";

/** The roles that every organization has. Its own ones are in the table `roles`. */
export const ROLES = ["owner", "admin", "developer", "member", "suspended"] as const;
export type Role = (typeof ROLES)[number];

/** What each is for, in a sentence. */
export const ROLE_DESCRIPTIONS: Record<Role, string> = {
  owner: "Everything; alone decides who is an owner.",
  admin: "Everything, except deciding who is an owner.",
  developer: "Sees all keys, makes and manages their own, and verifies any.",
  member: "Sees, pauses and ends their own keys.",
  suspended: "Nothing, until somebody ends the suspension.",
};

const EVERYTHING: Partial<Record<LatchkeyPermission, Scope>> = Object.fromEntries(
  Object.keys(PERMISSIONS).map((permission) => [permission, "any"]),
);

const LOOKING = {
  "members:read": "any",
  "organization:read": "any",
  "policy:read": "any",
  "roles:read": "any",
  "groups:read": "any",
  "permissions:read": "any",
  "licenses:read": "any",
} as const satisfies Partial<Record<LatchkeyPermission, Scope>>;

/** The matrix. What is absent is refused. `suspended` holds nothing, so the personal keys of a suspended member stop. */
export const ROLE_MATRIX: Record<Role, Partial<Record<LatchkeyPermission, Scope>>> = {
  owner: EVERYTHING,
  admin: EVERYTHING,
  developer: {
    ...LOOKING,
    "keys:read": "any",
    "keys:create": "own",
    "keys:update": "own",
    "keys:disable": "own",
    "keys:expire": "own",
    "keys:revoke": "own",
    "keys:rotate": "own",
    "keys:delete": "own",
    "keys:verify": "any",
    "usage:read": "any",
  },
  member: {
    ...LOOKING,
    "keys:read": "own",
    "keys:disable": "own",
    "keys:expire": "own",
    "keys:revoke": "own",
    "usage:read": "own",
  },
  suspended: {},
};

/** What each role holds of the organization's own API: everything, only what is called `read`, or nothing. */
const API_GRANT: Record<Role, "*:*" | "*:read" | null> = {
  owner: "*:*",
  admin: "*:*",
  developer: "*:*",
  member: "*:read",
  suspended: null,
};

const ROLE_GRANTS: Record<Role, readonly Grant[]> = {
  owner: toGrants("owner"),
  admin: toGrants("admin"),
  developer: toGrants("developer"),
  member: toGrants("member"),
  suspended: [],
};

export function isRole(text: string): text is Role {
  return ROLES.some((role) => role === text);
}

/** Every role that a membership's text names, the organization's own among them: `"admin,auditor"`. */
export function roleNamesOf(text: string): string[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}

/** Those of a membership's roles that every organization has. */
export function rolesOf(text: string): Role[] {
  return roleNamesOf(text).filter(isRole);
}

/** Whether a member of these roles may do nothing and see nothing: who holds another role beside it may still do what that allows. */
export function isSuspended(roleText: string): boolean {
  return !roleNamesOf(roleText).some((name) => name !== "suspended");
}

/** What these roles grant. */
export function grantsOf(roles: readonly Role[]): readonly Grant[] {
  const [only, ...others] = roles;
  if (only === undefined) return [];
  return others.length === 0 ? ROLE_GRANTS[only] : roles.flatMap((role) => ROLE_GRANTS[role]);
}

function toGrants(role: Role): Grant[] {
  const own = Object.entries(ROLE_MATRIX[role]).flatMap(([permission, scope]) =>
    isLatchkeyPermission(permission) ? [{ permission, scope }] : [],
  );
  const api = API_GRANT[role];
  return api === null ? own : [...own, { permission: api, scope: "any" }];
}
