import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import type { QuotaCount } from "../../shared/allowance.ts";

/** When a key's refill was chosen, from which monthly ones count. Epoch milliseconds. */
export function quotaSetAt(key: Doc<"keys">): number {
  return key.quotaSetAt ?? key.createdAt;
}

/** What is used of a key's quota; null before its first use. Not for live queries: they would run anew with every use. */
export async function readQuotaCount(ctx: QueryCtx, keyId: Id<"keys">): Promise<QuotaCount | null> {
  const row = await ctx.db
    .query("allowances")
    .withIndex("by_holder", (q) => q.eq("holder", keyId))
    .unique();
  return row?.quota ?? null;
}
