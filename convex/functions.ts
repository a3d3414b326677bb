import { customMutation, customQuery } from "convex-helpers/server/customFunctions";
import { v } from "convex/values";
import type { Id } from "./_generated/dataModel.js";
import { internalMutation, internalQuery, query } from "./_generated/server.js";
import type { QueryCtx } from "./_generated/server.js";
import { getMember, resolveCaller, vCaller } from "./model/callers.ts";
import { isSuspended, rolesOf } from "./shared/permissions.ts";
import type { Role } from "./shared/permissions.ts";

/** The signed-in user's place in the organization that it asked about. */
export type Membership = { organizationId: Id<"organization">; userId: Id<"user">; role: string; roles: Role[] };

/** The id of the signed-in user, or null. */
export async function getUserId(ctx: QueryCtx): Promise<Id<"user"> | null> {
  const identity = await ctx.auth.getUserIdentity();
  return identity === null ? null : ctx.db.normalizeId("user", identity.subject);
}

/**
 * A live query about one organization. `ctx.membership` is null for whoever is signed out, not a member, or
 * asks about an id that does not exist: they all get the same answer, which is no access.
 */
export const memberQuery = customQuery(query, {
  args: { organizationId: v.string() },
  input: async (ctx, { organizationId }) => ({
    ctx: { membership: await getMembership(ctx, organizationId) },
    args: {},
  }),
});

/** A query that the gateway runs for its caller, whose rights are read anew: `ctx.caller`. */
export const callerQuery = customQuery(internalQuery, {
  args: { caller: vCaller },
  input: async (ctx, { caller }) => ({ ctx: { caller: await resolveCaller(ctx, caller, null) }, args: {} }),
});

/** The same for a change. */
export const callerMutation = customMutation(internalMutation, {
  args: { caller: vCaller },
  input: async (ctx, { caller }) => ({ ctx: { caller: await resolveCaller(ctx, caller, Date.now()) }, args: {} }),
});

async function getMembership(ctx: QueryCtx, organizationIdText: string): Promise<Membership | null> {
  const userId = await getUserId(ctx);
  const organizationId = ctx.db.normalizeId("organization", organizationIdText);
  if (userId === null || organizationId === null) return null;
  const member = await getMember(ctx, organizationId, userId);
  if (member === null) return null;
  const roles = rolesOf(member.role);
  // A suspended member sees no more than a stranger.
  if (isSuspended(roles)) return null;
  return { organizationId, userId, role: member.role, roles };
}
