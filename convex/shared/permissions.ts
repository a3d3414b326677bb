/**
 * What may be granted, and whether a grant covers a wish. The browser shows this and every function enforces it, so
 * it is pure data and plain functions. A permission is `resource:action` or `resource:*`. Latchkey's own resources
 * are the reserved ones; every other resource belongs to the API that the organization protects with its keys, and
 * `*:*` and `*:action`, which only roles hold, mean those others alone.
 */

/** Latchkey's own permissions and what each lets its holder do. */
export const PERMISSIONS = {
  "keys:read": "See keys, their status and last use",
  "keys:create": "Create keys",
  "keys:update": "Change a key's name, description, rights and limits",
  "keys:disable": "Pause a key and take it back into use",
  "keys:expire": "Set a key's expiry to now",
  "keys:revoke": "End a key for good",
  "keys:rotate": "Give a key a new secret",
  "keys:delete": "Remove the record of a dead key",
  "keys:verify": "Ask whether a key of this organization is good",
  "members:read": "See who belongs to the organization",
  "members:manage": "Invite and remove members and change their roles",
  "roles:read": "See the organization's own roles",
  "roles:manage": "Define roles",
  "groups:read": "See groups and who is in them",
  "groups:manage": "Define groups and choose who is in them",
  "permissions:read": "See the organization's own permissions",
  "permissions:manage": "Define permissions",
  "licenses:read": "See licenses and who holds them",
  "licenses:manage": "Define licenses and assign them",
  "policy:read": "See the policy for keys",
  "policy:update": "Change the policy for keys",
  "usage:read": "See how keys are used",
  "audit:read": "Read the audit trail",
  "organization:read": "See the organization's settings",
  "organization:update": "Change the organization's settings",
} as const satisfies Record<string, string>;

export type LatchkeyPermission = keyof typeof PERMISSIONS;

/** Resources that an organization cannot use for its own API. */
export const RESERVED_RESOURCES: ReadonlySet<string> = new Set([
  ...Object.keys(PERMISSIONS).map((permission) => split(permission).resource),
  // Belongs to no permission yet; whoever holds a token or a key needs none to exchange it.
  "token",
]);

/** `any`: on every key of the organization. `own`: only on the holder's own personal keys. */
export type Scope = "any" | "own";

/** One thing that a role or group gives to whoever has it. */
export type Grant = { permission: string; scope: Scope };

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

/** `resource:action` or `resource:*`; lower-case letters, digits and hyphens, each part at most 32 characters. */
export const PERMISSION_PATTERN = /^[a-z][a-z0-9-]{0,31}:(?:[a-z][a-z0-9-]{0,31}|\*)$/;

/** The name of a composite, a set of permissions under one name: like a part of a permission, without a colon. */
export const COMPOSITE_PATTERN = /^[a-z][a-z0-9-]{0,31}$/;

/** Whether a key may carry this permission at all: well formed and, for Latchkey's own resources, in the catalogue. */
export function isPermission(text: string): boolean {
  if (!PERMISSION_PATTERN.test(text)) return false;
  const { resource, action } = split(text);
  if (!RESERVED_RESOURCES.has(resource)) return true;
  if (action === "*") return ownPermissionsOf(resource).length > 0;
  return isLatchkeyPermission(text);
}

/** Whether a role may grant this: what a key may carry, or `*:*` or `*:action` for the organization's own API. */
export function isGrantable(text: string): boolean {
  return isPermission(text) || text === "*:*" || (text.startsWith("*:") && COMPOSITE_PATTERN.test(text.slice(2)));
}

/** Whether a permission can be held on one's own personal keys only: those about single keys. Verifying asks about any. */
export function isOwnable(permission: string): boolean {
  return concreteParts(permission).every((part) => {
    const { resource } = split(part);
    return part !== "keys:verify" && (resource === "keys" || resource === "usage");
  });
}

export function isLatchkeyPermission(text: string): text is LatchkeyPermission {
  return Object.hasOwn(PERMISSIONS, text);
}

/** Whether a list of granted permissions includes one concrete permission or wildcard. */
export function covers(granted: readonly string[], permission: string): boolean {
  return granted.includes(permission) || granted.some((grant) => includes(grant, permission));
}

/** How far these grants hold one permission; null when not at all. A wildcard of Latchkey's own is held as far as its narrowest part. */
export function scopeOf(grants: readonly Grant[], permission: string): Scope | null {
  const scopes = concreteParts(permission).map((part) => scopeOfPart(grants, part));
  if (scopes.length === 0 || scopes.includes(null)) return null;
  return scopes.includes("own") ? "own" : "any";
}

function scopeOfPart(grants: readonly Grant[], permission: string): Scope | null {
  let widest: Scope | null = null;
  for (const grant of grants) {
    if (!includes(grant.permission, permission)) continue;
    if (grant.scope === "any") return "any";
    widest = "own";
  }
  return widest;
}

/**
 * A personal key's permissions cut down to what its owner holds now. A wildcard that the owner holds only in part
 * becomes the parts that are held.
 */
export function limitToGrants(wanted: readonly string[], grants: readonly Grant[]): string[] {
  const effective = wanted.flatMap((permission) => {
    if (scopeOf(grants, permission) !== null) return [permission];
    const { resource, action } = split(permission);
    if (action !== "*") return [];
    const parts = RESERVED_RESOURCES.has(resource) ? ownPermissionsOf(resource) : apiPartsOf(resource, grants);
    return parts.filter((part) => scopeOf(grants, part) !== null);
  });
  return [...new Set(effective)];
}

/** Those of an exchange token's permissions that its key still holds. Without a token, all that the key holds. */
export function narrowPermissions(permissions: readonly string[], narrowedTo: readonly string[] | undefined): string[] {
  if (narrowedTo === undefined) return [...permissions];
  return limitToGrants(
    narrowedTo,
    permissions.map((permission) => ({ permission, scope: "any" as const })),
  );
}

/** What grants name of one resource of the organization's API, short of its wildcard. */
function apiPartsOf(resource: string, grants: readonly Grant[]): string[] {
  return grants.flatMap(({ permission }) => {
    const grant = split(permission);
    return grant.resource === resource || grant.resource === "*" ? [`${resource}:${grant.action}`] : [];
  });
}

/** Those of the wanted permissions that these grants do not hold in full. `need` "any" is for service keys, which act on everything. */
export function beyondGrants(wanted: readonly string[], grants: readonly Grant[], need: Scope): string[] {
  return wanted.filter((permission) => {
    const scope = scopeOf(grants, permission);
    return scope === null || (need === "any" && scope === "own");
  });
}

/** Those of the wanted permissions that a list of granted ones does not include in full. */
export function beyondGranted(wanted: readonly string[], granted: readonly string[]): string[] {
  return wanted.filter((permission) => !concreteParts(permission).every((part) => covers(granted, part)));
}

/**
 * May this holder do this to this key? For showing or hiding a button; the server asks again.
 * Example: `mayActOnKey(me.grants, "revoke", key, me.userId)`.
 */
export function mayActOnKey(
  grants: readonly Grant[],
  verb: Exclude<KeyVerb, "create">,
  key: { ownerKind: "personal" | "service"; ownerUserId: string },
  userId: string,
): boolean {
  const own = key.ownerKind === "personal" && key.ownerUserId === userId;
  // Leaving or losing a role must not strand a credential with nobody who may end it.
  if (own && verb === "revoke") return true;
  return grantsAllow(grants, VERB_PERMISSION[verb], own);
}

/** May a holder of these grants do this? `own` says whether the thing is the holder's own personal key. */
export function grantsAllow(grants: readonly Grant[], permission: LatchkeyPermission, own: boolean): boolean {
  const scope = scopeOf(grants, permission);
  return scope === "any" || (scope === "own" && own);
}

/** Whether a grant includes a permission in full. Latchkey's own are never part of a grant that names no resource. */
function includes(grant: string, permission: string): boolean {
  if (grant === permission) return true;
  const wanted = split(permission);
  if (grant === `${wanted.resource}:*`) return true;
  if (RESERVED_RESOURCES.has(wanted.resource)) return false;
  return grant === "*:*" || grant === `*:${wanted.action}`;
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
