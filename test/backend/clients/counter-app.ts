import type { Files } from "../deploy/bundled-app.ts";

const schema = `
  import { defineSchema, defineTable } from "convex/server";
  import { v } from "convex/values";
  export default defineSchema({
    counters: defineTable({ name: v.string(), value: v.number() }).index("by_name", ["name"]),
    events: defineTable({ label: v.string(), who: v.union(v.string(), v.null()) }).index("by_label", ["label"]),
  });`;

const counter = `
  import { ConvexError } from "convex/values";
  import { actionGeneric, internalQueryGeneric, mutationGeneric, queryGeneric, makeFunctionReference } from "convex/server";

  const find = (ctx, name) => ctx.db.query("counters").withIndex("by_name", (q) => q.eq("name", name)).unique();

  export const get = queryGeneric(async (ctx, { name }) => (await find(ctx, name))?.value ?? 0);

  export const increment = mutationGeneric(async (ctx, { name }) => {
    const row = await find(ctx, name);
    if (row === null) await ctx.db.insert("counters", { name, value: 1 });
    else await ctx.db.patch(row._id, { value: row.value + 1 });
    return (row?.value ?? 0) + 1;
  });

  export const nothing = mutationGeneric(async () => "done");

  export const note = mutationGeneric(async (ctx, { label }) => {
    const who = (await ctx.auth.getUserIdentity())?.subject ?? null;
    await ctx.db.insert("events", { label, who });
    return who;
  });

  export const events = queryGeneric(async (ctx) =>
    (await ctx.db.query("events").collect()).map(({ label, who }) => [label, who]));

  export const newest = queryGeneric(async (ctx, { paginationOpts }) =>
    ctx.db.query("events").order("desc").paginate(paginationOpts));

  export const whoami = queryGeneric(async (ctx) => (await ctx.auth.getUserIdentity())?.subject ?? null);

  export const refuse = mutationGeneric(async (ctx) => {
    await ctx.db.insert("events", { label: "undone", who: null });
    throw new ConvexError({ code: "REFUSED", n: 1n });
  });

  export const crash = queryGeneric(async () => { throw new TypeError("the secret detail"); });

  export const hidden = internalQueryGeneric(async () => "hidden");

  export const big = queryGeneric(async (ctx, { length }) => "é".repeat(length));

  export const wide = queryGeneric(async (ctx, { name }) =>
    ({ value: (await find(ctx, name))?.value ?? 0, padding: "x".repeat(1_000_000) }));

  export const env = queryGeneric(async () => process.env["GREETING"] ?? null);

  export const hold = actionGeneric(async (ctx, { ms }) => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return (await ctx.auth.getUserIdentity())?.subject ?? null;
  });

  export const values = queryGeneric(async () => ({ int: 7n, nan: NaN, bytes: new Uint8Array([1, 2]).buffer }));

  export const viaAction = actionGeneric(async (ctx, { name }) => {
    console.log("from the action", { name });
    await ctx.runMutation(makeFunctionReference("counter:increment"), { name });
    return ctx.runQuery(makeFunctionReference("counter:get"), { name });
  });`;

/** Counters, notes of who wrote them, and the odd corners that clients meet. */
export function counterApp(extra: Files = {}): { app: Files } {
  return { app: { "schema.ts": schema, "counter.ts": counter, ...extra } };
}
