import { v } from "convex/values";
import { callerMutation, callerQuery, memberQuery } from "./functions.ts";
import { pageArgs, vPage } from "./model/rights/definitions.ts";
import { requireRight } from "./model/rights/granting.ts";
import {
  changeRoles,
  listMembers,
  removeMember,
  requireMember,
  suspendMember,
  toMemberView,
  unsuspendMember,
  vMemberView,
} from "./model/organizations/memberships.ts";
import { vGrant } from "./model/validators.ts";
import { PERMISSIONS, scopeOf } from "./shared/permissions.ts";
import { rolesOf } from "./shared/roles.ts";

const MEMBERS_MAX = 200;
const ADMINS_MAX = 5;
// Owners and admins may stand anywhere among the members; further than this nobody is looked for.
const ADMINS_SCAN_MAX = 1000;

/** Who the signed-in user is in this organization; null without access. `permissions` are Latchkey's own that it holds on at least its own keys; `grants` is everything. */
export const me = memberQuery({
  args: {},
  returns: v.union(
    v.object({
      userId: v.id("user"),
      role: v.string(),
      permissions: v.array(v.string()),
      grants: v.array(vGrant),
    }),
    v.null(),
  ),
  handler: async (ctx) => {
    if (ctx.membership === null) return null;
    const { userId, role, grants } = ctx.membership;
    const permissions = Object.keys(PERMISSIONS).filter((permission) => scopeOf(grants, permission) !== null);
    return { userId, role, permissions, grants: [...grants] };
  },
});

/** The names of up to five owners and admins, owners first, so that a member knows whom to ask; null without access. */
export const admins = memberQuery({
  args: {},
  returns: v.union(v.array(v.string()), v.null()),
  handler: async (ctx) => {
    if (ctx.membership === null) return null;
    const { organizationId } = ctx.membership;
    const members = await ctx.db
      .query("member")
      .withIndex("by_organizationId_userId", (q) => q.eq("organizationId", organizationId))
      .take(ADMINS_SCAN_MAX);
    const rights = members.map(({ userId, role }) => ({ userId, roles: rolesOf(role) }));
    const owners = rights.filter(({ roles }) => roles.includes("owner"));
    const others = rights.filter(({ roles }) => roles.includes("admin") && !roles.includes("owner"));
    const asked = [...owners, ...others].slice(0, ADMINS_MAX);
    const users = await Promise.all(asked.map(({ userId }) => ctx.db.get("user", userId)));
    return users.flatMap((user) => (user === null ? [] : [user.name]));
  },
});

/** Up to 200 members, in the order of their users' ids; null without access. For choosing the owner of a key. */
export const list = memberQuery({
  args: {},
  returns: v.union(
    v.array(v.object({ userId: v.id("user"), name: v.string(), email: v.string(), role: v.string() })),
    v.null(),
  ),
  handler: async (ctx) => {
    if (ctx.membership === null || scopeOf(ctx.membership.grants, "members:read") === null) return null;
    const { organizationId } = ctx.membership;
    const members = await ctx.db
      .query("member")
      .withIndex("by_organizationId_userId", (q) => q.eq("organizationId", organizationId))
      .take(MEMBERS_MAX);
    const found = await Promise.all(
      members.map(async ({ userId, role }) => {
        const user = await ctx.db.get("user", userId);
        return user === null ? [] : [{ userId, name: user.name, email: user.email, role }];
      }),
    );
    return found.flat();
  },
});

export const listForCaller = callerQuery({
  args: pageArgs,
  returns: vPage(vMemberView),
  handler: async (ctx, page) => {
    requireRight(ctx.caller, "members:read");
    return await listMembers(ctx, ctx.caller.organizationId, page);
  },
});

export const getForCaller = callerQuery({
  args: { memberId: v.string() },
  returns: vMemberView,
  handler: async (ctx, { memberId }) => {
    requireRight(ctx.caller, "members:read");
    return await toMemberView(ctx, await requireMember(ctx, ctx.caller.organizationId, memberId));
  },
});

export const update = callerMutation({
  args: { memberId: v.string(), roles: v.array(v.string()) },
  returns: vMemberView,
  handler: async (ctx, { memberId, roles }) => await changeRoles(ctx, ctx.caller, memberId, roles),
});

export const suspend = callerMutation({
  args: { memberId: v.string() },
  returns: vMemberView,
  handler: async (ctx, { memberId }) => await suspendMember(ctx, ctx.caller, memberId),
});

export const unsuspend = callerMutation({
  args: { memberId: v.string() },
  returns: vMemberView,
  handler: async (ctx, { memberId }) => await unsuspendMember(ctx, ctx.caller, memberId),
});

export const remove = callerMutation({
  args: { memberId: v.string() },
  returns: v.null(),
  handler: async (ctx, { memberId }) => {
    await removeMember(ctx, ctx.caller, memberId);
    return null;
  },
});
