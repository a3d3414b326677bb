import { afterAll, beforeAll, expect, test } from "vitest";
import { errorMessage } from "#backend/functions/function-failure.ts";
import type { JsonObject } from "#backend/values/json.ts";
import { TestBackend } from "../deploy/test-backend.ts";

let backend: TestBackend;

beforeAll(async () => {
  backend = await TestBackend.start();
  await backend.push({
    app: {
      "dir/calls.ts": `
        import { actionGeneric, internalQueryGeneric, internalMutationGeneric, internalActionGeneric, makeFunctionReference, mutationGeneric, queryGeneric } from "convex/server";
        import { ConvexError, v } from "convex/values";
        export default queryGeneric({ handler: () => "default" });
        export const notAFunction = 42;
        export const hidden = internalQueryGeneric({ handler: () => "hidden" });
        export const hiddenMutation = internalMutationGeneric({ handler: () => null });
        export const hiddenAction = internalActionGeneric({ handler: () => null });
        export const strict = queryGeneric({ args: { n: v.number(), tags: v.optional(v.array(v.string())) }, returns: v.string(), handler: (_ctx, { n }) => (n === 0 ? 0 : String(n)) });
        export const echo = queryGeneric({ handler: (_ctx, args) => args });
        export const nothing = queryGeneric({ handler: () => undefined });
        export const unsupported = queryGeneric({ handler: () => new Set([1]) });
        export const crash = queryGeneric({ handler: function inner() { throw new RangeError("secret detail"); } });
        export const refuse = mutationGeneric({ handler: () => { throw new ConvexError({ code: "NO", n: 1n }); } });
        export const throwText = queryGeneric({ handler: () => { throw "just text"; } });
        export const passOn = actionGeneric({ handler: (ctx) => ctx.runMutation(makeFunctionReference("dir/calls:refuse"), {}) });
        export const inspect = actionGeneric({ handler: async (ctx) => { try { await ctx.runMutation(makeFunctionReference("dir/calls:refuse"), {}); } catch (error) { return { isConvexError: error instanceof ConvexError, data: error.data }; } } });
        export const useHidden = actionGeneric({ handler: (ctx) => ctx.runQuery(makeFunctionReference("dir/calls:hidden"), {}) });
        export const who = queryGeneric({ handler: async (ctx) => ctx.auth.getUserIdentity() });
        export const time = queryGeneric({ handler: () => Date.now() > 0 });
      `,
    },
  });
});

afterAll(() => backend[Symbol.asyncDispose]());

test.each(["dir/calls", "dir/calls:default", "dir/calls.js:default"])("%s names the default export", async (path) => {
  expect(await backend.query(path)).toBe("default");
});

test("an internal function and a missing one give the same error to end users", async () => {
  const errorOf = async (path: string): Promise<unknown> => {
    const { outcome } = await backend.queryResult(path);
    return outcome.ok ? null : { ...outcome.error, message: outcome.error.message.replace(path, "PATH") };
  };
  const missing = await errorOf("dir/calls:missing");
  expect(missing).toEqual({
    name: "Error",
    message:
      "Could not find public function for 'PATH'. Did you forget to run `npx convex dev` or `npx convex deploy`?",
  });
  for (const path of ["dir/calls:hidden", "dir/calls:notAFunction", "nowhere:hidden"]) {
    expect(await errorOf(path)).toEqual(missing);
  }
  await expect(backend.mutation("dir/calls:hiddenMutation")).rejects.toThrow("Could not find public function");
  await expect(backend.action("dir/calls:hiddenAction")).rejects.toThrow("Could not find public function");
});

test("an internal function called as the wrong kind does not show that it exists", async () => {
  await expect(backend.mutation("dir/calls:hidden")).rejects.toThrow(
    "Could not find public function for 'dir/calls:hidden'",
  );
});

test("admins and the app's own actions may call internal functions", async () => {
  expect(await backend.query("dir/calls:hidden", {}, { allowInternal: true })).toBe("hidden");
  expect(await backend.action("dir/calls:useHidden")).toBe("hidden");
});

test("a function called as another kind says what it is", async () => {
  await expect(backend.mutation("dir/calls:echo")).rejects.toThrow(
    "Trying to execute dir/calls:echo as Mutation, but it is defined as Query.",
  );
});

test.each<[JsonObject, string]>([
  [{}, "ArgumentValidationError: Object is missing the required field `n`"],
  [{ n: "1" }, "ArgumentValidationError: Value does not match validator."],
  [{ n: 1, other: 1 }, "ArgumentValidationError: Object contains extra field `other`"],
  [{ n: 1, tags: [1] }, "Path: .tags[0]"],
  [{ n: 0 }, "ReturnsValidationError: Value does not match validator."],
])("strict(%j) is refused: %s", async (args, message) => {
  await expect(backend.query("dir/calls:strict", args)).rejects.toThrow(message);
});

test("values of every type go in and come out", async () => {
  const args = {
    i: { $integer: "AQAAAAAAAAA=" },
    b: { $bytes: "AQI=" },
    f: { $float: "AAAAAAAA+H8=" },
    list: [null, true, "x"],
  };
  const { outcome } = await backend.queryResult("dir/calls:echo", args);
  expect(outcome).toEqual({ ok: true, value: JSON.stringify({ b: args.b, f: args.f, i: args.i, list: args.list }) });
  expect(await backend.query("dir/calls:nothing")).toBe(null);
  await expect(backend.query("dir/calls:unsupported")).rejects.toThrow("is not a supported Convex type");
});

test("an error shows its message and mapped frames in development, and only a request id in production", async () => {
  const { outcome } = await backend.queryResult("dir/calls:crash");
  if (outcome.ok) throw new Error("It should have failed.");
  const development = errorMessage(outcome.error, "0123456789abcdef", false);
  expect(development).toMatch(
    /^\[Request ID: 0123456789abcdef\] Server Error\nUncaught RangeError: secret detail\n {4}at inner \(virtual:dir\/calls\.ts:\d+:\d+\)/,
  );
  expect(errorMessage(outcome.error, "0123456789abcdef", true)).toBe("[Request ID: 0123456789abcdef] Server Error");
});

test("a thrown text is reported as such", async () => {
  await expect(backend.query("dir/calls:throwText")).rejects.toThrow("Uncaught Error: just text");
});

test("the data of a ConvexError survives every call on its way out", async () => {
  const data = { code: "NO", n: { $integer: "AQAAAAAAAAA=" } };
  await expect(backend.mutation("dir/calls:refuse")).rejects.toMatchObject({ data });
  await expect(backend.action("dir/calls:passOn")).rejects.toMatchObject({ data });
  expect(await backend.action("dir/calls:inspect")).toEqual({ isConvexError: true, data: { code: "NO", n: 1n } });
});

test("a result says whether it depends on the caller and on the clock", async () => {
  const identity = { tokenIdentifier: "i|s", subject: "s", issuer: "i" };
  expect(await backend.queryResult("dir/calls:who", {}, { identity })).toMatchObject({
    usedIdentity: true,
    observedTime: false,
  });
  expect(await backend.queryResult("dir/calls:time", {}, { identity })).toMatchObject({
    usedIdentity: false,
    observedTime: true,
  });
});

test("before the first push nothing is found", async () => {
  await using empty = await TestBackend.start();
  await expect(empty.query("dir/calls")).rejects.toThrow("Could not find public function for 'dir/calls:default'");
  expect((await empty.runner.runHttpAction(new Request("http://site.test/"))).status).toBe(404);
});
