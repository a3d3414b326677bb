import { afterAll, beforeAll, expect, test } from "vitest";
import { TestBackend } from "../deploy/test-backend.ts";

let backend: TestBackend;

const store = `
  import { actionGeneric, makeFunctionReference, mutationGeneric, queryGeneric, internalQueryGeneric, createFunctionHandle, componentsGeneric } from "convex/server";
  import { v } from "convex/values";
  let calls = 0;
  const components = componentsGeneric();
  export const add = mutationGeneric({ args: { text: v.string() }, handler: (ctx, { text }) => ctx.db.insert("notes", { text }) });
  export const list = queryGeneric({ handler: async (ctx) => (await ctx.db.query("notes").collect()).map(({ text }) => text) });
  export const peek = queryGeneric({ handler: (ctx, { id }) => ctx.db.get(id) });
  export const overwrite = mutationGeneric({ handler: (ctx, { id }) => ctx.db.patch(id, { text: "mine now" }) });
  export const accepts = queryGeneric({ args: { id: v.id("notes") }, handler: () => true });
  export const secret = internalQueryGeneric({ handler: () => "secret" });
  export const environment = queryGeneric({ handler: () => ({ ...process.env }) });
  export const calls_ = queryGeneric({ handler: () => ++calls });
  export const who = queryGeneric({ handler: async (ctx) => ({ identity: (await ctx.auth.getUserIdentity())?.subject, ...(await ctx.meta.getFunctionMetadata()) }) });
  export const fail = mutationGeneric({ handler: async (ctx) => { await ctx.db.insert("notes", { text: "doomed" }); throw new Error("component failure"); } });
  export const addBelow = mutationGeneric({ handler: (ctx, args) => ctx.runMutation(components.inner.store.add, args) });
  export const listBelow = queryGeneric({ handler: (ctx) => ctx.runQuery(components.inner.store.list, {}) });
  export const callBack = mutationGeneric({ handler: (ctx, { handle, args }) => ctx.runMutation(handle, args) });
  export const later = mutationGeneric({ handler: (ctx) => ctx.scheduler.runAfter(1000, makeFunctionReference("store:add"), { text: "later" }) });
  export const jobs = queryGeneric({ handler: async (ctx) => (await ctx.db.system.query("_scheduled_functions").collect()).map(({ name, args, state }) => ({ name, args, state })) });
`;

const schema = `
  import { defineSchema, defineTable } from "convex/server";
  import { v } from "convex/values";
  export default defineSchema({ notes: defineTable({ text: v.string() }) });`;

const app = `
  import { actionGeneric, componentsGeneric, createFunctionHandle, makeFunctionReference, mutationGeneric, queryGeneric } from "convex/server";
  const components = componentsGeneric();
  export const add = mutationGeneric({ handler: (ctx, { to, text }) => ctx.runMutation(components[to].store.add, { text }) });
  export const list = queryGeneric({ handler: (ctx, { from }) => ctx.runQuery(components[from].store.list, {}) });
  export const call = mutationGeneric({ handler: (ctx, { of, name, args }) => ctx.runMutation(components[of].store[name], args ?? {}) });
  export const ask = queryGeneric({ handler: (ctx, { of, name, args }) => ctx.runQuery(components[of].store[name], args ?? {}) });
  export const act = actionGeneric({ handler: (ctx, { of, name, args }) => ctx.runQuery(components[of].store[name], args ?? {}) });
  export const own = queryGeneric({ handler: async (ctx) => (await ctx.db.query("notes").collect()).length });
  export const record = mutationGeneric({ handler: (ctx, { text }) => ctx.db.insert("notes", { text: "app: " + text }) });
  export const throughHandle = mutationGeneric({ handler: async (ctx) => ctx.runMutation(components.left.store.callBack, { handle: await createFunctionHandle(makeFunctionReference("app:record")), args: { text: "handled" } }) });
  export const handle = mutationGeneric({ handler: () => createFunctionHandle(makeFunctionReference("app:record")) });
  export const viaHandle = actionGeneric({ handler: (ctx, { handle }) => ctx.runMutation(handle, { text: "by action" }) });
  export const survive = mutationGeneric({ handler: async (ctx) => { try { await ctx.runMutation(components.left.store.fail, {}); } catch (error) { return error.message; } } });
`;

beforeAll(async () => {
  backend = await TestBackend.start({ environment: { APP_ONLY: "hidden", SHARED: "from the app" } });
  await backend.push({
    app: {
      "schema.ts": schema,
      "app.ts": app,
      "convex.config.ts": `
        import { defineApp } from "convex/server";
        import { v } from "convex/values";
        import outer from "_componentDeps:outer";
        const app = defineApp({ env: { SHARED: v.string() } });
        app.use(outer, { name: "left", env: { PASSED: app.env.SHARED, FIXED: "left" } });
        app.use(outer, { name: "right", env: { FIXED: "right" } });
        export default app;`,
    },
    dependencies: ["outer"],
    components: {
      outer: {
        dependencies: ["inner"],
        files: {
          "schema.ts": schema,
          "store.ts": store,
          "convex.config.ts": `
            import { defineComponent } from "convex/server";
            import { v } from "convex/values";
            import inner from "_componentDeps:inner";
            const component = defineComponent("outer", { env: { PASSED: v.optional(v.string()), FIXED: v.string() } });
            component.use(inner);
            export default component;`,
        },
      },
      inner: {
        files: {
          "schema.ts": schema,
          "store.ts": store,
          "convex.config.ts": `import { defineComponent } from "convex/server"; export default defineComponent("inner");`,
        },
      },
    },
  });
});

afterAll(() => backend[Symbol.asyncDispose]());

const ask = (of: string, name: string, args = {}) => backend.query("app:ask", { of, name, args });
const call = (of: string, name: string, args = {}) => backend.mutation("app:call", { of, name, args });

test("every mount has its own tables, nested ones included", async () => {
  await backend.mutation("app:add", { to: "left", text: "L" });
  await backend.mutation("app:add", { to: "right", text: "R" });
  await call("left", "addBelow", { text: "below L" });
  expect(await ask("left", "list")).toEqual(["L"]);
  expect(await ask("right", "list")).toEqual(["R"]);
  expect(await ask("left", "listBelow")).toEqual(["below L"]);
  expect(await ask("right", "listBelow")).toEqual([]);
  expect(await backend.query("app:own")).toBe(0);
  expect(await backend.action("app:act", { of: "left", name: "listBelow" })).toEqual(["below L"]);
});

test("the id of one mount means nothing in another", async () => {
  const id = String(await backend.mutation("app:add", { to: "left", text: "private" }));
  expect(await ask("left", "peek", { id })).toMatchObject({ text: "private" });
  expect(await ask("right", "peek", { id })).toBe(null);
  expect(await ask("left", "accepts", { id })).toBe(true);
  await expect(ask("right", "accepts", { id })).rejects.toThrow("ArgumentValidationError");
  await expect(call("right", "overwrite", { id })).rejects.toThrow("belongs to no table of this component");
  expect(await ask("left", "peek", { id })).toMatchObject({ text: "private" });
});

test("a component's variables are those it is given, and the origins", async () => {
  const origins = { CONVEX_CLOUD_URL: "http://cloud.test", CONVEX_SITE_URL: "http://site.test" };
  expect(await ask("left", "environment")).toEqual({ ...origins, PASSED: "from the app", FIXED: "left" });
  expect(await ask("right", "environment")).toEqual({ ...origins, FIXED: "right" });
});

test("mounts of one definition do not share module state", async () => {
  const left = Number(await ask("left", "calls_"));
  await ask("right", "calls_");
  await ask("right", "calls_");
  expect(await ask("left", "calls_")).toBe(left + 1);
});

test("a parent reaches public functions of its child only", async () => {
  await expect(ask("left", "secret")).rejects.toThrow(
    "Could not find public function for 'store:secret' in component 'left'",
  );
  await expect(ask("left", "missing")).rejects.toThrow(
    "Could not find public function for 'store:missing' in component 'left'",
  );
  await expect(ask("nowhere", "list")).rejects.toThrow('Child component "nowhere" is not installed');
});

test("an end user cannot name a component's function directly", async () => {
  await expect(backend.query("left/store:list")).rejects.toThrow(
    "Could not find public function for 'left/store:list'",
  );
});

test("the caller's identity and the mount's name reach the component", async () => {
  const identity = { tokenIdentifier: "i|s", subject: "s", issuer: "i" };
  expect(await backend.query("app:ask", { of: "left", name: "who" }, { identity })).toEqual({
    identity: "s",
    name: "store:who",
    componentPath: "left",
    type: "query",
    visibility: "public",
  });
});

test("a failed component call undoes its writes and may be caught", async () => {
  expect(await backend.mutation("app:survive")).toContain("component failure");
  expect(await ask("left", "list")).not.toContain("doomed");
});

test("a handle calls back into the app, from a component and after another push", async () => {
  const before = Number(await backend.query("app:own"));
  await backend.mutation("app:throughHandle");
  expect(await backend.query("app:own")).toBe(before + 1);
  const handle = String(await backend.mutation("app:handle"));
  expect(handle).toMatch(/^function:\/\//);
  await backend.action("app:viaHandle", { handle });
  expect(await backend.query("app:own")).toBe(before + 2);
});

test("scheduled jobs belong to the mount that scheduled them", async () => {
  await call("left", "later");
  expect(await ask("left", "jobs")).toEqual([
    { name: "store.js:add", args: [{ text: "later" }], state: { kind: "pending" } },
  ]);
  expect(await ask("right", "jobs")).toEqual([]);
});
