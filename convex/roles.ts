import { v } from "convex/values";
import { callerMutation, callerQuery, memberQuery } from "./functions.ts";
import { pageArgs, vPage } from "./model/rights/definitions.ts";
import { maySee, requireRight } from "./model/rights/granting.ts";
import {
  OWN_ROLES_MAX,
  changeRole,
  createRole,
  deleteRole,
  getRole,
  listOwnRoles,
  listRoles,
  vRoleView,
} from "./model/rights/roles.ts";
import { vGrant } from "./model/validators.ts";

/** The organization's own roles, by name; null without access. Those that every organization has are in shared/roles.ts. */
export const list = memberQuery({
  args: {},
  returns: v.union(v.array(vRoleView), v.null()),
  handler: async (ctx) => {
    if (!maySee(ctx.membership, "roles:read")) return null;
    return await listOwnRoles(ctx, ctx.membership.organizationId, "", OWN_ROLES_MAX);
  },
});

export const listForCaller = callerQuery({
  args: pageArgs,
  returns: vPage(vRoleView),
  handler: async (ctx, page) => {
    requireRight(ctx.caller, "roles:read");
    return await listRoles(ctx, ctx.caller.organizationId, page);
  },
});

export const getForCaller = callerQuery({
  args: { roleId: v.string() },
  returns: vRoleView,
  handler: async (ctx, { roleId }) => {
    requireRight(ctx.caller, "roles:read");
    return await getRole(ctx, ctx.caller.organizationId, roleId);
  },
});

export const create = callerMutation({
  args: { name: v.string(), description: v.optional(v.string()), grants: v.array(vGrant) },
  returns: vRoleView,
  handler: async (ctx, input) => await createRole(ctx, ctx.caller, input),
});

export const update = callerMutation({
  args: { roleId: v.string(), description: v.optional(v.string()), grants: v.optional(v.array(vGrant)) },
  returns: vRoleView,
  handler: async (ctx, { roleId, ...input }) => await changeRole(ctx, ctx.caller, roleId, input),
});

export const remove = callerMutation({
  args: { roleId: v.string() },
  returns: v.null(),
  handler: async (ctx, { roleId }) => {
    await deleteRole(ctx, ctx.caller, roleId);
    return null;
  },
});
