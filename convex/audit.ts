import { paginationOptsValidator, paginationResultValidator } from "convex/server";
import { v } from "convex/values";
import { callerQuery, memberQuery } from "./functions.ts";
import { verifyChain as verifyAuditChain, vChainReport } from "./model/auditVerification.ts";
import {
  auditEntryFields,
  exportEntries,
  listEntries,
  requireAuditReader,
  vAuditEntry,
  vAuditFilter,
} from "./model/auditLists.ts";
import { scopeOf } from "./shared/permissions.ts";

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
    return {
      ...result,
      page: result.page.map((entry) => ({
        _id: entry._id,
        at: entry.at,
        actor: entry.actor,
        action: entry.action,
        targetKind: entry.targetKind,
        targetId: entry.targetId,
        before: entry.before,
        after: entry.after,
        reason: entry.reason ?? null,
        requestId: entry.requestId,
        ip: entry.ip ?? null,
        agent: entry.agent ?? null,
      })),
    };
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
