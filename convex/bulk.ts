import { v } from "convex/values";
import { callerMutation, callerQuery } from "./functions.ts";
import { applyToAll, foresee, foreseePage, vBulkItem, vBulkVerb } from "./model/keys/bulk.ts";
import { vKeyFilter } from "./model/keys/lists.ts";

/** For `runBulk` in model/keys/bulkRuns.ts: what would become of these keys. `at` is the gateway's clock. */
export const look = callerQuery({
  args: { verb: vBulkVerb, keyIds: v.array(v.string()), at: v.number() },
  returns: v.array(vBulkItem),
  handler: async (ctx, wanted) => await foresee(ctx, ctx.caller, wanted),
});

/** The same for a page of what a filter finds. */
export const lookByFilter = callerQuery({
  args: { verb: vBulkVerb, filter: vKeyFilter, cursor: v.union(v.string(), v.null()), at: v.number() },
  returns: v.object({ items: v.array(vBulkItem), nextCursor: v.union(v.string(), v.null()) }),
  handler: async (ctx, wanted) => await foreseePage(ctx, ctx.caller, wanted),
});

/** One transaction of a bulk change. */
export const apply = callerMutation({
  args: { verb: vBulkVerb, keyIds: v.array(v.string()), reason: v.optional(v.string()) },
  returns: v.array(vBulkItem),
  handler: async (ctx, wanted) => await applyToAll(ctx, ctx.caller, wanted),
});
