import { afterAll, beforeAll, expect, test } from "vitest";
import type { JsonObject } from "#backend/values/json.ts";
import { TestBackend } from "../deploy/test-backend.ts";

let backend: TestBackend;

beforeAll(async () => {
  backend = await TestBackend.start();
  await backend.push({
    app: {
      "schema.ts": `
        import { defineSchema, defineTable } from "convex/server";
        import { v } from "convex/values";
        export default defineSchema({
          things: defineTable({ kind: v.string(), rank: v.optional(v.union(v.number(), v.null(), v.int64(), v.string())), at: v.optional(v.object({ x: v.number() })) })
            .index("by_kind_rank", ["kind", "rank"])
            .index("by_x", ["at.x"]),
        });`,
      "things.ts": `
        import { mutationGeneric, queryGeneric } from "convex/server";
        export const add = mutationGeneric({ handler: async (ctx, { things }) => { const ids = []; for (const thing of things) ids.push(await ctx.db.insert("things", thing)); return ids; } });
        export const ranks = queryGeneric({
          handler: async (ctx, { kind, gt, gte, lt, lte, order }) => (await ctx.db.query("things").withIndex("by_kind_rank", (q) => {
            let range = q.eq("kind", kind);
            if (gt !== undefined) range = range.gt("rank", gt);
            if (gte !== undefined) range = range.gte("rank", gte);
            if (lt !== undefined) range = range.lt("rank", lt);
            if (lte !== undefined) range = range.lte("rank", lte);
            return range;
          }).order(order ?? "asc").collect()).map(({ rank }) => rank === undefined ? "missing" : rank),
        });
        export const outOfOrder = queryGeneric({ handler: (ctx) => ctx.db.query("things").withIndex("by_kind_rank", (q) => q.eq("rank", 1)).collect() });
        export const twice = queryGeneric({ handler: (ctx) => ctx.db.query("things").withIndex("by_kind_rank", (q) => q.eq("kind", "n").gt("rank", 1).gt("rank", 2)).collect() });
        export const unknownIndex = queryGeneric({ handler: (ctx) => ctx.db.query("things").withIndex("by_nothing").collect() });
        export const filtered = queryGeneric({ handler: async (ctx, { which }) => (await ctx.db.query("things").withIndex("by_kind_rank", (q) => q.eq("kind", "n")).filter(filters[which]).collect()).map(({ rank }) => rank) });
        const filters = {
          arithmetic: (q) => q.eq(q.mod(q.field("rank"), 2), 1),
          or: (q) => q.or(q.lt(q.field("rank"), 2), q.gte(q.field("rank"), 5)),
          not: (q) => q.not(q.and(q.gt(q.field("rank"), 1), q.lt(q.field("rank"), 5))),
          nested: (q) => q.eq(q.field("at.x"), undefined),
          notBoolean: (q) => q.field("rank"),
        };
        export const take = queryGeneric({ handler: async (ctx, { n }) => (await ctx.db.query("things").order("desc").take(n)).length });
        export const first = queryGeneric({ handler: (ctx) => ctx.db.query("things").filter((q) => q.eq(q.field("rank"), 3)).first() });
        export const unique = queryGeneric({ handler: (ctx) => ctx.db.query("things").unique() });
        export const unknownTable = queryGeneric({ handler: (ctx) => ctx.db.query("nothing").collect() });
        export const count = queryGeneric({ handler: (ctx) => ctx.db.query("things").count() });
        export const byX = queryGeneric({ handler: async (ctx) => (await ctx.db.query("things").withIndex("by_x", (q) => q.gt("at.x", 1)).collect()).map(({ at }) => at.x) });
        export const since = queryGeneric({ handler: async (ctx, { at }) => (await ctx.db.query("things").withIndex("by_creation_time", (q) => q.gt("_creationTime", at)).collect()).length });
        export const after = queryGeneric({ handler: async (ctx, { kind }) => {
          const thing = await ctx.db.query("things").withIndex("by_kind_rank", (q) => q.eq("kind", "n").eq("rank", 3)).unique();
          return (await (kind === undefined
          ? ctx.db.query("things").withIndex("by_creation_time", (q) => q.eq("_creationTime", thing._creationTime).gt("_id", thing._id))
          : ctx.db.query("things").withIndex("by_kind_rank", (q) => q.eq("kind", kind).eq("rank", thing.rank).eq("_creationTime", thing._creationTime).gte("_id", thing._id))
          ).collect()).map(({ rank }) => rank);
        } });
        export const byId = queryGeneric({ handler: async (ctx, { id }) => (await ctx.db.query("things").withIndex("by_id", (q) => q.eq("_id", id)).unique())?._id });
        export const many = mutationGeneric({ handler: async (ctx, { n }) => { for (let i = 0; i < n; i++) await ctx.db.insert("things", { kind: "bulk", rank: i }); } });
        export const normalize = queryGeneric({ handler: (ctx, { id, table }) => ctx.db.normalizeId(table, id) });
        export const interrupted = queryGeneric({ handler: async (ctx) => { for await (const thing of ctx.db.query("things").withIndex("by_kind_rank", (q) => q.eq("kind", "n"))) return thing.rank; } });
      `,
    },
  });
  await backend.mutation("things:add", {
    things: [
      ...[1, 2, 3, 4, 5].map((rank) => ({ kind: "n", rank })),
      { kind: "mixed" },
      { kind: "mixed", rank: null },
      { kind: "mixed", rank: { $integer: "AQAAAAAAAAA=" } },
      { kind: "mixed", rank: 1 },
      { kind: "mixed", rank: "text" },
      { kind: "x", at: { x: 1 } },
      { kind: "x", at: { x: 2 } },
    ],
  });
});

afterAll(() => backend[Symbol.asyncDispose]());

const ranks = (args: JsonObject) => backend.query("things:ranks", args);

test.each([
  [{ gt: 2 }, [3, 4, 5]],
  [{ gte: 2 }, [2, 3, 4, 5]],
  [{ lt: 3 }, [1, 2]],
  [{ lte: 3 }, [1, 2, 3]],
  [{ gt: 1, lt: 5 }, [2, 3, 4]],
  [{ gte: 2, lte: 4, order: "desc" }, [4, 3, 2]],
  [{ gt: 4, lt: 2 }, []],
] as const)("the range %j selects %j", async (bounds, expected) => {
  expect(await ranks({ kind: "n", ...bounds })).toEqual(expected);
});

test("values of different types are ordered as Convex orders them, a missing field first", async () => {
  expect(await ranks({ kind: "mixed" })).toEqual(["missing", null, 1n, 1, "text"]);
  expect(await ranks({ kind: "mixed", gt: null })).toEqual([1n, 1, "text"]);
});

test("an index on a nested field selects by it", async () => {
  expect(await backend.query("things:byX")).toEqual([2]);
});

test.each([
  ["arithmetic", [1, 3, 5]],
  ["or", [1, 5]],
  ["not", [1, 5]],
  ["nested", [1, 2, 3, 4, 5]],
] as const)("the filter %s keeps %j", async (which, expected) => {
  expect(await backend.query("things:filtered", { which })).toEqual(expected);
});

test("a filter that is no condition is an error", async () => {
  await expect(backend.query("things:filtered", { which: "notBoolean" })).rejects.toThrow("must evaluate to a boolean");
});

test.each([
  ["outOfOrder", "didn't use the index fields in order"],
  ["twice", "more than one bound"],
  ["unknownIndex", "Index things.by_nothing not found."],
] as const)("%s is refused with a reason", async (name, message) => {
  await expect(backend.query(`things:${name}`)).rejects.toThrow(message);
});

test("take, first, unique and count answer what they say", async () => {
  expect(await backend.query("things:take", { n: 3 })).toBe(3);
  expect(await backend.query("things:take", { n: 0 })).toBe(0);
  expect(await backend.query("things:first")).toMatchObject({ rank: 3 });
  await expect(backend.query("things:unique")).rejects.toThrow("returned more than one result");
  expect(await backend.query("things:count")).toBe(12);
});

test("an unknown table reads as empty", async () => {
  expect(await backend.query("things:unknownTable")).toEqual([]);
});

test("every table can be read by id and by creation time", async () => {
  const all = await backend.mutation("things:add", { things: [{ kind: "late" }] });
  const id = Array.isArray(all) ? String(all[0]) : "";
  expect(await backend.query("things:byId", { id })).toBe(id);
  expect(await backend.query("things:since", { at: Date.now() + 60_000 })).toBe(0);
});

test("the id is the last field of every index", async () => {
  // Nothing else was made in the same instant; from the thing itself on there is the thing.
  expect(await backend.query("things:after")).toEqual([]);
  expect(await backend.query("things:after", { kind: "n" })).toEqual([3]);
});

test("a query left half-way has read only what it looked at", async () => {
  const { reads, outcome } = await backend.queryResult("things:interrupted");
  expect(outcome).toEqual({ ok: true, value: "1" });
  const touched: boolean[] = [];
  const stop = backend.database.onCommit((commit) => touched.push(reads.overlaps(commit)));
  await backend.mutation("things:add", { things: [{ kind: "n", rank: 1.5 }] });
  await backend.mutation("things:add", { things: [{ kind: "n", rank: 0.5 }] });
  stop();
  expect(touched).toEqual([false, true]);
});

test("ids are known by their table", async () => {
  const [id] = Object.values(Object(await backend.mutation("things:add", { things: [{ kind: "id" }] })));
  expect(await backend.query("things:normalize", { id: String(id), table: "things" })).toBe(id);
  expect(await backend.query("things:normalize", { id: String(id), table: "others" })).toBe(null);
  expect(await backend.query("things:normalize", { id: "nonsense", table: "things" })).toBe(null);
});

test("too many writes in one mutation are refused and leave nothing", async () => {
  await expect(backend.mutation("things:many", { n: 16_001 })).rejects.toThrow("Too many documents written");
  expect(await ranks({ kind: "bulk" })).toEqual([]);
});

test("too many reads in one query are refused", async () => {
  for (let i = 0; i < 3; i++) await backend.mutation("things:many", { n: 11_000 });
  await expect(ranks({ kind: "bulk" })).rejects.toThrow("Too many documents read");
});
