import { customMutation, customQuery } from "convex-helpers/server/customFunctions";
import { v } from "convex/values";
import type { Id } from "./_generated/dataModel.js";
import { internalMutation, internalQuery, query } from "./_generated/server.js";
import type { QueryCtx } from "./_generated/server.js";
import { resolveCaller, vCaller } from "./model/rights/callers.ts";
import { grantsOfMember } from "./model/rights/effectiveRights.ts";
import { getMember } from "./model/organizations/members.ts";
import type { Grant } from "./shared/permissions.ts";
import { isSuspended } from "./shared/roles.ts";

/** The signed-in user's place in the organization that it asked about, and what it gives now. */
export type Membership = {
  organizationId: Id<"organization">;
  userId: Id<"user">;
  role: string;
  grants: readonly Grant[];
};

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
  // A suspended member sees no more than a stranger.
  if (member === null || isSuspended(member.role)) return null;
  return { organizationId, userId, role: member.role, grants: await grantsOfMember(ctx, member) };
}
