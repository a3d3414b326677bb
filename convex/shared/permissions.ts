/**
 * Who may do what. The browser shows this matrix and every function enforces it, so it is pure data and
 * plain functions. A permission is `resource:action` or `resource:*`. Latchkey's own resources are the
 * reserved ones; every other resource belongs to the API that the organization protects with its keys.
 */

/** Latchkey's own permissions and what each lets its holder do. */
export const PERMISSIONS = {
  "keys:read": "See keys, their status and last use",
  "keys:create": "Create keys",
  "keys:update": "Change a key's name, description and limits",
  "keys:disable": "Pause a key and take it back into use",
  "keys:expire": "Set a key's expiry to now",
  "keys:revoke": "End a key for good",
  "keys:rotate": "Give a key a new secret",
  "keys:delete": "Remove the record of a dead key",
  "keys:verify": "Ask whether a key of this organization is good",
  "members:read": "See who belongs to the organization",
  "members:manage": "Invite and remove members and change their roles",
  "audit:read": "Read the audit trail",
  "organization:read": "See the organization's settings",
  "organization:update": "Change the organization's settings",
} as const satisfies Record<string, string>;

export type LatchkeyPermission = keyof typeof PERMISSIONS;

/** Resources that an organization cannot use for its own API: the current ones, and those that are to come. */
export const RESERVED_RESOURCES: ReadonlySet<string> = new Set([
  "keys",
  "members",
  "audit",
  "organization",
  "policy",
  "roles",
  "groups",
  "permissions",
  "licenses",
  "usage",
]);

export const ROLES = ["owner", "admin", "developer", "member", "suspended"] as const;
export type Role = (typeof ROLES)[number];

/** `any`: on every key of the organization. `own`: only on the caller's own personal keys. */
export type Scope = "any" | "own";

/** Everything that can be done to a key, and the permission it takes. */
export const VERB_PERMISSION = {
  create: "keys:create",
  read: "keys:read",
  update: "keys:update",
  disable: "keys:disable",
  enable: "keys:disable",
  expire: "keys:expire",
  revoke: "keys:revoke",
  rotate: "keys:rotate",
  delete: "keys:delete",
} as const satisfies Record<string, LatchkeyPermission>;

export type KeyVerb = keyof typeof VERB_PERMISSION;

const EVERYTHING = {
  "keys:read": "any",
  "keys:create": "any",
  "keys:update": "any",
  "keys:disable": "any",
  "keys:expire": "any",
  "keys:revoke": "any",
  "keys:rotate": "any",
  "keys:delete": "any",
  "keys:verify": "any",
  "members:read": "any",
  "members:manage": "any",
  "audit:read": "any",
  "organization:read": "any",
  "organization:update": "any",
} as const satisfies Record<LatchkeyPermission, Scope>;

/** The matrix. What is absent is refused. `suspended` holds nothing, so the personal keys of a suspended member stop. */
export const ROLE_MATRIX: Record<Role, Partial<Record<LatchkeyPermission, Scope>>> = {
  owner: EVERYTHING,
  admin: EVERYTHING,
  developer: {
    "keys:read": "any",
    "keys:create": "own",
    "keys:update": "own",
    "keys:disable": "own",
    "keys:expire": "own",
    "keys:revoke": "own",
    "keys:rotate": "own",
    "keys:delete": "own",
    "keys:verify": "any",
    "members:read": "any",
    "organization:read": "any",
  },
  member: {
    "keys:read": "own",
    "keys:disable": "own",
    "keys:expire": "own",
    "keys:revoke": "own",
    "members:read": "any",
    "organization:read": "any",
  },
  suspended: {},
};

/** What each role holds of the organization's own API: everything, only `…:read`, or nothing. */
const API_PERMISSIONS: Record<Role, "all" | "read" | "none"> = {
  owner: "all",
  admin: "all",
  developer: "all",
  member: "read",
  suspended: "none",
};

/** `resource:action` or `resource:*`; lower-case letters, digits and hyphens, each part at most 32 characters. */
export const PERMISSION_PATTERN = /^[a-z][a-z0-9-]{0,31}:(?:[a-z][a-z0-9-]{0,31}|\*)$/;

/** Whether a key may carry this permission at all: well formed and, for Latchkey's own resources, in the catalogue. */
export function isPermission(text: string): boolean {
  if (!PERMISSION_PATTERN.test(text)) return false;
  const { resource, action } = split(text);
  if (!RESERVED_RESOURCES.has(resource)) return true;
  if (action === "*") return ownPermissionsOf(resource).length > 0;
  return isLatchkeyPermission(text);
}

export function isLatchkeyPermission(text: string): text is LatchkeyPermission {
  return Object.hasOwn(PERMISSIONS, text);
}

export function isRole(text: string): text is Role {
  return ROLES.some((role) => role === text);
}

/** The roles in a membership's text, which may name several: `"admin,developer"`. Unknown names give nothing. */
export function rolesOf(text: string): Role[] {
  return text
    .split(",")
    .map((name) => name.trim())
    .filter(isRole);
}

/** Whether a member of these roles may do nothing and see nothing: who holds another role beside it may still do what that allows. */
export function isSuspended(roles: readonly Role[]): boolean {
  return !roles.some((role) => role !== "suspended");
}

/** How far these roles hold one concrete permission; null when not at all. */
export function scopeOf(roles: readonly Role[], permission: string): Scope | null {
  const { resource, action } = split(permission);
  if (RESERVED_RESOURCES.has(resource)) {
    if (!isLatchkeyPermission(permission)) return null;
    const scopes = new Set(roles.map((role) => ROLE_MATRIX[role][permission]));
    if (scopes.has("any")) return "any";
    return scopes.has("own") ? "own" : null;
  }
  const held = new Set(roles.map((role) => API_PERMISSIONS[role]));
  if (held.has("all")) return "any";
  return held.has("read") && action === "read" ? "any" : null;
}

/**
 * May a member with this role text do this? `own` says whether the thing is the member's own personal key.
 * Example: `roleAllows("developer", "keys:revoke", false)` is false.
 */
export function roleAllows(roleText: string, permission: LatchkeyPermission, own: boolean): boolean {
  const scope = scopeOf(rolesOf(roleText), permission);
  return scope === "any" || (scope === "own" && own);
}

/**
 * May this user do this to this key? For showing or hiding a button; the server asks again.
 * Example: `mayActOnKey(me.role, "revoke", key, me.userId)`.
 */
export function mayActOnKey(
  roleText: string,
  verb: Exclude<KeyVerb, "create">,
  key: { ownerKind: "personal" | "service"; ownerUserId: string },
  userId: string,
): boolean {
  const own = key.ownerKind === "personal" && key.ownerUserId === userId;
  // Leaving or losing a role must not strand a credential with nobody who may end it.
  if (own && verb === "revoke") return true;
  return roleAllows(roleText, VERB_PERMISSION[verb], own);
}

/** Whether a list of granted permissions includes one: itself, or its resource's wildcard. */
export function covers(granted: readonly string[], permission: string): boolean {
  return granted.includes(permission) || granted.includes(`${split(permission).resource}:*`);
}

/**
 * A personal key's permissions cut down to what its owner's roles hold now. A wildcard that the roles hold
 * only in part becomes the parts that they hold.
 */
export function limitToRoles(granted: readonly string[], roles: readonly Role[]): string[] {
  const effective = granted.flatMap((permission) => {
    const { resource, action } = split(permission);
    if (action !== "*") return scopeOf(roles, permission) === null ? [] : [permission];
    if (RESERVED_RESOURCES.has(resource)) {
      const parts = ownPermissionsOf(resource);
      const held = parts.filter((part) => scopeOf(roles, part) !== null);
      return held.length === parts.length ? [permission] : held;
    }
    if (scopeOf(roles, `${resource}:anything`) === "any") return [permission];
    return scopeOf(roles, `${resource}:read`) === null ? [] : [`${resource}:read`];
  });
  return [...new Set(effective)];
}

/** Those of the wanted permissions that these roles do not hold in full. `need` "any" is for service keys, which act on everything. */
export function beyondRoles(wanted: readonly string[], roles: readonly Role[], need: Scope): string[] {
  return wanted.filter((permission) =>
    concreteParts(permission).some((part) => {
      const scope = scopeOf(roles, part);
      return scope === null || (need === "any" && scope === "own");
    }),
  );
}

/** Those of the wanted permissions that a list of granted ones does not include in full. */
export function beyondGranted(wanted: readonly string[], granted: readonly string[]): string[] {
  return wanted.filter(
    (permission) => !granted.includes(permission) && !concreteParts(permission).every((part) => covers(granted, part)),
  );
}

/** Every concrete permission of a wildcard. An API's own actions are unknown, so its wildcard stands for itself. */
function concreteParts(permission: string): string[] {
  const { resource, action } = split(permission);
  if (action !== "*") return [permission];
  return RESERVED_RESOURCES.has(resource) ? ownPermissionsOf(resource) : [permission];
}

function ownPermissionsOf(resource: string): LatchkeyPermission[] {
  return Object.keys(PERMISSIONS)
    .filter(isLatchkeyPermission)
    .filter((permission) => split(permission).resource === resource);
}

function split(permission: string): { resource: string; action: string } {
  const colon = permission.indexOf(":");
  return { resource: permission.slice(0, colon), action: permission.slice(colon + 1) };
}
