import { expect, test } from "vitest";
import { TestBackend } from "../deploy/test-backend.ts";

test("a pushed app answers queries, mutations and actions", async () => {
  await using backend = await TestBackend.start();
  await backend.push({
    app: {
      "schema.ts": `
        import { defineSchema, defineTable } from "convex/server";
        import { v } from "convex/values";
        export default defineSchema({
          messages: defineTable({ body: v.string(), n: v.int64() }).index("by_body", ["body"]),
        });`,
      "messages.ts": `
        import { actionGeneric, mutationGeneric, queryGeneric, makeFunctionReference } from "convex/server";
        import { v } from "convex/values";
        export const list = queryGeneric({ args: {}, handler: (ctx) => ctx.db.query("messages").collect() });
        export const send = mutationGeneric({
          args: { body: v.string() },
          handler: (ctx, { body }) => ctx.db.insert("messages", { body, n: 7n }),
        });
        export const both = actionGeneric({
          args: { body: v.string() },
          handler: async (ctx, { body }) => {
            await ctx.runMutation(makeFunctionReference("messages:send"), { body });
            return ctx.runQuery(makeFunctionReference("messages:list"), {});
          },
        });`,
    },
  });
  expect(await backend.query("messages:list")).toEqual([]);
  const id = await backend.mutation("messages:send", { body: "hello" });
  expect(await backend.query("messages:list")).toEqual([
    { _id: id, _creationTime: expect.any(Number), body: "hello", n: 7n },
  ]);
  expect(await backend.action("messages:both", { body: "again" })).toMatchObject([
    { body: "hello" },
    { body: "again" },
  ]);
});
