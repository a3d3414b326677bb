import { afterAll, beforeAll, expect, test } from "vitest";
import { TestBackend } from "../deploy/test-backend.ts";

let backend: TestBackend;

beforeAll(async () => {
  backend = await TestBackend.start({ environment: { COLOR: "green" } });
  await backend.push({
    app: {
      "realm.ts": realm,
      "lazy.ts": `export const answer = 42; globalThis.lazyLoads = (globalThis.lazyLoads ?? 0) + 1;`,
    },
  });
});

afterAll(() => backend[Symbol.asyncDispose]());

const realm = `
  import { actionGeneric, mutationGeneric, queryGeneric } from "convex/server";
  const ofModule = () => 1;
  const probe = {
    functionNames: () => {
      function plain() {}
      class Thing {}
      return [ofModule, plain, Thing].map(({ name }) => name);
    },
    cheapNames: () => {
      const made = () => 1;
      return [made()].length === 1 && made.name !== "made";
    },
    names: () => ["require", "module", "exports", "Buffer", "global", "__dirname", "setImmediate"].filter((name) => globalThis[name] !== undefined),
    process: () => Object.keys(process),
    versions: () => typeof process.versions,
    env: () => ({ ...process.env }),
    intrinsics: async () => ({
      date: new Date() instanceof Date && Object.getPrototypeOf(new Date()).constructor === Date,
      bytes: new TextEncoder().encode("a") instanceof Uint8Array,
      buffer: (await new Blob(["a"]).arrayBuffer()) instanceof ArrayBuffer,
      digest: (await crypto.subtle.digest("SHA-256", new Uint8Array(1))) instanceof ArrayBuffer,
      json: Object.getPrototypeOf(await new Request("http://a/", { method: "POST", body: "{}" }).clone().json()).constructor.name,
    }),
    clock: async () => {
      const first = [Date.now(), new Date().getTime(), performance.now()];
      for (let i = 0; i < 1e6; i++);
      await Promise.resolve();
      const second = [Date.now(), new Date().getTime(), performance.now()];
      return { first, second };
    },
    random: () => [Math.random(), Math.random()],
    fetch: () => fetch("http://127.0.0.1:1/"),
    timer: () => { setTimeout(() => {}, 1); },
    interval: () => { setInterval(() => {}, 1); },
    lazy: async () => ({ answer: (await import("./lazy.ts")).answer, again: (await import("./lazy.ts")).answer, loads: globalThis.lazyLoads }),
    node: async () => import(["node", "fs"].join(":")),
    dateForms: () => [typeof Date(), new Date(0).toISOString(), new Date("2020-01-01").getUTCFullYear(), Date.UTC(1970, 0), Date.parse("1970-01-01")],
    storage: async (ctx) => ctx.storage.getUrl("x"),
    search: async (ctx) => ctx.db.query("things").withSearchIndex("s", (q) => q.search("a", "b")).collect(),
    signJwt: async (ctx) => ctx.auth.signJwt({}),
    vectors: async (ctx) => ctx.vectorSearch("things", "v", { vector: [1], limit: 1 }),
    direct: async (ctx) => Convex.asyncSyscall("1.0/get", JSON.stringify({ id: "x" })),
    logs: () => { console.log("text", { value: 1n }); console.warn(new Map([["a", [1]]])); console.error("bad"); },
    scope: async () => {
      const scope = new AsyncLocalStorage();
      return scope.run("inside", async () => { await Promise.resolve(); return scope.getStore(); });
    },
  };
  const handler = (ctx, { what }) => probe[what](ctx);
  export const inQuery = queryGeneric({ handler });
  export const inMutation = mutationGeneric({ handler });
  export const inAction = actionGeneric({ handler });
`;

const ask = (what: string) => backend.query("realm:inQuery", { what });

test("user code sees nothing of Node that libraries branch on", async () => {
  expect(await ask("names")).toEqual([]);
  expect(await ask("process")).toEqual(["env"]);
  expect(await ask("versions")).toBe("undefined");
});

test("process.env holds the deployment's variables and the origins, and nothing of the host", async () => {
  expect(await ask("env")).toEqual({
    COLOR: "green",
    CONVEX_CLOUD_URL: "http://cloud.test",
    CONVEX_SITE_URL: "http://site.test",
  });
});

test("what the web APIs return is an instance of the realm's own classes", async () => {
  expect(await backend.action("realm:inAction", { what: "intrinsics" })).toEqual({
    date: true,
    bytes: true,
    buffer: true,
    digest: true,
    json: "Object",
  });
});

test.each(["realm:inQuery", "realm:inMutation"])("the clock of %s stands still", async (path) => {
  const before = Date.now();
  const result = path.endsWith("Query")
    ? await backend.query(path, { what: "clock" })
    : await backend.mutation(path, { what: "clock" });
  const { first, second }: { first: number[]; second: number[] } = Object.assign({ first: [], second: [] }, result);
  expect(second).toEqual(first);
  expect(first[0]).toBeGreaterThanOrEqual(before);
  expect(first[0]).toBe(first[1]);
});

test("dates keep all their forms", async () => {
  expect(await ask("dateForms")).toEqual(["string", "1970-01-01T00:00:00.000Z", 2020, 0, 0]);
});

test("random numbers differ between executions and within one", async () => {
  const seen = new Set<unknown>();
  for (let i = 0; i < 5; i++) for (const number of Object.values(Object(await ask("random")))) seen.add(number);
  expect(seen.size).toBe(10);
  for (const number of seen) expect(number).toSatisfy((value: number) => value >= 0 && value < 1);
});

test.each(["fetch", "timer", "interval"])("%s is refused in queries and mutations, with the way out", async (what) => {
  await expect(ask(what)).rejects.toThrow(/Can't use \w+\(\) in queries and mutations.*using an action/s);
  await expect(backend.mutation("realm:inMutation", { what })).rejects.toThrow(
    /Can't use \w+\(\) in queries and mutations/,
  );
});

test("actions may reach outside", async () => {
  await expect(backend.action("realm:inAction", { what: "fetch" })).rejects.toThrow("fetch failed");
});

test("functions, classes and what a module makes have the names of their source", async () => {
  expect(await ask("functionNames")).toEqual(["ofModule", "plain", "Thing"]);
});

test("an arrow function that a call makes is not given a name of its own, which would cost more than most calls of it", async () => {
  expect(await ask("cheapNames")).toBe(true);
});

test("a dynamic import is evaluated once", async () => {
  expect(await ask("lazy")).toMatchObject({ answer: 42, again: 42 });
});

test("modules of Node are refused by name", async () => {
  await expect(backend.action("realm:inAction", { what: "node" })).rejects.toThrow(
    'The module "node:fs" is part of Node.js',
  );
});

test.each([
  ["storage", "File storage"],
  ["search", "Search indexes are not supported"],
] as const)("%s names the missing feature", async (what, message) => {
  await expect(ask(what)).rejects.toThrow(message);
});

test("signing tokens and vector search name the missing feature", async () => {
  await expect(backend.mutation("realm:inMutation", { what: "signJwt" })).rejects.toThrow("ctx.auth.signJwt");
  await expect(backend.action("realm:inAction", { what: "vectors" })).rejects.toThrow("Vector search");
});

test("actions have no database of their own", async () => {
  await expect(backend.action("realm:inAction", { what: "direct" })).rejects.toThrow(
    "Can't use the database directly in an action",
  );
});

test("console lines belong to their execution, in the text form", async () => {
  const { logLines } = await backend.queryResult("realm:inQuery", { what: "logs" });
  expect(logLines).toEqual(["[LOG] 'text' { value: 1n }", "[WARN] Map(1) { 'a' => [ 1 ] }", "[ERROR] 'bad'"]);
  expect((await backend.queryResult("realm:inQuery", { what: "names" })).logLines).toEqual([]);
});

test("a listener gets the lines in the structured form, with the time they were written", async () => {
  const completions: unknown[] = [];
  const stop = backend.runner.onCompletion((completion) => completions.push(completion));
  await backend.queryResult("realm:inQuery", { what: "logs" });
  stop();
  await backend.queryResult("realm:inQuery", { what: "logs" });
  expect(completions).toEqual([
    expect.objectContaining({
      identifier: "realm:inQuery",
      udfType: "Query",
      error: null,
      logLines: expect.arrayContaining([
        { level: "LOG", messages: ["'text'", "{ value: 1n }"], timestamp: expect.any(Number), isTruncated: false },
      ]),
    }),
  ]);
});

test("AsyncLocalStorage is there, as in Convex's own runtime", async () => {
  expect(await backend.action("realm:inAction", { what: "scope" })).toBe("inside");
});
