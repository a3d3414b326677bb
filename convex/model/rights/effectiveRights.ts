import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { COMPOSITE_PATTERN, RESERVED_RESOURCES, limitToGrants } from "../../shared/permissions.ts";
import type { Grant } from "../../shared/permissions.ts";
import { grantsOf, isRole, isSuspended, roleNamesOf } from "../../shared/roles.ts";
import { getMember } from "../organizations/members.ts";
import { SharedRead } from "../sharedReads.ts";

// Rights are never stored as the sum that they come to: they are computed from the rows that give them whenever they
// are needed, so that a changed role, group or composite holds from the very next use.

/** How many groups one member or key may be in, and how many licenses one key or group may hold. */
export const GROUPS_MAX = 32;
export const LICENSES_MAX = 32;
/** How many deleted permissions an organization may have that nobody defined again. */
export const RETIRED_MAX = 500;

/** A license that a key holds, by itself or through a group. Whether it is valid is a matter of the clock. */
export type HeldLicense = { name: string; validFrom: number | null; validUntil: number | null };

/** Permissions on single resources, `type:id`. */
export type ResourcePermissions = { resource: string; permissions: string[] }[];

/** What a key may do now. */
export type KeyRights = {
  permissions: string[];
  resourcePermissions: ResourcePermissions;
  licenses: HeldLicense[];
  /** False when a personal key's owner has left, was suspended, or holds no role: the key is then as good as disabled. */
  ownerActive: boolean;
  /** What a personal key's owner holds; empty for service keys. */
  ownerGrants: readonly Grant[];
};

/** What a membership gives now: its roles, and those and the permissions of its groups. Nothing to who is suspended. */
export async function grantsOfMember(ctx: QueryCtx, member: Doc<"member"> | null): Promise<readonly Grant[]> {
  if (member === null || isSuspended(member.role)) return [];
  const groups = await groupsOf(ctx, member.organizationId, member.userId);
  const names = roleNamesOf(member.role);
  if (groups.length === 0 && names.every(isRole)) return grantsOf(names);
  return await grantsFrom(ctx, member.organizationId, { roles: names, permissions: [], groups });
}

const activeOwners = new SharedRead<[Id<"organization">, Id<"user">], boolean>(async (ctx, organizationId, userId) =>
  carriesKeys(await grantsOfMember(ctx, await getMember(ctx, organizationId, userId))),
);

/** `ownerActive` of `rightsOfKey` alone, for who shows many keys. A call that shares its reads looks at each owner once. */
export async function isOwnerActive(
  ctx: QueryCtx,
  { ownerKind, organizationId, ownerUserId }: Pick<Doc<"keys">, "ownerKind" | "organizationId" | "ownerUserId">,
): Promise<boolean> {
  return ownerKind === "service" || (await activeOwners.of(ctx, organizationId, ownerUserId));
}

/** Whether personal keys of who holds this may be used. Who has left or is suspended holds nothing. */
function carriesKeys(ownerGrants: readonly Grant[]): boolean {
  return ownerGrants.length > 0;
}

/** What a key may do now, its owner's membership being `member`; null when there is none. */
export async function rightsOfKey(ctx: QueryCtx, key: Doc<"keys">, member: Doc<"member"> | null): Promise<KeyRights> {
  const { organizationId } = key;
  const groups = await groupsOfKey(ctx, key, member);
  const licenses = await licensesOf(ctx, organizationId, [key._id, ...groups.map(({ _id }) => _id)]);
  // A list that lost its entries allows nothing at all, so neither does a call that touches no resource.
  const allowed = key.allowList?.length !== 0;
  const own = allowed ? await expand(ctx, organizationId, key.permissions) : [];
  if (key.ownerKind === "personal") {
    const ownerGrants = await grantsOfMember(ctx, member);
    return {
      permissions: limitToGrants(own, ownerGrants),
      resourcePermissions: [],
      licenses,
      ownerActive: carriesKeys(ownerGrants),
      ownerGrants,
    };
  }
  const grants = await grantsFrom(ctx, organizationId, { roles: key.roles ?? [], permissions: [], groups });
  // What a role grants on its holder's own personal keys gives nothing to a service key, which has none.
  const given = grants.filter(({ scope }) => allowed && scope === "any").map(({ permission }) => permission);
  const permissions = [...new Set([...own, ...given])];
  const resourcePermissions = await Promise.all(
    (key.resourcePermissions ?? []).map(async (entry) => ({
      resource: entry.resource,
      permissions: await expand(ctx, organizationId, entry.permissions),
    })),
  );
  return { permissions, resourcePermissions, licenses, ownerActive: true, ownerGrants: [] };
}

/** What roles by name and permissions come to, each role's own scope kept. Names that are nothing give nothing. */
export async function grantsFrom(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  { roles, permissions, groups }: { roles: readonly string[]; permissions: readonly string[]; groups: Doc<"groups">[] },
): Promise<Grant[]> {
  const names = [...new Set([...roles, ...groups.flatMap((group) => group.roles)])].filter(
    (name) => name !== "suspended",
  );
  const byRole = await Promise.all(names.map(async (name) => await grantsOfRole(ctx, organizationId, name)));
  const direct = await expand(ctx, organizationId, [...permissions, ...groups.flatMap((group) => group.permissions)]);
  return [...byRole.flat(), ...direct.map((permission) => ({ permission, scope: "any" as const }))];
}

async function grantsOfRole(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  name: string,
): Promise<readonly Grant[]> {
  if (isRole(name)) return grantsOf([name]);
  const role = await ctx.db
    .query("roles")
    .withIndex("by_name", (q) => q.eq("organizationId", organizationId).eq("name", name))
    .unique();
  if (role === null) return [];
  const expanded = await Promise.all(
    role.grants.map(async ({ permission, scope }) =>
      (await expand(ctx, organizationId, [permission])).map((part) => ({ permission: part, scope })),
    ),
  );
  return expanded.flat();
}

/** Composites replaced by what they include now, and without the permissions that the organization has deleted. */
export async function expand(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  permissions: readonly string[],
): Promise<string[]> {
  const single = await resolveComposites(ctx, organizationId, permissions);
  if (!single.some(isOfApi)) return single;
  const gone = new Set(await readRetired(ctx, organizationId));
  return single.filter((permission) => !gone.has(permission));
}

const retired = new SharedRead<[Id<"organization">], string[]>(async (ctx, organizationId) => {
  const rows = await ctx.db
    .query("retiredPermissions")
    .withIndex("by_name", (q) => q.eq("organizationId", organizationId))
    .take(RETIRED_MAX);
  return rows.map(({ name }) => name);
});

/** The names of the permissions that the organization deleted and did not define again. */
export async function readRetired(ctx: QueryCtx, organizationId: Id<"organization">): Promise<string[]> {
  return await retired.of(ctx, organizationId);
}

/** Only permissions for the organization's own API can be deleted. */
function isOfApi(permission: string): boolean {
  return !RESERVED_RESOURCES.has(permission.slice(0, permission.indexOf(":")));
}

async function resolveComposites(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  permissions: readonly string[],
): Promise<string[]> {
  if (!permissions.some((permission) => COMPOSITE_PATTERN.test(permission))) return [...permissions];
  const parts = await Promise.all(
    permissions.map(async (permission) => {
      if (!COMPOSITE_PATTERN.test(permission)) return [permission];
      const composite = await ctx.db
        .query("permissions")
        .withIndex("by_name", (q) => q.eq("organizationId", organizationId).eq("name", permission))
        .unique();
      return composite?.includes ?? [];
    }),
  );
  return [...new Set(parts.flat())];
}

/** The groups that count for a key: a personal one follows its owner into them. */
async function groupsOfKey(ctx: QueryCtx, key: Doc<"keys">, member: Doc<"member"> | null): Promise<Doc<"groups">[]> {
  if (key.ownerKind === "service") return await groupsOf(ctx, key.organizationId, key._id);
  if (member === null || isSuspended(member.role)) return [];
  return await groupsOf(ctx, key.organizationId, member.userId);
}

/** The groups of a user or key. */
export async function groupsOf(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  memberId: string,
): Promise<Doc<"groups">[]> {
  const memberships = await ctx.db
    .query("groupMembers")
    .withIndex("by_member", (q) => q.eq("organizationId", organizationId).eq("memberId", memberId))
    .take(GROUPS_MAX);
  const groups = await Promise.all(memberships.map(({ groupId }) => ctx.db.get("groups", groupId)));
  return groups.filter((group) => group !== null);
}

/** The names of the licenses that a key holds, by itself or through groups, valid now or not. One that is yet to be made has no `_id`. */
export async function licenseNamesOf(
  ctx: QueryCtx,
  key: Pick<Doc<"keys">, "organizationId" | "ownerKind" | "ownerUserId"> & { _id?: Id<"keys"> },
): Promise<string[]> {
  const { organizationId, ownerKind, ownerUserId, _id } = key;
  const inGroups = ownerKind === "personal" ? ownerUserId : _id;
  const groups = inGroups === undefined ? [] : await groupsOf(ctx, organizationId, inGroups);
  const holderIds = [...(_id === undefined ? [] : [_id]), ...groups.map((group) => group._id)];
  return (await licensesOf(ctx, organizationId, holderIds)).map(({ name }) => name);
}

/** Whether a key or group holds any license by itself. */
export async function hasLicense(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  holderId: Id<"keys"> | Id<"groups">,
): Promise<boolean> {
  return (await licensesOf(ctx, organizationId, [holderId])).length > 0;
}

async function licensesOf(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  holderIds: readonly string[],
): Promise<HeldLicense[]> {
  const held = await Promise.all(
    holderIds.map(async (holderId) => {
      const rows = await ctx.db
        .query("licenseHolders")
        .withIndex("by_holder", (q) => q.eq("organizationId", organizationId).eq("holderId", holderId))
        .take(LICENSES_MAX);
      return await Promise.all(rows.map(({ licenseId }) => ctx.db.get("licenses", licenseId)));
    }),
  );
  const byName = new Map(held.flat().flatMap((license) => (license === null ? [] : [[license.name, license]])));
  return [...byName.values()].map(({ name, validFrom, validUntil }) => ({ name, validFrom, validUntil }));
}
