import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { PERMISSIONS_MAX } from "../../shared/limits.ts";
import { COMPOSITE_PATTERN, isGrantable, isPermission, isOwnable } from "../../shared/permissions.ts";
import type { Grant } from "../../shared/permissions.ts";
import { ROLES, ROLE_DESCRIPTIONS, grantsOf, isRole } from "../../shared/roles.ts";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "./callers.ts";
import { findUncatalogued } from "./catalogue.ts";
import { Fields, checkDescription, checkSlug, missing, nameTaken, pageByName, tooMany } from "./definitions.ts";
import type { Page, PageWish } from "./definitions.ts";
import { expand } from "./effectiveRights.ts";
import { requireHeld, requireRight } from "./granting.ts";
import type { Giving } from "./granting.ts";
import { vGrant } from "../validators.ts";

/** How many roles of its own an organization may define. */
export const OWN_ROLES_MAX = 200;

/** A role. Those that every organization has carry their name as id. */
export const vRoleView = v.object({
  id: v.string(),
  name: v.string(),
  description: v.string(),
  grants: v.array(vGrant),
  builtIn: v.boolean(),
});
export type RoleView = Infer<typeof vRoleView>;

const BUILT_IN: readonly RoleView[] = ROLES.map((name) => ({
  id: name,
  name,
  description: ROLE_DESCRIPTIONS[name],
  grants: [...grantsOf([name])],
  builtIn: true,
}));

/** A page of roles: those that every organization has, then its own by name. */
export async function listRoles(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  wish: PageWish,
): Promise<Page<RoleView>> {
  return await pageByName(BUILT_IN, wish, async (name, count) => await listOwnRoles(ctx, organizationId, name, count));
}

/** The organization's own roles after a name. */
export async function listOwnRoles(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  after: string,
  count: number,
): Promise<RoleView[]> {
  const rows = await ctx.db
    .query("roles")
    .withIndex("by_name", (q) => q.eq("organizationId", organizationId).gt("name", after))
    .take(count);
  return rows.map(toRoleView);
}

/** One by its id or name. NOT_FOUND for one that is missing or foreign. */
export async function getRole(ctx: QueryCtx, organizationId: Id<"organization">, idOrName: string): Promise<RoleView> {
  return BUILT_IN.find(({ name }) => name === idOrName) ?? toRoleView(await requireRole(ctx, organizationId, idOrName));
}

/** Defines a role that grants no more than its maker holds. Throws INVALID_INPUT, FORBIDDEN, NAME_TAKEN, CONFLICT at the maximum. */
export async function createRole(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  input: { name: string; description?: string; grants: Grant[] },
): Promise<RoleView> {
  requireRight(caller, "roles:manage");
  const { organizationId } = caller;
  const fields = new Fields();
  const name = fields.take("name", checkSlug(input.name), "");
  if (isRole(name)) fields.refuse("name", "Every organization has a role of this name. Choose another one.");
  const description = fields.take("description", checkDescription(input.description ?? ""), "");
  const grants = await checkGrants(ctx, organizationId, fields, input.grants);
  fields.throwIfWrong("The role cannot be defined like this.");
  requireHeld(caller, await giveGrants(ctx, organizationId, grants));

  const defined = await listOwnRoles(ctx, organizationId, "", OWN_ROLES_MAX);
  if (defined.some((other) => other.name === name)) throw nameTaken("role", name);
  if (defined.length >= OWN_ROLES_MAX) throw tooMany("roles", OWN_ROLES_MAX);
  const id = await ctx.db.insert("roles", { organizationId, name, description, grants });
  await recordChange(ctx, caller, {
    action: "role.create",
    targetKind: "role",
    targetId: id,
    before: null,
    after: { name, description, grants },
  });
  return { id, name, description, grants, builtIn: false };
}

/** Changes what a role grants, from the next use of everyone who has it on. What is added its changer has to hold. Its name stays: others refer to it. */
export async function changeRole(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  idOrName: string,
  input: { description?: string; grants?: Grant[] },
): Promise<RoleView> {
  requireRight(caller, "roles:manage");
  const { organizationId } = caller;
  const role = await requireOwn(ctx, organizationId, idOrName);
  const fields = new Fields();
  const description =
    input.description === undefined
      ? role.description
      : fields.take("description", checkDescription(input.description), "");
  const grants =
    input.grants === undefined ? role.grants : await checkGrants(ctx, organizationId, fields, input.grants);
  fields.throwIfWrong("The role cannot be changed like this.");
  const given = await giveGrants(ctx, organizationId, grants);
  const had = (grant: Grant | undefined) =>
    role.grants.some(({ permission, scope }) => permission === grant?.permission && scope === grant.scope);
  requireHeld(
    caller,
    given.filter((_, index) => !had(grants[index])),
  );

  const changed = { ...role, description, grants };
  await ctx.db.patch("roles", role._id, { description, grants });
  await recordChange(ctx, caller, {
    action: "role.update",
    targetKind: "role",
    targetId: role._id,
    before: toAuditState(role),
    after: toAuditState(changed),
  });
  return toRoleView(changed);
}

/**
 * Deletes a role. Members, groups and keys may still name it: a name that is no role gives nothing, from the next use
 * on. Defining the name again gives it to them again.
 */
export async function deleteRole(ctx: MutationCtx, caller: ResolvedCaller, idOrName: string): Promise<void> {
  requireRight(caller, "roles:manage");
  const role = await requireOwn(ctx, caller.organizationId, idOrName);
  await ctx.db.delete("roles", role._id);
  await recordChange(ctx, caller, {
    action: "role.delete",
    targetKind: "role",
    targetId: role._id,
    before: toAuditState(role),
    after: null,
  });
}

async function requireRole(ctx: QueryCtx, organizationId: Id<"organization">, idOrName: string): Promise<Doc<"roles">> {
  const id = ctx.db.normalizeId("roles", idOrName);
  const role =
    id !== null
      ? await ctx.db.get("roles", id)
      : await ctx.db
          .query("roles")
          .withIndex("by_name", (q) => q.eq("organizationId", organizationId).eq("name", idOrName))
          .unique();
  if (role === null || role.organizationId !== organizationId) throw missing();
  return role;
}

/** The same, for changing it: FORBIDDEN for those that every organization has. */
async function requireOwn(ctx: QueryCtx, organizationId: Id<"organization">, idOrName: string): Promise<Doc<"roles">> {
  if (isRole(idOrName)) {
    throw latchkeyError("FORBIDDEN", "The roles that every organization has stay as they are. Define one of your own.");
  }
  return await requireRole(ctx, organizationId, idOrName);
}

/** The grants, each permission once at its widest. Notes what is wrong with them. */
async function checkGrants(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  fields: Fields,
  grants: readonly Grant[],
): Promise<Grant[]> {
  if (grants.length > PERMISSIONS_MAX) fields.refuse("grants", `Grant at most ${PERMISSIONS_MAX} permissions.`);
  const wanted = grants.slice(0, PERMISSIONS_MAX);
  // What names no resource, such as *:read, is in no catalogue.
  const named = wanted.map(({ permission }) => permission).filter((permission) => !permission.startsWith("*:"));
  const unknown = new Set(await findUncatalogued(ctx, organizationId, named));
  for (const [index, { permission, scope }] of wanted.entries()) {
    const path = `grants.${index}.permission`;
    if (!isGrantable(permission) && !COMPOSITE_PATTERN.test(permission)) {
      fields.refuse(path, "Write it as resource:action, for example orders:read.");
    } else if (unknown.has(permission)) {
      fields.refuse(path, "This organization has no such permission. Define it first.");
    } else if (scope === "own" && !(isPermission(permission) && isOwnable(permission))) {
      fields.refuse(
        `grants.${index}.scope`,
        "Only what is done to single keys can be granted on one's own: keys:verify is not.",
      );
    }
  }
  const widest = new Map<string, Grant>();
  for (const grant of wanted) {
    if (widest.get(grant.permission)?.scope !== "any") widest.set(grant.permission, grant);
  }
  return [...widest.values()];
}

async function giveGrants(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  grants: readonly Grant[],
): Promise<Giving[]> {
  return await Promise.all(
    grants.map(async ({ permission, scope }, index) => ({
      path: `grants.${index}.permission`,
      name: permission,
      grants: (await expand(ctx, organizationId, [permission])).map((part) => ({ permission: part, scope })),
    })),
  );
}

function toRoleView({ _id, name, description, grants }: Doc<"roles">): RoleView {
  return { id: _id, name, description, grants, builtIn: false };
}

function toAuditState({ name, description, grants }: Doc<"roles">): Record<string, unknown> {
  return { name, description, grants };
}
