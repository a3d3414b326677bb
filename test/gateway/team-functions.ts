/** What a team might add to convex/, as texts: they only make sense beside Latchkey's own modules. */
export const TEAM_SOURCES = {
  "orders.ts": `
import { ConvexError, v } from "convex/values";
import { internalQuery, mutation, query } from "./_generated/server";
import { priceOf } from "./pricing/prices";

export const place = mutation({
  args: {
    item: v.string(),
    amount: v.int64(),
    proof: v.optional(v.bytes()),
    gift: v.optional(v.union(v.null(), v.object({ to: v.string() }))),
    before: v.optional(v.id("orders")),
  },
  returns: v.object({ id: v.id("orders"), amount: v.int64(), price: v.number(), proof: v.optional(v.bytes()) }),
  handler: async (ctx, { item, amount, proof, before }) => {
    if (before !== undefined && (await ctx.db.get(before)) === null) throw new ConvexError({ code: "NO_SUCH_ORDER" });
    const identity = await ctx.auth.getUserIdentity();
    const id = await ctx.db.insert("orders", { item, amount, by: identity?.subject ?? "nobody" });
    return { id, amount, price: priceOf(item), ...(proof !== undefined && { proof }) };
  },
});

export const listOpen = query({
  args: { limit: v.optional(v.number()) },
  handler: async (ctx, { limit = 10 }) => (await ctx.db.query("orders").take(limit)).map(({ item, by }) => ({ item, by })),
});

export const whoCalls = query({ args: {}, handler: async (ctx) => await ctx.auth.getUserIdentity() });

export const sellOut = mutation({
  args: { item: v.string() },
  handler: async (ctx, { item }) => {
    await ctx.db.insert("orders", { item, amount: 0n, by: "nobody" });
    throw new ConvexError({ code: "SOLD_OUT", left: 0n });
  },
});

export const fail = query({ args: {}, handler: async () => { throw new Error("the vault's combination is 1234"); } });

export const anything = query({ handler: async (_ctx, args) => args });

// Takes the permission that listOpen takes.
export const list_open = query({ args: {}, handler: async () => [] });

export const secretly = internalQuery({ args: {}, handler: async () => "secret" });

export const helper = () => "no function of Convex's";
`,
  "pricing/prices.ts": `
export const priceOf = (item: string): number => item.length;
`,
  "billing/latestInvoices.ts": `
import { v } from "convex/values";
import { action } from "../_generated/server";
import { api } from "../_generated/api";

/** Looks at Latchkey's own live queries as whoever calls. */
export const spyOn = action({
  args: { organizationId: v.string() },
  handler: async (ctx, { organizationId }) => {
    const paginationOpts = { numItems: 10, cursor: null };
    const keys = await ctx.runQuery(api.keys.list, { organizationId, includeDead: true, paginationOpts });
    return {
      keys: keys.page.length,
      me: await ctx.runQuery(api.members.me, { organizationId }),
      organizations: await ctx.runQuery(api.organizations.listMine, {}),
    };
  },
});
`,
  // A resource of Latchkey's own, by which nobody shall get at its permissions.
  "token.ts": `
import { query } from "./_generated/server";
export const peek = query({ args: {}, handler: async () => "peeked" });
`,
} as const;

export const TEAM_TABLES = ["orders: defineTable({ item: v.string(), amount: v.int64(), by: v.string() }),"] as const;
