import { expect, test } from "vitest";
import { openMemoryDatabase } from "#backend/database/open-database.ts";
import type { DeployError } from "#backend/deploy/deploy-error.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "#backend/values/json.ts";
import { bundledApp, type AppSources } from "./bundled-app.ts";
import { TestBackend } from "./test-backend.ts";

const answering = (answer: string): AppSources => ({
  app: {
    "schema.ts": schemaOf("v.string()"),
    "app.ts": `
      import { mutationGeneric, queryGeneric } from "convex/server";
      export const answer = queryGeneric({ handler: () => ${answer} });
      export const add = mutationGeneric({ handler: (ctx, { text }) => ctx.db.insert("rows", { text }) });
      export const rows = queryGeneric({ handler: async (ctx) => (await ctx.db.query("rows").collect()).length });`,
  },
});

function schemaOf(type: string, indexes = ""): string {
  return `
    import { defineSchema, defineTable } from "convex/server";
    import { v } from "convex/values";
    export default defineSchema({ rows: defineTable({ text: ${type} })${indexes} });`;
}

const failure = (code: DeployError["code"], message: string | RegExp) => ({
  name: "DeployError",
  code,
  message: expect.stringMatching(message),
});

/** Follows field names and positions into JSON. */
function at(value: JsonValue | undefined, ...path: (string | number)[]): JsonValue | undefined {
  return path.reduce<JsonValue | undefined>((inner, step) => {
    if (Array.isArray(inner)) return typeof step === "number" ? inner[step] : undefined;
    return isJsonObject(inner) ? inner[step] : undefined;
  }, value);
}

test("starting a push changes nothing that anybody can see", async () => {
  await using backend = await TestBackend.start();
  await backend.push(answering("1"));
  const before = { ...backend.deploy.getConfigHashes() };
  const started = await backend.deploy.startPush(await bundledApp(answering("2")));
  await backend.deploy.waitForSchema({ schemaChange: started["schemaChange"] ?? null, timeoutMs: 1000 });
  expect(await backend.query("app:answer")).toBe(1);
  expect(backend.deploy.getConfigHashes()).toEqual(before);
  await backend.finish(started);
  expect(await backend.query("app:answer")).toBe(2);
});

test("a dry run changes nothing either, and says what it would change", async () => {
  await using backend = await TestBackend.start();
  const started = await backend.deploy.startPush(await bundledApp(answering("1")));
  const diff = await backend.deploy.finishPush({ startPush: started, dryRun: true });
  expect(at(diff, "componentDiffs", "", "diffType")).toEqual({ type: "create" });
  expect(backend.deployments.current()).toBe(null);
});

test("a finished push is not finished again, and one that others overtook is refused", async () => {
  await using backend = await TestBackend.start();
  const first = await backend.deploy.startPush(await bundledApp(answering("1")));
  const second = await backend.deploy.startPush(await bundledApp(answering("2")));
  await backend.finish(first);
  await expect(backend.deploy.finishPush({ startPush: first })).rejects.toMatchObject(
    failure("UnknownPush", "Push again"),
  );
  await expect(backend.deploy.finishPush({ startPush: second })).rejects.toMatchObject(
    failure("RaceDetected", "changed during push"),
  );
  expect(await backend.query("app:answer")).toBe(1);
});

test("variables that change during a push make it start again", async () => {
  await using backend = await TestBackend.start();
  const started = await backend.deploy.startPush(await bundledApp(answering("1")));
  await backend.deploy.updateEnvironmentVariables({ changes: [{ name: "A", value: "1" }] });
  await expect(backend.finish(started)).rejects.toMatchObject(failure("RaceDetected", "changed during push"));
});

test("the echoed code is not trusted: only the push id counts", async () => {
  await using backend = await TestBackend.start();
  const started = await backend.deploy.startPush(await bundledApp(answering("1")));
  const forged = { ...started, analysis: {}, app: {} };
  await backend.finish(forged);
  expect(await backend.query("app:answer")).toBe(1);
  await expect(
    backend.deploy.finishPush({ startPush: { schemaChange: { schemaIds: { push: "other" } } } }),
  ).rejects.toMatchObject(failure("UnknownPush", "not known"));
});

test("modules that did not change are sent by their hash alone", async () => {
  await using backend = await TestBackend.start();
  await backend.push(answering("1"));
  const body = await bundledApp(answering("1"));
  const modules = at(body, "appDefinition", "changedModules");
  const hashes = at(backend.deploy.getConfigHashes(), "moduleHashes");
  expect(hashes).toHaveLength(Array.isArray(modules) ? modules.length : -1);
  const unchanged = (Array.isArray(hashes) ? hashes : []).map((module) => ({
    path: at(module, "path") ?? null,
    environment: "isolate",
    sha256: at(module, "hash") ?? null,
  }));
  const pushed = (unchangedModuleHashes: JsonValue[]): JsonObject => ({
    ...body,
    appDefinition: { ...Object(body["appDefinition"]), changedModules: [], unchangedModuleHashes },
  });
  await backend.finish(await backend.deploy.startPush(pushed(unchanged)));
  expect(await backend.query("app:answer")).toBe(1);
  const unknown = [{ path: "app.js", environment: "isolate", sha256: "0".repeat(64) }];
  await expect(backend.deploy.startPush(pushed(unknown))).rejects.toMatchObject(failure("RaceDetected", "app.js"));
});

test("stored documents that the new schema would not allow refuse the push and name the document", async () => {
  await using backend = await TestBackend.start();
  await backend.push(answering("1"));
  const id = String(await backend.mutation("app:add", { text: "a" }));
  const started = await backend.deploy.startPush(
    await bundledApp({ app: { ...answering("2").app, "schema.ts": schemaOf("v.number()") } }),
  );
  const status = await backend.deploy.waitForSchema({ schemaChange: started["schemaChange"] ?? null, timeoutMs: 5000 });
  expect(status).toMatchObject({
    type: "failed",
    tableName: "rows",
    componentPath: "",
    error: expect.stringContaining(id),
  });
  await expect(backend.deploy.finishPush({ startPush: started })).rejects.toMatchObject(
    failure("SchemaValidationFailed", id),
  );
  expect(await backend.query("app:answer")).toBe(1);
});

test("a document written after the check and before the switch is checked too", async () => {
  await using backend = await TestBackend.start();
  await backend.push(answering("1"));
  const started = await backend.deploy.startPush(
    await bundledApp({ app: { ...answering("2").app, "schema.ts": schemaOf('v.literal("good")') } }),
  );
  const wait = { schemaChange: started["schemaChange"] ?? null, timeoutMs: 5000 };
  expect(await backend.deploy.waitForSchema(wait)).toEqual({ type: "complete" });
  await backend.mutation("app:add", { text: "good" });
  const bad = String(await backend.mutation("app:add", { text: "bad" }));
  await expect(backend.deploy.finishPush({ startPush: started })).rejects.toMatchObject(
    failure("SchemaValidationFailed", bad),
  );
});

test("a new index is filled from the documents there are, and reported", async () => {
  await using backend = await TestBackend.start();
  await backend.push(answering("1"));
  for (const text of ["b", "a", "c"]) await backend.mutation("app:add", { text });
  const { app } = answering("1");
  const sources = {
    app: {
      ...app,
      "schema.ts": schemaOf(
        "v.string()",
        `.index("by_text", ["text"]).index("later", { fields: ["text"], staged: true })`,
      ),
      "sorted.ts": `
        import { queryGeneric } from "convex/server";
        export const texts = queryGeneric({ handler: async (ctx) => (await ctx.db.query("rows").withIndex("by_text").collect()).map(({ text }) => text) });`,
    },
  };
  const prediction = await backend.deploy.evaluateSchema(await bundledApp(sources));
  expect(at(prediction, "componentSchemaEvaluations", "", "indexes")).toEqual([
    {
      name: "rows.by_text",
      type: "database",
      fields: ["text", "_creationTime"],
      change: "added",
      needsBackfill: true,
      numDocs: 3,
    },
    expect.objectContaining({ name: "rows.later", staged: true }),
  ]);
  const diff = await backend.push(sources);
  expect(at(diff, "componentDiffs", "", "indexDiff", "added_indexes")).toEqual([
    { name: "rows.by_text", type: "database", fields: ["text", "_creationTime"] },
    { name: "rows.later", type: "database", fields: ["text", "_creationTime"], staged: true },
  ]);
  expect(await backend.query("sorted:texts")).toEqual(["a", "b", "c"]);
  const removed = await backend.push(answering("1"));
  expect(at(removed, "componentDiffs", "", "indexDiff", "removed_indexes")).toHaveLength(2);
  expect(at(removed, "componentDiffs", "", "moduleDiff", "removed")).toContain("sorted.js");
});

const writing = (text: string, type: string): AppSources => ({
  app: {
    "schema.ts": schemaOf(type),
    "app.ts": `
      import { mutationGeneric, queryGeneric } from "convex/server";
      export const slow = mutationGeneric({
        handler: async (ctx) => {
          for (let i = 0; i < 50; i++) await crypto.subtle.digest("SHA-256", new Uint8Array(1 << 18));
          await ctx.db.insert("rows", { text: ${text} });
          return ${text};
        },
      });
      export const rows = queryGeneric({ handler: async (ctx) => (await ctx.db.query("rows").collect()).map(({ text }) => text) });`,
  },
});

test("a mutation that runs while a push goes live is run again by the new code", async () => {
  await using backend = await TestBackend.start();
  await backend.push(writing('"old"', "v.string()"));
  const started = await backend.deploy.startPush(await bundledApp(writing("2", "v.number()")));
  await backend.deploy.waitForSchema({ schemaChange: started["schemaChange"] ?? null, timeoutMs: 5000 });
  const running = backend.mutation("app:slow");
  await backend.deploy.finishPush({ startPush: started });
  expect(await running).toBe(2);
  expect(await backend.query("app:rows")).toEqual([2]);
});

test("listeners hear of every switch", async () => {
  await using backend = await TestBackend.start();
  const heard: unknown[] = [];
  backend.deployments.onSwitch((deployment) => heard.push(deployment.id));
  await backend.push(answering("1"));
  await backend.push(answering("2"));
  await backend.deploy.updateEnvironmentVariables({ changes: [{ name: "A", value: "1" }] });
  expect(heard).toHaveLength(3);
  expect(new Set(heard).size).toBe(2);
});

test("after a restart the last deployment answers, with nothing evaluated before it is called", async () => {
  const database = openMemoryDatabase();
  const first = await TestBackend.start({ database });
  await first.push(answering("process.env.A"));
  await first.deploy.updateEnvironmentVariables({ changes: [{ name: "A", value: "stored" }] });
  await first.mutation("app:add", { text: "kept" });
  await using second = await TestBackend.start({ database, environment: { A: "configured", B: "base" } });
  expect(await second.query("app:answer")).toBe("stored");
  expect(await second.query("app:rows")).toBe(1);
  expect(second.deploy.getConfigHashes()).toEqual(first.deploy.getConfigHashes());
});

test("setting a variable reloads the modules that read it at import", async () => {
  await using backend = await TestBackend.start({ environment: { A: "base" } });
  await backend.push({
    app: {
      "app.ts": `
        import { queryGeneric } from "convex/server";
        const atImport = process.env.A;
        export const read = queryGeneric({ handler: () => [atImport, process.env.A] });`,
    },
  });
  expect(await backend.query("app:read")).toEqual(["base", "base"]);
  await backend.deploy.updateEnvironmentVariables({ changes: [{ name: "A", value: "set" }] });
  expect(await backend.query("app:read")).toEqual(["set", "set"]);
  await backend.deploy.updateEnvironmentVariables({ changes: [{ name: "A", value: null }] });
  expect(await backend.query("app:read")).toEqual(["base", "base"]);
});

test.each([
  ["1A", "x"],
  ["CONVEX_SITE_URL", "x"],
  ["WITH SPACE", "x"],
])("%s is no variable to set", async (name, value) => {
  await using backend = await TestBackend.start();
  await expect(backend.deploy.updateEnvironmentVariables({ changes: [{ name, value }] })).rejects.toMatchObject(
    failure("InvalidEnvironmentVariable", name),
  );
});

const authConfig = `export default { providers: [{ type: "customJwt", applicationID: "convex", issuer: process.env.SITE_URL, jwks: process.env.SITE_URL + "/jwks", algorithm: "ES256" }, { domain: "https://other.test", applicationID: "app" }] };`;

test("auth.config may read variables, and a missing one is named in the words the CLI looks for", async () => {
  await using backend = await TestBackend.start();
  const sources = { app: { "auth.config.ts": authConfig } };
  await expect(backend.push(sources)).rejects.toMatchObject(
    failure("AuthConfigMissingEnvironmentVariable", /^Environment variable SITE_URL /),
  );
  await backend.deploy.updateEnvironmentVariables({ changes: [{ name: "SITE_URL", value: "https://a.test" }] });
  await backend.push(sources);
  expect(backend.deployments.current()?.authProviders).toEqual([
    {
      type: "customJwt",
      applicationID: "convex",
      issuer: "https://a.test",
      jwks: "https://a.test/jwks",
      algorithm: "ES256",
    },
    { domain: "https://other.test", applicationID: "app" },
  ]);
  await backend.deploy.updateEnvironmentVariables({ changes: [{ name: "SITE_URL", value: "https://b.test" }] });
  expect(backend.deployments.current()?.authProviders[0]).toMatchObject({ issuer: "https://b.test" });
  await expect(
    backend.deploy.updateEnvironmentVariables({ changes: [{ name: "SITE_URL", value: null }] }),
  ).rejects.toMatchObject(failure("AuthConfigMissingEnvironmentVariable", "SITE_URL"));
  expect(backend.deployments.environment()).toEqual({ SITE_URL: "https://b.test" });
});

test("a configured variable that changed between two starts reaches auth.config", async () => {
  const database = openMemoryDatabase();
  const first = await TestBackend.start({ database, environment: { SITE_URL: "https://a.test" } });
  await first.push({ app: { "auth.config.ts": authConfig } });
  await using second = await TestBackend.start({ database, environment: { SITE_URL: "https://b.test" } });
  expect(second.deployments.current()?.authProviders[0]).toMatchObject({ issuer: "https://b.test" });
});

test("declared variables that are not set are named", async () => {
  await using backend = await TestBackend.start();
  const config = `
    import { defineApp } from "convex/server";
    import { v } from "convex/values";
    export default defineApp({ env: { NEEDED: v.string(), ALSO: v.string(), MAYBE: v.optional(v.string()) } });`;
  await expect(backend.push({ app: { "convex.config.ts": config } })).rejects.toMatchObject(
    failure("MissingEnvironmentVariables", /are not set: NEEDED, ALSO\./),
  );
});

test.each([
  ["fetch at import", `await fetch("http://127.0.0.1:1/");`, "Can't use fetch\\(\\) while a module is imported"],
  ["a timer at import", `setTimeout(() => {}, 1);`, "Can't use setTimeout\\(\\) while a module is imported"],
  [
    "the database at import",
    `Convex.syscall("1.0/queryStream", "{}");`,
    "Can't use the database while a module is imported",
  ],
  ["an error at import", `throw new Error("broken module");`, "Failed to analyze app.js: broken module"],
])("%s refuses the push", async (_what, source, message) => {
  await using backend = await TestBackend.start();
  await expect(backend.push({ app: { "app.ts": `${source}\nexport {};` } })).rejects.toMatchObject(
    failure("InvalidModules", message),
  );
});

test("Node modules are refused by name", async () => {
  await using backend = await TestBackend.start();
  const body = await bundledApp(answering("1"));
  const node = { path: "tasks/mail.js", source: "", sourceMap: "", environment: "node" };
  const app = Object(body["appDefinition"]);
  await expect(
    backend.deploy.startPush({ ...body, appDefinition: { ...app, changedModules: [node] } }),
  ).rejects.toMatchObject(failure("NodeRuntimeNotSupported", "tasks/mail.js"));
});

const uses = (other: string): string => `
  import { defineComponent } from "convex/server";
  import other from "_componentDeps:${other}";
  const component = defineComponent("c");
  component.use(other);
  export default component;`;

test("components that use each other in a circle are refused", async () => {
  await using backend = await TestBackend.start();
  await expect(
    backend.push({
      app: answering("1").app,
      components: {
        a: { dependencies: ["b"], files: { "convex.config.ts": uses("b") } },
        b: { dependencies: ["a"], files: { "convex.config.ts": uses("a") } },
      },
    }),
  ).rejects.toMatchObject(failure("InvalidComponentDefinition", "uses itself"));
});

test("the analysis names functions, routes and crons as code generation needs them", async () => {
  await using backend = await TestBackend.start();
  const started = await backend.deploy.startPush(
    await bundledApp({
      app: {
        "dir/app.ts": `
          import { internalActionGeneric, mutationGeneric, queryGeneric } from "convex/server";
          import { v } from "convex/values";
          export const ask = queryGeneric({ args: { n: v.number() }, returns: v.null(), handler: () => null });
          export const change = mutationGeneric({ handler: () => null });
          export const work = internalActionGeneric({ handler: () => null });
          export const helper = () => 1;`,
        "http.ts": `
          import { httpActionGeneric, httpRouter } from "convex/server";
          const http = httpRouter();
          http.route({ pathPrefix: "/a/", method: "GET", handler: httpActionGeneric(async () => new Response()) });
          export default http;`,
        "crons.ts": `
          import { cronJobs, makeFunctionReference } from "convex/server";
          const crons = cronJobs();
          crons.weekly("tidy", { dayOfWeek: "monday", hourUTC: 3 }, makeFunctionReference("dir/app:work"), { a: 1 });
          export default crons;`,
      },
    }),
  );
  expect(at(started, "analysis", "", "functions", "dir/app.js", "functions")).toEqual([
    {
      name: "ask",
      pos: null,
      udfType: "Query",
      visibility: { kind: "public" },
      args: '{"type":"object","value":{"n":{"fieldType":{"type":"number"},"optional":false}}}',
      returns: '{"type":"null"}',
    },
    expect.objectContaining({ name: "change", udfType: "Mutation" }),
    expect.objectContaining({ name: "work", udfType: "Action", visibility: { kind: "internal" } }),
  ]);
  expect(at(started, "app", "httpRoutes", "httpModuleRoutes")).toEqual([{ path: "/a/*", method: "GET" }]);
  const diff = await backend.finish(started);
  expect(at(diff, "componentDiffs", "", "cronDiff")).toEqual({ added: ["tidy"], updated: [], deleted: [] });
  expect(backend.deployments.current()?.mounts.get("")?.crons).toEqual([
    {
      identifier: "tidy",
      name: "dir/app:work",
      args: { a: 1 },
      schedule: { type: "weekly", dayOfWeek: "monday", hourUTC: 3 },
    },
  ]);
});
