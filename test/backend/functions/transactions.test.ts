import { afterEach, beforeEach, expect, test } from "vitest";
import { TestBackend } from "../deploy/test-backend.ts";

let backend: TestBackend;

beforeEach(async () => {
  backend = await TestBackend.start();
  await backend.push({
    app: {
      "schema.ts": `
        import { defineSchema, defineTable } from "convex/server";
        import { v } from "convex/values";
        export default defineSchema({
          counters: defineTable({ name: v.string(), value: v.number(), note: v.optional(v.string()) }).index("by_name", ["name"]),
        });`,
      "counters.ts": `
        import { makeFunctionReference, mutationGeneric, queryGeneric, internalMutationGeneric } from "convex/server";
        const find = (ctx, name) => ctx.db.query("counters").withIndex("by_name", (q) => q.eq("name", name)).unique();
        export const create = mutationGeneric({ handler: (ctx, { name }) => ctx.db.insert("counters", { name, value: 0 }) });
        export const get = queryGeneric({ handler: async (ctx, { name }) => (await find(ctx, name))?.value ?? null });
        export const increment = mutationGeneric({
          handler: async (ctx, { name, slow }) => {
            const counter = await find(ctx, name);
            console.log("attempt");
            if (slow) await crypto.subtle.digest("SHA-256", new Uint8Array(1 << 16));
            await ctx.db.patch(counter._id, { value: counter.value + 1 });
            return counter.value + 1;
          },
        });
        export const failing = internalMutationGeneric({
          handler: async (ctx, { name }) => {
            await ctx.db.insert("counters", { name: "inner", value: 1 });
            await ctx.db.patch((await find(ctx, name))._id, { value: 99, note: "changed" });
            await ctx.scheduler.runAfter(0, makeFunctionReference("counters:create"), { name: "scheduled" });
            throw new Error("inner failure");
          },
        });
        export const outer = mutationGeneric({
          handler: async (ctx, { name, handle }) => {
            await ctx.db.insert("counters", { name: "outer", value: 1 });
            try {
              await ctx.runMutation(makeFunctionReference("counters:failing"), { name });
            } catch (error) {
              if (!handle) throw error;
              return { caught: error.message, jobs: (await ctx.db.system.query("_scheduled_functions").collect()).length };
            }
          },
        });
        export const sideBySide = mutationGeneric({
          handler: async (ctx, { name }) => {
            const failing = makeFunctionReference("counters:failing");
            const increment = makeFunctionReference("counters:increment");
            const results = await Promise.allSettled([
              ctx.runMutation(increment, { name, slow: true }),
              ctx.runMutation(failing, { name }),
              ctx.runMutation(increment, { name }),
            ]);
            return results.map(({ status }) => status);
          },
        });
        export const nested = mutationGeneric({
          handler: async (ctx, { name }) => {
            const before = await ctx.runQuery(makeFunctionReference("counters:get"), { name });
            await ctx.runMutation(makeFunctionReference("counters:increment"), { name });
            return [before, await ctx.runQuery(makeFunctionReference("counters:get"), { name })];
          },
        });
        export const writeInQuery = queryGeneric({ handler: (ctx) => Convex.asyncSyscall("1.0/insert", JSON.stringify({ table: "counters", value: { name: "x", value: 0 } })) });
        export const endless = mutationGeneric({ handler: (ctx) => ctx.runMutation(makeFunctionReference("counters:endless"), {}) });
        export const patch = mutationGeneric({ handler: async (ctx, { name, change }) => { const counter = await find(ctx, name); await ctx.db.patch(counter._id, change.note === null ? { note: undefined } : change); return ctx.db.get(counter._id); } });
        export const replace = mutationGeneric({ handler: async (ctx, { name, fields }) => { const counter = await find(ctx, name); await ctx.db.replace(counter._id, { ...counter, ...fields }); return ctx.db.get(counter._id); } });
        export const remove = mutationGeneric({ handler: async (ctx, { id }) => ctx.db.delete(id) });
        export const snapshot = queryGeneric({ handler: (ctx) => ctx.meta.getSnapshotTs() });
      `,
    },
  });
  await backend.mutation("counters:create", { name: "a" });
});

afterEach(() => backend[Symbol.asyncDispose]());

test("200 concurrent increments make 200", async () => {
  const results = await Promise.all(
    Array.from({ length: 200 }, () => backend.mutation("counters:increment", { name: "a" })),
  );
  expect(new Set(results).size).toBe(200);
  expect(await backend.query("counters:get", { name: "a" })).toBe(200);
});

test("mutations that wait outside of JavaScript conflict, retry and lose nothing", async () => {
  const results = await Promise.all(
    Array.from({ length: 40 }, () => backend.mutation("counters:increment", { name: "a", slow: true })),
  );
  expect(new Set(results).size).toBe(40);
  expect(await backend.query("counters:get", { name: "a" })).toBe(40);
});

test("no log line of a conflicting attempt is left", async () => {
  const results = await Promise.all(
    Array.from({ length: 8 }, () =>
      backend.runner.runMutation({
        mount: "",
        path: "counters:increment",
        args: { name: "a", slow: true },
        identity: null,
        allowInternal: false,
        requestId: "0",
      }),
    ),
  );
  for (const { logLines } of results) expect(logLines).toEqual(["[LOG] 'attempt'"]);
});

test("a failed nested mutation undoes its own writes and jobs, and its caller may go on", async () => {
  const result = await backend.mutation("counters:outer", { name: "a", handle: true });
  expect(result).toEqual({ caught: expect.stringContaining("Uncaught Error: inner failure"), jobs: 0 });
  expect(await backend.query("counters:get", { name: "outer" })).toBe(1);
  expect(await backend.query("counters:get", { name: "inner" })).toBe(null);
  expect(await backend.query("counters:get", { name: "a" })).toBe(0);
});

test("an error nobody catches undoes everything", async () => {
  await expect(backend.mutation("counters:outer", { name: "a", handle: false })).rejects.toThrow("inner failure");
  expect(await backend.query("counters:get", { name: "outer" })).toBe(null);
});

test("nested calls see what their transaction has written", async () => {
  expect(await backend.mutation("counters:nested", { name: "a" })).toEqual([0, 1]);
});

test("nested calls that are started together do not undo each other", async () => {
  const statuses = await backend.mutation("counters:sideBySide", { name: "a" });
  expect(statuses).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(await backend.query("counters:get", { name: "a" })).toBe(2);
});

test("queries cannot write, whatever they try", async () => {
  await expect(backend.query("counters:writeInQuery")).rejects.toThrow("Can't write to the database from a query");
});

test("endless nesting ends", async () => {
  await expect(backend.mutation("counters:endless")).rejects.toThrow("deeper than 32");
});

test("patch merges and removes, replace keeps the system fields", async () => {
  expect(await backend.mutation("counters:patch", { name: "a", change: { note: "x" } })).toMatchObject({
    value: 0,
    note: "x",
  });
  expect(await backend.mutation("counters:patch", { name: "a", change: { note: null } })).not.toHaveProperty("note");
  expect(await backend.mutation("counters:replace", { name: "a", fields: { value: 5 } })).toMatchObject({
    name: "a",
    value: 5,
  });
  await expect(backend.mutation("counters:replace", { name: "a", fields: { _creationTime: 1 } })).rejects.toThrow(
    'The system field "_creationTime" of a document can\'t change',
  );
});

test("documents are checked against the schema at every write", async () => {
  await expect(backend.mutation("counters:patch", { name: "a", change: { value: "one" } })).rejects.toThrow(
    /table "counters" because it does not match the schema: .*Path: \.value/s,
  );
  await expect(backend.mutation("counters:replace", { name: "a", fields: { extra: 1 } })).rejects.toThrow(
    "extra field `extra`",
  );
  expect(await backend.query("counters:get", { name: "a" })).toBe(0);
});

test("writes to documents that are gone, and ids that are none, are refused", async () => {
  const id = String(await backend.mutation("counters:create", { name: "b" }));
  await backend.mutation("counters:remove", { id });
  await expect(backend.mutation("counters:remove", { id })).rejects.toThrow(`Delete on nonexistent document ID ${id}`);
  await expect(backend.mutation("counters:remove", { id: "abc" })).rejects.toThrow("Unable to decode ID");
});

test("what runs within the transaction is stored with the mutation or not at all", async () => {
  const run = (name: string) =>
    backend.runner.runMutation(
      { mount: "", path: "counters:increment", args: { name }, identity: null, allowInternal: false, requestId: "0" },
      { withinTransaction: (tx, value) => void tx.insert("_system", "_test", { value }) },
    );
  expect((await run("a")).outcome.ok).toBe(true);
  expect((await run("missing")).outcome.ok).toBe(false);
  using tx = backend.database.begin();
  const rows = Array.from(tx.scan("_system", "_test", "by_creation_time", { lower: "", upper: "\u00ff" }, "asc"));
  expect(rows.map(({ document }) => document.value["value"])).toEqual(["1"]);
});

test("the snapshot is given in nanoseconds", async () => {
  const snapshot = await backend.query("counters:snapshot");
  expect(snapshot).toBe(BigInt(backend.database.latest) * 1000n);
});
