import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { callerMutation, callerQuery, memberQuery } from "./functions.ts";
import { pageArgs, vPage } from "./model/rights/definitions.ts";
import { maySee, requireRight } from "./model/rights/granting.ts";
import {
  assignLicense,
  findHolders,
  listHolders,
  sweepHolders,
  unassignLicense,
  vLicenseHolder,
} from "./model/rights/licenseHolders.ts";
import {
  ORGANIZATION_LICENSES_MAX,
  changeLicense,
  createLicense,
  deleteLicense,
  licenseFields,
  listLicenses,
  readLicenses,
  requireLicense,
  toLicenseView,
  vLicenseView,
} from "./model/rights/licenses.ts";
import { SWEEP_PAUSE_MS } from "./model/sweep.ts";

/** The organization's licenses by name; null without access. Whether one is valid is a matter of the reader's clock. */
export const list = memberQuery({
  args: {},
  returns: v.union(v.array(vLicenseView), v.null()),
  handler: async (ctx) => {
    if (!maySee(ctx.membership, "licenses:read")) return null;
    return await readLicenses(ctx, ctx.membership.organizationId, "", ORGANIZATION_LICENSES_MAX);
  },
});

/** The first 200 of who holds a license; null without access and for a license that is gone. */
export const holders = memberQuery({
  args: { licenseId: v.string() },
  returns: v.union(v.array(vLicenseHolder), v.null()),
  handler: async (ctx, { licenseId }) => {
    if (!maySee(ctx.membership, "licenses:read")) return null;
    return await findHolders(ctx, ctx.membership.organizationId, licenseId);
  },
});

export const listForCaller = callerQuery({
  args: pageArgs,
  returns: vPage(vLicenseView),
  handler: async (ctx, page) => {
    requireRight(ctx.caller, "licenses:read");
    return await listLicenses(ctx, ctx.caller.organizationId, page);
  },
});

export const getForCaller = callerQuery({
  args: { licenseId: v.string() },
  returns: vLicenseView,
  handler: async (ctx, { licenseId }) => {
    requireRight(ctx.caller, "licenses:read");
    return toLicenseView(await requireLicense(ctx, ctx.caller.organizationId, licenseId));
  },
});

export const holdersForCaller = callerQuery({
  args: { licenseId: v.string(), ...pageArgs },
  returns: vPage(vLicenseHolder),
  handler: async (ctx, { licenseId, ...page }) => {
    requireRight(ctx.caller, "licenses:read");
    return await listHolders(ctx, ctx.caller.organizationId, licenseId, page);
  },
});

export const create = callerMutation({
  args: { name: v.string(), ...licenseFields },
  returns: vLicenseView,
  handler: async (ctx, input) => await createLicense(ctx, ctx.caller, input),
});

export const update = callerMutation({
  args: { licenseId: v.string(), ...licenseFields },
  returns: vLicenseView,
  handler: async (ctx, { licenseId, ...input }) => await changeLicense(ctx, ctx.caller, licenseId, input),
});

export const remove = callerMutation({
  args: { licenseId: v.string() },
  returns: v.null(),
  handler: async (ctx, { licenseId }) => {
    const deleted = await deleteLicense(ctx, ctx.caller, licenseId);
    await ctx.scheduler.runAfter(0, internal.licenses.sweep, { licenseId: deleted });
    return null;
  },
});

export const assign = callerMutation({
  args: { licenseId: v.string(), holderId: v.string() },
  returns: vLicenseHolder,
  handler: async (ctx, { licenseId, holderId }) => await assignLicense(ctx, ctx.caller, licenseId, holderId),
});

export const unassign = callerMutation({
  args: { licenseId: v.string(), holderId: v.string() },
  returns: v.null(),
  handler: async (ctx, { licenseId, holderId }) => {
    await unassignLicense(ctx, ctx.caller, licenseId, holderId);
    return null;
  },
});

/** Run after a deletion: forgets who held the license, a batch at a time. */
export const sweep = internalMutation({
  args: { licenseId: v.id("licenses") },
  returns: v.null(),
  handler: async (ctx, { licenseId }) => {
    const more = await sweepHolders(ctx, licenseId);
    if (more) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.licenses.sweep, { licenseId });
    return null;
  },
});
