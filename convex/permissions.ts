import { v } from "convex/values";
import { callerMutation, callerQuery, memberQuery } from "./functions.ts";
import {
  CATALOGUE_MAX,
  changePermission,
  definePermission,
  deletePermission,
  getPermission,
  listOwnPermissions,
  listCatalogue,
  vPermissionView,
} from "./model/rights/catalogue.ts";
import { pageArgs, vPage } from "./model/rights/definitions.ts";
import { maySee, requireRight } from "./model/rights/granting.ts";

/** The organization's own permissions and composites, by name; null without access. Latchkey's own are in shared/permissions.ts. */
export const list = memberQuery({
  args: {},
  returns: v.union(v.array(vPermissionView), v.null()),
  handler: async (ctx) => {
    if (!maySee(ctx.membership, "permissions:read")) return null;
    return await listOwnPermissions(ctx, ctx.membership.organizationId, "", CATALOGUE_MAX);
  },
});

export const listForCaller = callerQuery({
  args: pageArgs,
  returns: vPage(vPermissionView),
  handler: async (ctx, page) => {
    requireRight(ctx.caller, "permissions:read");
    return await listCatalogue(ctx, ctx.caller.organizationId, page);
  },
});

export const getForCaller = callerQuery({
  args: { permissionId: v.string() },
  returns: vPermissionView,
  handler: async (ctx, { permissionId }) => {
    requireRight(ctx.caller, "permissions:read");
    return await getPermission(ctx, ctx.caller.organizationId, permissionId);
  },
});

export const create = callerMutation({
  args: { name: v.string(), description: v.optional(v.string()), includes: v.optional(v.array(v.string())) },
  returns: vPermissionView,
  handler: async (ctx, input) => await definePermission(ctx, ctx.caller, input),
});

export const update = callerMutation({
  args: {
    permissionId: v.string(),
    description: v.optional(v.string()),
    includes: v.optional(v.array(v.string())),
  },
  returns: vPermissionView,
  handler: async (ctx, { permissionId, ...input }) => await changePermission(ctx, ctx.caller, permissionId, input),
});

export const remove = callerMutation({
  args: { permissionId: v.string() },
  returns: v.null(),
  handler: async (ctx, { permissionId }) => {
    await deletePermission(ctx, ctx.caller, permissionId);
    return null;
  },
});
