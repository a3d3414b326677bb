import { paginationOptsValidator, paginationResultValidator } from "convex/server";
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { callerMutation, callerQuery, memberQuery } from "./functions.ts";
import { recordDenial, sweepDenials } from "./model/audit/denials.ts";
import { eraseParts, erasePerson as eraseFromTrail, erasePersonAsOperator } from "./model/audit/erasure.ts";
import {
  auditEntryFields,
  exportEntries,
  listEntries,
  requireAuditReader,
  toFacts,
  vAuditEntry,
  vAuditFilter,
} from "./model/audit/lists.ts";
import { partsOf } from "./model/audit/persons.ts";
import { pruneAudit } from "./model/audit/retention.ts";
import { verifyChain as verifyAuditChain, vChainReport } from "./model/audit/verification.ts";
import { vCaller } from "./model/rights/callers.ts";
import { SWEEP_PAUSE_MS } from "./model/sweep.ts";
import { scopeOf } from "./shared/permissions.ts";

const vPerson = { userId: v.optional(v.string()), email: v.optional(v.string()) };
const vErasure = v.object({ erased: v.number(), done: v.boolean() });
const vEntry = v.object({ _id: v.id("audit"), ...auditEntryFields });

/** The audit trail, newest first, for whoever holds `audit:read`; empty otherwise. */
export const list = memberQuery({
  args: { paginationOpts: paginationOptsValidator },
  returns: paginationResultValidator(vEntry),
  handler: async (ctx, { paginationOpts }) => {
    const { membership } = ctx;
    if (membership === null || scopeOf(membership.grants, "audit:read") === null) {
      return { page: [], isDone: true, continueCursor: "" };
    }
    const result = await ctx.db
      .query("audit")
      .withIndex("by_organization", (q) => q.eq("organizationId", membership.organizationId))
      .order("desc")
      .paginate(paginationOpts);
    const page = result.page.map(async (entry) => ({
      _id: entry._id,
      ...toFacts(entry, await partsOf(ctx, entry)),
    }));
    return { ...result, page: await Promise.all(page) };
  },
});

/** Checks a page of the organization's audit chain and tells the first entry that is not as it was written. */
export const verifyChain = callerQuery({
  args: { cursor: v.union(v.string(), v.null()), limit: v.number() },
  returns: vChainReport,
  handler: async (ctx, page) => {
    requireAuditReader(ctx.caller);
    return await verifyAuditChain(ctx, ctx.caller.organizationId, page);
  },
});

/** A page of entries for the public API, newest first, as the filter wants them. */
export const listForCaller = callerQuery({
  args: { filter: vAuditFilter, cursor: v.union(v.string(), v.null()), limit: v.number() },
  returns: v.object({ items: v.array(vAuditEntry), nextCursor: v.union(v.string(), v.null()) }),
  handler: async (ctx, page) => {
    requireAuditReader(ctx.caller);
    return await listEntries(ctx, ctx.caller.organizationId, page);
  },
});

/** A page of entries in the order of the chain, oldest first, for an export. */
export const exportForCaller = callerQuery({
  args: { cursor: v.union(v.string(), v.null()), limit: v.number() },
  returns: v.object({ items: v.array(vAuditEntry), nextCursor: v.union(v.string(), v.null()) }),
  handler: async (ctx, page) => {
    requireAuditReader(ctx.caller);
    return await exportEntries(ctx, ctx.caller.organizationId, page);
  },
});

/** Takes somebody who is no member any more out of the trail; its entries and their chain stay. */
export const erasePerson = callerMutation({
  args: vPerson,
  returns: vErasure,
  handler: async (ctx, person) => await eraseFromTrail(ctx, ctx.caller, person),
});

/** The same for operators, by `npx convex run audit:erase`, after the user itself has been deleted. */
export const erase = internalMutation({
  args: { organizationId: v.id("organization"), ...vPerson },
  returns: vErasure,
  handler: async (ctx, { organizationId, ...person }) => await erasePersonAsOperator(ctx, organizationId, person),
});

/** Scheduled by an erasure that is too large for one transaction. Repeating it is harmless. */
export const eraseRest = internalMutation({
  args: { organizationId: v.id("organization"), userId: v.string(), below: v.number() },
  returns: v.null(),
  handler: async (ctx, rest) => {
    await eraseParts(ctx, rest);
    return null;
  },
});

/** For the gateway, after a refusal: makes it an entry, or counts it when the same one just was. */
export const denied = internalMutation({
  args: {
    caller: vCaller,
    operation: v.string(),
    code: v.string(),
    target: v.union(v.object({ kind: v.string(), id: v.string() }), v.null()),
    suppressed: v.number(),
  },
  returns: v.null(),
  handler: async (ctx, { caller, ...denial }) => {
    await recordDenial(ctx, caller, denial);
    return null;
  },
});

/** Run by the clock: tells of the refusals that were only counted, and forgets them. */
export const sweepDenied = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const more = await sweepDenials(ctx);
    if (more) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.audit.sweepDenied, {});
    return null;
  },
});

/** Deletes entries from before a time, a batch at a time, and schedules the rest. See `pruneAudit`. */
export const prune = internalMutation({
  args: { organizationId: v.id("organization"), before: v.number(), dryRun: v.optional(v.boolean()) },
  returns: v.object({ count: v.number(), through: v.union(v.number(), v.null()), done: v.boolean() }),
  handler: async (ctx, { organizationId, before, dryRun = false }) =>
    await pruneAudit(ctx, organizationId, before, { dryRun }),
});
