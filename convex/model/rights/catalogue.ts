import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { PERMISSIONS_MAX } from "../../shared/limits.ts";
import {
  COMPOSITE_PATTERN,
  PERMISSIONS,
  PERMISSION_PATTERN,
  RESERVED_RESOURCES,
  isPermission,
} from "../../shared/permissions.ts";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "./callers.ts";
import { Fields, checkDescription, missing, nameTaken, pageByName, tooMany } from "./definitions.ts";
import type { Page, PageWish } from "./definitions.ts";
import { RETIRED_MAX, readRetired } from "./effectiveRights.ts";
import { givePermissions, requireHeld, requireRight } from "./granting.ts";
import { SharedRead } from "../sharedReads.ts";

/** How many permissions and composites an organization may define. */
export const CATALOGUE_MAX = 500;

/** A permission or composite. Latchkey's own have their name as id. `includes` is null for a single permission. */
export const vPermissionView = v.object({
  id: v.string(),
  name: v.string(),
  description: v.string(),
  includes: v.union(v.array(v.string()), v.null()),
  builtIn: v.boolean(),
});
export type PermissionView = Infer<typeof vPermissionView>;

const BUILT_IN: readonly PermissionView[] = Object.entries(PERMISSIONS).map(([name, description]) => ({
  id: name,
  name,
  description,
  includes: null,
  builtIn: true,
}));

/** A page of the catalogue: Latchkey's own, then the organization's by name. */
export async function listCatalogue(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  wish: PageWish,
): Promise<Page<PermissionView>> {
  return await pageByName(
    BUILT_IN,
    wish,
    async (name, count) => await listOwnPermissions(ctx, organizationId, name, count),
  );
}

/** The organization's own after a name. */
export async function listOwnPermissions(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  after: string,
  count: number,
): Promise<PermissionView[]> {
  const rows = await ctx.db
    .query("permissions")
    .withIndex("by_name", (q) => q.eq("organizationId", organizationId).gt("name", after))
    .take(count);
  return rows.map(toPermissionView);
}

/** One by its id or its name. NOT_FOUND for one that is missing or foreign. */
export async function getPermission(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  idOrName: string,
): Promise<PermissionView> {
  const builtIn = BUILT_IN.find(({ name }) => name === idOrName);
  return builtIn ?? toPermissionView(await requirePermission(ctx, organizationId, idOrName));
}

/**
 * Defines a permission for the organization's own API, or, with `includes`, a composite of single permissions. A
 * composite, and a name that was deleted before and may still be carried, takes holding what it gives. Throws
 * INVALID_INPUT, NAME_TAKEN, CONFLICT at the maximum, FORBIDDEN.
 */
export async function definePermission(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  input: { name: string; description?: string; includes?: string[] },
): Promise<PermissionView> {
  requireRight(caller, "permissions:manage");
  const { organizationId } = caller;
  const { name } = input;
  const fields = new Fields();
  const includes = input.includes && [...new Set(input.includes)];
  checkDefinedName(fields, name, includes !== undefined);
  const description = fields.take("description", checkDescription(input.description ?? ""), "");
  if (includes !== undefined) await checkIncludes(ctx, organizationId, fields, includes);
  fields.throwIfWrong("The permission cannot be defined like this.");

  const retired = await findRetired(ctx, organizationId, name);
  if (includes !== undefined) requireHeld(caller, await givePermissions(ctx, organizationId, "includes", includes));
  if (retired !== null) requireHeld(caller, [{ path: "name", name, grants: [{ permission: name, scope: "any" }] }]);
  const defined = await listOwnPermissions(ctx, organizationId, "", CATALOGUE_MAX);
  if (defined.some((other) => other.name === name)) throw nameTaken("permission", name);
  if (defined.length >= CATALOGUE_MAX) throw tooMany("permissions", CATALOGUE_MAX);
  if (retired !== null) await ctx.db.delete("retiredPermissions", retired._id);
  const id = await ctx.db.insert("permissions", { organizationId, name, description, includes });
  await recordChange(ctx, caller, {
    action: "permission.create",
    targetKind: "permission",
    targetId: id,
    before: null,
    after: { name, description, includes: includes ?? null },
  });
  return { id, name, description, includes: includes ?? null, builtIn: false };
}

/** Changes the description, or what a composite includes, from the next use of every key that carries it on. Its name stays: others refer to it. */
export async function changePermission(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  idOrName: string,
  input: { description?: string; includes?: string[] },
): Promise<PermissionView> {
  requireRight(caller, "permissions:manage");
  const { organizationId } = caller;
  const permission = await requireOwn(ctx, organizationId, idOrName);
  const fields = new Fields();
  const description =
    input.description === undefined
      ? permission.description
      : fields.take("description", checkDescription(input.description), "");
  const includes = input.includes === undefined ? permission.includes : [...new Set(input.includes)];
  if (input.includes !== undefined && includes !== undefined) {
    if (permission.includes === undefined) fields.refuse("includes", "Only a composite includes others.");
    else await checkIncludes(ctx, organizationId, fields, includes);
  }
  fields.throwIfWrong("The permission cannot be changed like this.");
  const added = (includes ?? []).filter((name) => !(permission.includes ?? []).includes(name));
  requireHeld(caller, await givePermissions(ctx, organizationId, "includes", added));

  const changed = { ...permission, description, includes };
  await ctx.db.patch("permissions", permission._id, { description, includes });
  await recordChange(ctx, caller, {
    action: "permission.update",
    targetKind: "permission",
    targetId: permission._id,
    before: toAuditState(permission),
    after: toAuditState(changed),
  });
  return toPermissionView(changed);
}

/**
 * Deletes a permission or composite. Whoever carries it does not hold it from the next use on: nothing has to be
 * taken out of keys, roles and groups, and no number of them makes this slow. A wildcard still covers what was
 * deleted, as it covers whatever was never defined. Defining the name again gives it back.
 */
export async function deletePermission(ctx: MutationCtx, caller: ResolvedCaller, idOrName: string): Promise<void> {
  requireRight(caller, "permissions:manage");
  const { organizationId } = caller;
  const permission = await requireOwn(ctx, organizationId, idOrName);
  if (permission.includes === undefined) {
    const retired = await readRetired(ctx, organizationId);
    if (retired.length >= RETIRED_MAX) {
      const message = `${RETIRED_MAX} permissions were deleted already. Change this one's description instead.`;
      throw latchkeyError("CONFLICT", message);
    }
    await ctx.db.insert("retiredPermissions", { organizationId, name: permission.name });
  }
  await ctx.db.delete("permissions", permission._id);
  await recordChange(ctx, caller, {
    action: "permission.delete",
    targetKind: "permission",
    targetId: permission._id,
    before: toAuditState(permission),
    after: null,
  });
}

const catalogues = new SharedRead<[Id<"organization">], PermissionView[]>(
  async (ctx, organizationId) => await listOwnPermissions(ctx, organizationId, "", CATALOGUE_MAX),
);

/**
 * Those of these permissions that the organization's catalogue does not know: composites that nobody defined, and,
 * once there is at least one permission in the catalogue, those of the organization's own API that are not in it.
 * Those that were deleted are unknown; Latchkey's own are always known. A wildcard is known with any permission of its
 * resource.
 */
export async function findUncatalogued(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  permissions: readonly string[],
): Promise<string[]> {
  const asked = permissions.filter(
    (permission) => !RESERVED_RESOURCES.has(permission.split(":")[0] ?? "") || !permission.includes(":"),
  );
  if (asked.length === 0) return [];
  const defined = await catalogues.of(ctx, organizationId);
  const names = new Set(defined.map(({ name }) => name));
  const retired = new Set(await readRetired(ctx, organizationId));
  const single = defined.filter(({ includes }) => includes === null).map(({ name }) => name);
  return asked.filter((permission) => {
    if (COMPOSITE_PATTERN.test(permission)) return !names.has(permission);
    if (retired.has(permission)) return true;
    if (single.length === 0 || names.has(permission)) return false;
    const [resource, action] = permission.split(":");
    return action !== "*" || !single.some((name) => name.startsWith(`${resource}:`));
  });
}

async function findRetired(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  name: string,
): Promise<Doc<"retiredPermissions"> | null> {
  return await ctx.db
    .query("retiredPermissions")
    .withIndex("by_name", (q) => q.eq("organizationId", organizationId).eq("name", name))
    .unique();
}

/** The organization's own permission by id or name. NOT_FOUND for one that is missing or foreign. */
async function requirePermission(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  idOrName: string,
): Promise<Doc<"permissions">> {
  const id = ctx.db.normalizeId("permissions", idOrName);
  const permission =
    id !== null
      ? await ctx.db.get("permissions", id)
      : await ctx.db
          .query("permissions")
          .withIndex("by_name", (q) => q.eq("organizationId", organizationId).eq("name", idOrName))
          .unique();
  if (permission === null || permission.organizationId !== organizationId) throw missing();
  return permission;
}

/** The same, for changing it: FORBIDDEN for Latchkey's own. */
async function requireOwn(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  idOrName: string,
): Promise<Doc<"permissions">> {
  if (BUILT_IN.some(({ name }) => name === idOrName)) {
    throw latchkeyError("FORBIDDEN", "Latchkey's own permissions stay as they are. Define one of your own.");
  }
  return await requirePermission(ctx, organizationId, idOrName);
}

function checkDefinedName(fields: Fields, name: string, composite: boolean): void {
  if (composite) {
    if (!COMPOSITE_PATTERN.test(name)) {
      fields.refuse("name", "Name a composite with 1 to 32 lower-case letters, digits and hyphens, without a colon.");
    }
    return;
  }
  if (!PERMISSION_PATTERN.test(name) || name.endsWith(":*")) {
    fields.refuse("name", "Write it as resource:action, for example orders:read. Wildcards need no definition.");
  } else if (RESERVED_RESOURCES.has(name.split(":")[0] ?? "")) {
    fields.refuse("name", "This resource is Latchkey's own. Name a resource of your API.");
  }
}

/** A composite includes single permissions that exist, wildcards among them, and no composites: then nothing can go round in circles. */
async function checkIncludes(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  fields: Fields,
  includes: readonly string[],
): Promise<void> {
  if (includes.length === 0 || includes.length > PERMISSIONS_MAX) {
    fields.refuse("includes", `Include 1 to ${PERMISSIONS_MAX} permissions.`);
    return;
  }
  const unknown = new Set(await findUncatalogued(ctx, organizationId, includes));
  for (const [index, permission] of includes.entries()) {
    const path = `includes.${index}`;
    if (COMPOSITE_PATTERN.test(permission)) fields.refuse(path, "A composite cannot include another one.");
    else if (!isPermission(permission)) fields.refuse(path, "Write it as resource:action, for example orders:read.");
    else if (unknown.has(permission)) {
      fields.refuse(path, "This organization has no such permission. Define it first.");
    }
  }
}

function toPermissionView({ _id, name, description, includes }: Doc<"permissions">): PermissionView {
  return { id: _id, name, description, includes: includes ?? null, builtIn: false };
}

function toAuditState({ name, description, includes }: Doc<"permissions">): Record<string, unknown> {
  return { name, description, includes: includes ?? null };
}
