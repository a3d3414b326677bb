import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { ROLES_MAX } from "../../shared/limits.ts";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "./callers.ts";
import { Fields, checkDescription, checkTitle, missing, nameTaken, pageByName, tooMany } from "./definitions.ts";
import type { Page, PageWish } from "./definitions.ts";
import { givePermissions, giveRoles, requireHeld, requireRight } from "./granting.ts";
import type { Giving } from "./granting.ts";
import { checkPermissions, isRoleOf } from "../keys/fields.ts";
import { freeSeats } from "./licenseHolders.ts";

/** How many groups an organization may have. */
export const ORGANIZATION_GROUPS_MAX = 500;

export const vGroupView = v.object({
  id: v.id("groups"),
  name: v.string(),
  description: v.string(),
  roles: v.array(v.string()),
  permissions: v.array(v.string()),
});
export type GroupView = Infer<typeof vGroupView>;

/** What a group gives to whoever is in it. */
type Gift = { roles: readonly string[]; permissions: readonly string[] };

/** A page of groups by name. */
export async function listGroups(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  wish: PageWish,
): Promise<Page<GroupView>> {
  return await pageByName([], wish, async (name, count) => await readGroups(ctx, organizationId, name, count));
}

/** The organization's groups after a name. */
export async function readGroups(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  after: string,
  count: number,
): Promise<GroupView[]> {
  const rows = await ctx.db
    .query("groups")
    .withIndex("by_name", (q) => q.eq("organizationId", organizationId).gt("name", after))
    .take(count);
  return rows.map(toGroupView);
}

/** A group that gives no more than its maker holds. Throws INVALID_INPUT, FORBIDDEN, NAME_TAKEN, CONFLICT at the maximum. */
export async function createGroup(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  input: { name: string; description?: string; roles?: string[]; permissions?: string[] },
): Promise<GroupView> {
  requireRight(caller, "groups:manage");
  const { organizationId } = caller;
  const fields = new Fields();
  const name = fields.take("name", checkTitle(input.name), "");
  const description = fields.take("description", checkDescription(input.description ?? ""), "");
  const gift = await checkGift(ctx, organizationId, fields, input);
  fields.throwIfWrong("The group cannot be made like this.");
  requireHeld(caller, await toGiving(ctx, organizationId, gift));

  const groups = await readGroups(ctx, organizationId, "", ORGANIZATION_GROUPS_MAX);
  if (groups.some((other) => other.name === name)) throw nameTaken("group", name);
  if (groups.length >= ORGANIZATION_GROUPS_MAX) throw tooMany("groups", ORGANIZATION_GROUPS_MAX);
  const id = await ctx.db.insert("groups", { organizationId, name, description, ...gift });
  await recordChange(ctx, caller, {
    action: "group.create",
    targetKind: "group",
    targetId: id,
    before: null,
    after: { name, description, ...gift },
  });
  return { id, name, description, ...gift };
}

/** Changes a group, for everyone in it from the next use on. What is added its changer has to hold. */
export async function changeGroup(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  groupId: string,
  input: { name?: string; description?: string; roles?: string[]; permissions?: string[] },
): Promise<GroupView> {
  requireRight(caller, "groups:manage");
  const { organizationId } = caller;
  const group = await requireGroup(ctx, organizationId, groupId);
  const fields = new Fields();
  const name = input.name === undefined ? group.name : fields.take("name", checkTitle(input.name), "");
  const description =
    input.description === undefined
      ? group.description
      : fields.take("description", checkDescription(input.description), "");
  const { roles, permissions } = await checkGift(ctx, organizationId, fields, input);
  fields.throwIfWrong("The group cannot be changed like this.");
  requireHeld(
    caller,
    await toGiving(ctx, organizationId, {
      roles: roles.filter((role) => !group.roles.includes(role)),
      permissions: permissions.filter((permission) => !group.permissions.includes(permission)),
    }),
  );
  const other = await findByName(ctx, organizationId, name);
  if (other !== null && other._id !== group._id) throw nameTaken("group", name);

  const change = {
    name,
    description,
    roles: input.roles === undefined ? group.roles : roles,
    permissions: input.permissions === undefined ? group.permissions : permissions,
  };
  await ctx.db.patch("groups", group._id, change);
  await recordChange(ctx, caller, {
    action: "group.update",
    targetKind: "group",
    targetId: group._id,
    before: toAuditState(group),
    after: change,
  });
  return { id: group._id, ...change };
}

/** Deletes a group, which gives nothing from then on. Its licenses have their seats back; who was in it is forgotten afterwards, in batches. */
export async function deleteGroup(ctx: MutationCtx, caller: ResolvedCaller, groupId: string): Promise<Id<"groups">> {
  requireRight(caller, "groups:manage");
  const group = await requireGroup(ctx, caller.organizationId, groupId);
  await ctx.db.delete("groups", group._id);
  await freeSeats(ctx, caller.organizationId, group._id);
  await recordChange(ctx, caller, {
    action: "group.delete",
    targetKind: "group",
    targetId: group._id,
    before: toAuditState(group),
    after: null,
  });
  return group._id;
}

/** The group of this id. NOT_FOUND for one that is missing or foreign. */
export async function requireGroup(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  groupIdText: string,
): Promise<Doc<"groups">> {
  const groupId = ctx.db.normalizeId("groups", groupIdText);
  const group = groupId === null ? null : await ctx.db.get("groups", groupId);
  if (group === null || group.organizationId !== organizationId) throw missing();
  return group;
}

/** What being in a group gives now, each part with how far it reaches. */
export async function toGiving(ctx: QueryCtx, organizationId: Id<"organization">, gift: Gift): Promise<Giving[]> {
  return [
    ...(await giveRoles(ctx, organizationId, "roles", gift.roles)),
    ...(await givePermissions(ctx, organizationId, "permissions", gift.permissions)),
  ];
}

export function toGroupView({ _id, name, description, roles, permissions }: Doc<"groups">): GroupView {
  return { id: _id, name, description, roles, permissions };
}

async function findByName(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  name: string,
): Promise<Doc<"groups"> | null> {
  return await ctx.db
    .query("groups")
    .withIndex("by_name", (q) => q.eq("organizationId", organizationId).eq("name", name))
    .unique();
}

async function checkGift(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  fields: Fields,
  input: { roles?: string[]; permissions?: string[] },
): Promise<{ roles: string[]; permissions: string[] }> {
  const roles = [...new Set(input.roles)];
  const permissions = [...new Set(input.permissions)];
  if (roles.length > ROLES_MAX) fields.refuse("roles", `Give at most ${ROLES_MAX} roles.`);
  for (const [index, role] of roles.slice(0, ROLES_MAX).entries()) {
    if (role === "owner") fields.refuse(`roles.${index}`, "Owners are named one by one. Give this role to the member.");
    else if (!(await isRoleOf(ctx, organizationId, role))) fields.refuse(`roles.${index}`, "There is no such role.");
  }
  fields.wrong.push(...(await checkPermissions(ctx, organizationId, "permissions", permissions)));
  return { roles, permissions };
}

function toAuditState({ name, description, roles, permissions }: Doc<"groups">): Record<string, unknown> {
  return { name, description, roles, permissions };
}
