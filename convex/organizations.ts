import { v } from "convex/values";
import { internalQuery, query } from "./_generated/server.js";
import { callerMutation, callerQuery, getUserId, memberQuery } from "./functions.ts";
import { requireRight } from "./model/rights/granting.ts";
import { keyPrefixOf } from "./model/keys/prefixes.ts";
import { changeOrganization, requireOrganization, vOrganizationView } from "./model/organizations/changes.ts";
import { listOrganizations } from "./model/organizations/organizations.ts";

const vOrganization = v.object({ _id: v.id("organization"), name: v.string(), slug: v.string(), role: v.string() });

/** The organizations of whoever is signed in, in the order of joining; null when nobody is. */
// Anyone may ask: the answer is about the asker alone.
// oxlint-disable-next-line convex/require-access-control
export const listMine = query({
  args: {},
  returns: v.union(v.array(vOrganization), v.null()),
  handler: async (ctx) => {
    const userId = await getUserId(ctx);
    return userId === null ? null : await listOrganizations(ctx, userId);
  },
});

export const get = memberQuery({
  args: {},
  returns: v.union(vOrganization.extend({ keyPrefix: v.string() }), v.null()),
  handler: async (ctx) => {
    if (ctx.membership === null) return null;
    const { organizationId, role } = ctx.membership;
    const organization = await ctx.db.get("organization", organizationId);
    if (organization === null) return null;
    const { _id, name, slug } = organization;
    return { _id, name, slug, role, keyPrefix: await keyPrefixOf(ctx, _id) };
  },
});

/** The caller's organization, for the public API. */
export const getForCaller = callerQuery({
  args: {},
  returns: vOrganizationView,
  handler: async (ctx) => {
    requireRight(ctx.caller, "organization:read");
    return await requireOrganization(ctx, ctx.caller.organizationId);
  },
});

export const update = callerMutation({
  args: { name: v.optional(v.string()), slug: v.optional(v.string()), keyPrefix: v.optional(v.string()) },
  returns: vOrganizationView,
  handler: async (ctx, input) => await changeOrganization(ctx, ctx.caller, input),
});

/** For the gateway: what a calling key may name its organization by, beside its id; null once the organization is gone. */
export const slug = internalQuery({
  args: { organizationId: v.id("organization") },
  returns: v.union(v.string(), v.null()),
  handler: async (ctx, { organizationId }) => (await ctx.db.get("organization", organizationId))?.slug ?? null,
});

/** For minting: what a new key of the organization begins with. */
export const keyPrefix = internalQuery({
  args: { organizationId: v.id("organization") },
  returns: v.string(),
  handler: async (ctx, { organizationId }) => await keyPrefixOf(ctx, organizationId),
});
