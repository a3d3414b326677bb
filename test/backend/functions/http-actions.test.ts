import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestBackend } from "../deploy/test-backend.ts";

const http = `
  import { httpActionGeneric, httpRouter, makeFunctionReference } from "convex/server";
  const http = httpRouter();
  const say = (text) => httpActionGeneric(async () => new Response(text));
  http.route({ path: "/exact", method: "GET", handler: say("exact") });
  http.route({ path: "/api/special", method: "GET", handler: say("special") });
  http.route({ pathPrefix: "/api/", method: "GET", handler: say("prefix") });
  http.route({ pathPrefix: "/api/v1/", method: "GET", handler: say("longer prefix") });
  http.route({ path: "/json", method: "POST", handler: httpActionGeneric(async (_ctx, request) => { const body = await request.json(); return Response.json({ plain: body.constructor === Object && body.list instanceof Array, body }); }) });
  http.route({ path: "/crash", method: "GET", handler: httpActionGeneric(() => { throw new Error("secret detail"); }) });
  http.route({ path: "/nothing", method: "GET", handler: httpActionGeneric(async () => undefined) });
  http.route({ path: "/who", method: "GET", handler: httpActionGeneric(async (ctx) => Response.json(await ctx.auth.getUserIdentity())) });
  http.route({ path: "/count", method: "POST", handler: httpActionGeneric(async (ctx) => { await ctx.runMutation(makeFunctionReference("notes:add"), {}); return Response.json(await ctx.runQuery(makeFunctionReference("notes:count"), {})); }) });
  http.route({ path: "/meta", method: "GET", handler: httpActionGeneric(async (ctx) => Response.json(await ctx.meta.getRequestMetadata())) });
  export default http;
`;

const notes = `
  import { internalMutationGeneric, internalQueryGeneric } from "convex/server";
  export const add = internalMutationGeneric({ handler: async (ctx) => { await ctx.db.insert("notes", {}); } });
  export const count = internalQueryGeneric({ handler: async (ctx) => (await ctx.db.query("notes").collect()).length });
`;

async function start(production: boolean): Promise<TestBackend> {
  const backend = await TestBackend.start({ production });
  await backend.push({
    app: {
      "http.ts": http,
      "notes.ts": notes,
      "convex.config.ts": `
        import { defineApp } from "convex/server";
        import child from "_componentDeps:child";
        const app = defineApp();
        app.use(child, { name: "child", httpPrefix: "/child/" });
        export default app;`,
    },
    dependencies: ["child"],
    components: {
      child: {
        files: {
          "http.ts": `
            import { httpActionGeneric, httpRouter, makeFunctionReference } from "convex/server";
            const http = httpRouter();
            http.route({ path: "/count", method: "GET", handler: httpActionGeneric(async (ctx) => Response.json(await ctx.runQuery(makeFunctionReference("notes:count"), {}))) });
            export default http;`,
          "notes.ts": notes,
          "convex.config.ts": `import { defineComponent } from "convex/server"; export default defineComponent("child");`,
        },
      },
    },
  });
  return backend;
}

describe("HTTP actions", () => {
  let backend: TestBackend;
  beforeAll(async () => {
    backend = await start(true);
  });
  afterAll(() => backend[Symbol.asyncDispose]());

  const ask = async (path: string, init?: RequestInit): Promise<[number, string]> => {
    const response = await backend.runner.runHttpAction(new Request(`http://site.test${path}`, init));
    return [response.status, await response.text()];
  };

  test.each([
    ["/exact", "exact"],
    ["/exact?query=/api/", "exact"],
    ["/api/special", "special"],
    ["/api/other", "prefix"],
    ["/api/v1/other", "longer prefix"],
  ])("GET %s goes to %s", async (path, text) => {
    expect(await ask(path)).toEqual([200, text]);
  });

  test("HEAD is answered by the GET route", async () => {
    expect((await ask("/exact", { method: "HEAD" }))[0]).toBe(200);
  });

  test.each([
    ["GET", "/exact/"],
    ["POST", "/exact"],
    ["GET", "/api"],
    ["GET", "/child/other"],
  ])("%s %s has no route", async (method, path) => {
    expect((await ask(path, { method }))[0]).toBe(404);
  });

  test("a child component's routes are served below its prefix, from its own tables", async () => {
    await ask("/count", { method: "POST" });
    expect(await ask("/child/count")).toEqual([200, "0"]);
  });

  test("parsed bodies are made of the realm's own objects", async () => {
    const [, text] = await ask("/json", { method: "POST", body: '{"list":[1]}' });
    expect(JSON.parse(text)).toEqual({ plain: true, body: { list: [1] } });
  });

  test("an action reads its own writes", async () => {
    const [, before] = await ask("/count", { method: "POST" });
    expect(await ask("/count", { method: "POST" })).toEqual([200, String(Number(before) + 1)]);
  });

  test("an uncaught error is status 500 and keeps its text to itself in production", async () => {
    const caller = { identity: null, requestId: "0123456789abcdef" };
    const response = await backend.runner.runHttpAction(new Request("http://site.test/crash"), caller);
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ code: "[Request ID: 0123456789abcdef] Server Error" });
  });

  test("an action that answers nothing is an error", async () => {
    expect((await ask("/nothing"))[0]).toBe(500);
  });

  test("identity and client are known to the action", async () => {
    const identity = { tokenIdentifier: "i|s", subject: "s", issuer: "i" };
    const caller = { identity, requestId: "abc", client: { ip: "192.0.2.1", userAgent: "test" } };
    const who = await backend.runner.runHttpAction(new Request("http://site.test/who"), caller);
    expect(await who.json()).toEqual(identity);
    const meta = await backend.runner.runHttpAction(new Request("http://site.test/meta"), caller);
    expect(await meta.json()).toMatchObject({ ip: "192.0.2.1", userAgent: "test", requestId: "abc" });
  });
});

test("in development the answer says what went wrong", async () => {
  await using backend = await start(false);
  const response = await backend.runner.runHttpAction(new Request("http://site.test/crash"));
  expect(await response.json()).toMatchObject({ trace: expect.stringContaining("Uncaught Error: secret detail") });
});
