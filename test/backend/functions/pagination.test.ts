import { afterEach, beforeEach, expect, test } from "vitest";
import type { JsonObject, JsonValue } from "#backend/values/json.ts";
import { TestBackend } from "../deploy/test-backend.ts";

let backend: TestBackend;

beforeEach(async () => {
  backend = await TestBackend.start();
  await backend.push({
    app: {
      "schema.ts": `
        import { defineSchema, defineTable } from "convex/server";
        import { v } from "convex/values";
        export default defineSchema({ rows: defineTable({ n: v.number() }).index("by_n", ["n"]) });`,
      "rows.ts": `
        import { mutationGeneric, queryGeneric } from "convex/server";
        export const add = mutationGeneric({ handler: async (ctx, { ns }) => { for (const n of ns) await ctx.db.insert("rows", { n }); } });
        export const remove = mutationGeneric({ handler: async (ctx, { n }) => { const row = await ctx.db.query("rows").withIndex("by_n", (q) => q.eq("n", n)).unique(); await ctx.db.delete(row._id); } });
        export const page = queryGeneric({ handler: (ctx, { order, opts }) => ctx.db.query("rows").withIndex("by_n").order(order ?? "asc").paginate(opts) });
        export const even = queryGeneric({ handler: (ctx, { opts }) => ctx.db.query("rows").withIndex("by_n").filter((q) => q.eq(q.mod(q.field("n"), 2), 0)).paginate(opts) });
        export const twice = queryGeneric({ handler: async (ctx, { opts }) => { await ctx.db.query("rows").paginate(opts); await ctx.db.query("rows").paginate(opts); } });
      `,
    },
  });
});

afterEach(() => backend[Symbol.asyncDispose]());

interface Page {
  readonly ns: readonly JsonValue[];
  readonly isDone: boolean;
  readonly continueCursor: string;
  readonly journal: string | null;
  readonly pageStatus: JsonValue;
  readonly splitCursor: JsonValue;
}

async function page(
  opts: JsonObject,
  { path = "rows:page", ...args }: { path?: string; order?: string } = {},
  journal: string | null = null,
): Promise<Page> {
  const result = await backend.queryResult(path, { opts, ...args }, { journal });
  if (!result.outcome.ok)
    throw Object.assign(new Error(result.outcome.error.message), { data: result.outcome.error.data });
  const value: {
    page: { n: number }[];
    isDone: boolean;
    continueCursor: string;
    pageStatus: JsonValue;
    splitCursor: JsonValue;
  } = JSON.parse(result.outcome.value);
  return { ...value, ns: value.page.map(({ n }) => n), journal: result.journal };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

test.each(["asc", "desc"])("pages in %s order visit every row once", async (order) => {
  await backend.mutation("rows:add", { ns: range(0, 25) });
  const seen: JsonValue[] = [];
  let cursor: string | null = null;
  for (let isDone = false; !isDone;) {
    const next: Page = await page({ numItems: 4, cursor }, { order });
    seen.push(...next.ns);
    ({ isDone } = next);
    cursor = next.continueCursor;
  }
  expect(seen).toEqual(order === "asc" ? range(0, 25) : range(0, 25).toReversed());
});

test.each(["asc", "desc"])("live pages in %s order stay gapless while rows come and go", async (order) => {
  await backend.mutation("rows:add", { ns: range(0, 30).map((n) => n * 10) });
  const first = await page({ numItems: 10, cursor: null }, { order });
  const second = await page({ numItems: 10, cursor: first.continueCursor }, { order });

  await backend.mutation("rows:add", { ns: [5, 15, 95, 105, 195, 205, 285] });
  await backend.mutation("rows:remove", { n: order === "asc" ? 90 : 200 });

  const firstAgain = await page({ numItems: 10, cursor: null }, { order }, first.journal);
  const secondAgain = await page({ numItems: 10, cursor: first.continueCursor }, { order }, second.journal);
  const rest = await page({ numItems: 100, cursor: second.continueCursor }, { order });

  const expected = [...range(0, 30).map((n) => n * 10), 5, 15, 95, 105, 195, 205, 285]
    .filter((n) => n !== (order === "asc" ? 90 : 200))
    .toSorted((a, b) => (order === "asc" ? a - b : b - a));
  expect([...firstAgain.ns, ...secondAgain.ns, ...rest.ns]).toEqual(expected);
  expect(firstAgain.continueCursor).toBe(first.continueCursor);
  expect(firstAgain.ns).not.toHaveLength(10);
});

test("the last page grows with rows that come after it", async () => {
  await backend.mutation("rows:add", { ns: [1, 2] });
  const only = await page({ numItems: 10, cursor: null });
  expect(only).toMatchObject({ ns: [1, 2], isDone: true });
  await backend.mutation("rows:add", { ns: [3] });
  expect(await page({ numItems: 10, cursor: null }, {}, only.journal)).toMatchObject({ ns: [1, 2, 3], isDone: true });
});

test("the same position always has the same cursor text", async () => {
  await backend.mutation("rows:add", { ns: range(0, 10) });
  const first = await page({ numItems: 3, cursor: null });
  expect((await page({ numItems: 3, cursor: null })).continueCursor).toBe(first.continueCursor);
});

test("a page up to an end cursor holds exactly what lies before it", async () => {
  await backend.mutation("rows:add", { ns: range(0, 10) });
  const first = await page({ numItems: 3, cursor: null });
  const second = await page({ numItems: 3, cursor: first.continueCursor });
  expect((await page({ numItems: 1, cursor: null, endCursor: second.continueCursor })).ns).toEqual(range(0, 6));
});

test("filtered rows do not count to the page but are passed over only once", async () => {
  await backend.mutation("rows:add", { ns: range(0, 20) });
  const first = await page({ numItems: 3, cursor: null }, { path: "rows:even" });
  expect(first.ns).toEqual([0, 2, 4]);
  expect((await page({ numItems: 3, cursor: first.continueCursor }, { path: "rows:even" })).ns).toEqual([6, 8, 10]);
});

test("a page that reads too many rows ends early and says so", async () => {
  await backend.mutation("rows:add", { ns: range(0, 20) });
  const first = await page({ numItems: 10, cursor: null, maximumRowsRead: 5 }, { path: "rows:even" });
  expect(first).toMatchObject({ ns: [0, 2, 4], isDone: false, pageStatus: "SplitRequired" });
  expect((await page({ numItems: 1, cursor: first.continueCursor }, { path: "rows:even" })).ns).toEqual([6]);
});

test("a page over a fixed range that is too long can be split without losing rows", async () => {
  await backend.mutation("rows:add", { ns: range(0, 20) });
  const whole = await page({ numItems: 20, cursor: null });
  const long = await page({ numItems: 20, cursor: null, endCursor: whole.continueCursor, maximumRowsRead: 8 });
  expect(long.pageStatus).toBe("SplitRequired");
  const left = await page({ numItems: 20, cursor: null, endCursor: long.splitCursor });
  const right = await page({ numItems: 20, cursor: long.splitCursor, endCursor: long.continueCursor });
  expect([...left.ns, ...right.ns]).toEqual(range(0, 20));
});

test("the cursor of another query is refused in the way the React client understands", async () => {
  await backend.mutation("rows:add", { ns: range(0, 10) });
  const { continueCursor } = await page({ numItems: 3, cursor: null });
  await expect(page({ numItems: 3, cursor: continueCursor }, { order: "desc" })).rejects.toMatchObject({
    data: { isConvexSystemError: true, paginationError: "InvalidCursor" },
  });
});

test("a function pages once", async () => {
  await expect(page({ numItems: 3, cursor: null }, { path: "rows:twice" })).rejects.toThrow(
    "multiple paginated queries",
  );
});
