import { brotliCompressSync, gzipSync } from "node:zlib";
import { version } from "convex";
import { afterAll, beforeAll, expect, test } from "vitest";
import { counterApp } from "../clients/counter-app.ts";
import { type RunningBackend, runBackend } from "../clients/running-backend.ts";

let backend: RunningBackend;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  backend = stack.use(await runBackend({ production: true, limits: { publicApiBodyBytes: 2_000 } }));
  await backend.push(
    counterApp({
      "crons.ts": `
        import { cronJobs, makeFunctionReference } from "convex/server";
        const crons = cronJobs();
        crons.interval("count", { hours: 1 }, makeFunctionReference("counter:increment"), { name: "cron" });
        export default crons;`,
      "later.ts": `
        import { mutationGeneric, queryGeneric, makeFunctionReference } from "convex/server";
        export const schedule = mutationGeneric(async (ctx, { name }) => {
          await ctx.scheduler.runAfter(0, makeFunctionReference("counter:increment"), { name });
          await ctx.scheduler.runAfter(0, makeFunctionReference("counter:viaAction"), { name });
        });
        export const states = queryGeneric(async (ctx) =>
          (await ctx.db.system.query("_scheduled_functions").collect()).map((job) => job.state.kind));`,
    }),
  );
});
afterAll(() => stack.disposeAsync());

interface Call {
  readonly headers?: Record<string, string>;
  readonly body?: BodyInit;
  readonly origin?: string;
}

async function post(path: string, value: unknown, { headers = {}, body, origin = backend.siteUrl }: Call = {}) {
  const init = { method: "POST", headers, body: body ?? JSON.stringify(value) };
  const response = await fetch(`${origin}${path}`, init);
  const json: unknown = await response.json();
  return { status: response.status, json, headers: response.headers };
}

test("a call without a Convex client gets plain JSON by path, body or parameters", async () => {
  const int = { int: "7", nan: "NaN", bytes: "AQI=" };
  expect((await post("/api/query", { path: "counter:values", args: {} })).json).toMatchObject({ value: int });
  expect((await post("/api/run/counter/values", { args: {} })).json).toMatchObject({ status: "success", value: int });
  const parameters = new URLSearchParams({ path: "counter:get", args: '{"name":"x"}' });
  expect(await (await fetch(`${backend.siteUrl}/api/query?${parameters}`)).json()).toMatchObject({ value: 0 });
});

test("in production the message is hidden, a ConvexError's data is not, and log lines stay home", async () => {
  const crash = await post("/api/query", { path: "counter:crash", args: {} });
  expect(crash).toMatchObject({
    status: 560,
    json: {
      status: "error",
      errorMessage: expect.stringMatching(/^\[Request ID: [0-9a-f]{16}\] Server Error$/),
      logLines: [],
    },
  });
  expect(crash.json).not.toHaveProperty("errorData");
  expect((await post("/api/mutation", { path: "counter:refuse", args: {} })).json).toMatchObject({
    errorData: { code: "REFUSED", n: "1" },
  });
  expect((await post("/api/action", { path: "counter:viaAction", args: { name: "log" } })).json).toMatchObject({
    value: 1,
    logLines: [],
  });
});

test("an admin sees the message, the log lines and internal functions", async () => {
  const headers = { authorization: `Convex ${backend.adminKey}` };
  const ask = (path: string, args: object) =>
    post("/api/function", { path, args }, { headers, origin: backend.apiUrl });
  expect((await ask("counter:crash", {})).json).toMatchObject({
    errorMessage: expect.stringContaining("secret detail"),
  });
  expect((await ask("counter:hidden", {})).json).toMatchObject({ value: "hidden" });
  expect((await ask("counter:viaAction", { name: "admin" })).json).toMatchObject({
    logLines: [expect.stringContaining("from the action")],
  });
});

test("no admin key counts on the public listener, and there are no deploy routes", async () => {
  const headers = { authorization: `Convex ${backend.adminKey}` };
  const call = { path: "counter:hidden", args: {} };
  expect(await post("/api/query", call, { headers })).toMatchObject({
    status: 403,
    json: { code: "AdminNotAcceptedHere" },
  });
  for (const path of ["/api/get_config_hashes", "/api/deploy2/start_push", "/api/update_environment_variables"]) {
    expect((await post(path, { adminKey: backend.adminKey }, { headers })).status).toBe(404);
  }
});

test("deploy routes want the right admin key, in a header or in the body", async () => {
  const route = "/api/get_config_hashes";
  const origin = backend.apiUrl;
  expect((await post(route, {}, { origin })).status).toBe(401);
  expect((await post(route, { adminKey: "no" }, { origin })).status).toBe(403);
  expect((await post(route, { adminKey: backend.adminKey }, { origin })).status).toBe(200);
  const headers = { authorization: `Convex ${backend.adminKey}` };
  expect((await post(route, {}, { origin, headers })).status).toBe(200);
});

test("bodies may be compressed, and are measured as they unfold", async () => {
  const text = JSON.stringify({ path: "counter:get", args: { name: "z" } });
  const send = (encoding: string, body: Uint8Array<ArrayBuffer>) =>
    post("/api/query", null, { headers: { "content-encoding": encoding }, body });
  expect((await send("br", Uint8Array.from(brotliCompressSync(text)))).json).toMatchObject({ value: 0 });
  expect((await send("gzip", Uint8Array.from(gzipSync(text)))).json).toMatchObject({ value: 0 });
  const bomb = JSON.stringify({ path: "counter:get", args: { name: "z".repeat(100_000) } });
  expect((await send("br", Uint8Array.from(brotliCompressSync(bomb)))).status).toBe(413);
  expect((await send("br", Uint8Array.from([1, 2, 3]))).status).toBe(400);
  expect((await send("lzma", Uint8Array.from([1, 2, 3]))).status).toBe(415);
  expect((await post("/api/query", null, { body: bomb })).status).toBe(413);
});

test.each([
  ["no JSON", "{"],
  ["no object", "[]"],
  ["no path", "{}"],
  ["arguments that are no object", '{"path": "a:b", "args": 1}'],
  ["two arguments", '{"path": "a:b", "args": [{}, {}]}'],
  ["an unknown format", '{"path": "a:b", "args": {}, "format": "xml"}'],
])("a body with %s is a 400 that says so", async (_name, body) => {
  expect(await post("/api/query", null, { body })).toMatchObject({
    status: 400,
    json: { code: expect.any(String), message: expect.any(String) },
  });
});

test("browsers of any origin may call, and ask before they do", async () => {
  const headers = { origin: "https://app.test" };
  const preflight = await fetch(`${backend.siteUrl}/api/query`, { method: "OPTIONS", headers });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe("https://app.test");
  expect(preflight.headers.get("access-control-allow-headers")).toContain("authorization");
  const answer = await post("/api/query", { path: "counter:get", args: { name: "c" } }, { headers });
  expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.test");
});

test("what is missing is named", async () => {
  expect(await post("/api/storage/upload", {})).toMatchObject({
    status: 501,
    json: { code: "FeatureNotAvailable", message: "File storage is not available in this backend." },
  });
  expect(await post("/api/whatever", {})).toMatchObject({ status: 404, json: { code: "NotFound" } });
  // The client whose server this one is; raising the package means looking at what it expects.
  expect(await (await fetch(`${backend.apiUrl}/version`)).text()).toBe(version);
});

test("scheduled functions and crons run", async () => {
  await post("/api/mutation", { path: "later:schedule", args: { name: "scheduled" } });
  const value = async (path: string, args: object): Promise<unknown> => (await post("/api/query", { path, args })).json;
  await expect.poll(() => value("counter:get", { name: "scheduled" })).toMatchObject({ value: 2 });
  await expect.poll(() => value("counter:get", { name: "cron" })).toMatchObject({ value: 1 });
  await expect.poll(() => value("later:states", {})).toMatchObject({ value: ["success", "success", "success"] });
});

test("the log poll tells of executions after its cursor", async () => {
  const headers = { authorization: `Convex ${backend.adminKey}` };
  const poll = async (cursor: number): Promise<unknown> => {
    const response = await fetch(`${backend.apiUrl}/api/stream_function_logs?cursor=${cursor}`, { headers });
    return response.json();
  };
  const first = await poll(0);
  expect(first).toMatchObject({ newCursor: expect.any(Number) });
  const cursor = typeof first === "object" && first !== null && "newCursor" in first ? Number(first.newCursor) : 0;
  const waiting = poll(cursor);
  await post("/api/action", { path: "counter:viaAction", args: { name: "logged" } });
  expect(await waiting).toMatchObject({ entries: [{ kind: "Completion", success: null, error: null }] });
});

test("nothing went wrong inside", () => {
  expect(backend.complaints).toEqual([]);
});
