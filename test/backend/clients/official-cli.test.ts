import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createFixtureProject, type FixtureProject } from "./fixture-project.ts";
import { type RunningBackend, runBackend } from "./running-backend.ts";

// Every command is a process of its own, which takes seconds to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let backend: RunningBackend;
let project: FixtureProject;
const stack = new AsyncDisposableStack();
const NO_TYPECHECK = "--typecheck=disable";

beforeAll(async () => {
  backend = stack.use(await runBackend());
  project = stack.use(await createFixtureProject(backend.apiUrl, backend.adminKey));
  expect(await project.convex("dev", "--once", NO_TYPECHECK)).toMatchObject({ code: 0 });
});
afterAll(() => stack.disposeAsync());

test("a push generates code, installs components and notes the addresses", async () => {
  const api = await readFile(path.join(project.folder, "convex/_generated/api.d.ts"), "utf8");
  expect(api).toContain("rateLimiter");
  const environment = await readFile(path.join(project.folder, ".env.local"), "utf8");
  expect(environment).toContain(`CONVEX_SITE_URL=${backend.siteUrl}`);
});

test("run calls public and internal functions and prints their values", async () => {
  const sent = await project.convex("run", "messages:send", '{"author": "ada", "body": "hi"}');
  expect(sent).toMatchObject({ code: 0, stdout: expect.stringMatching(/^"[a-z0-9]{31,37}"\n$/) });
  const counted = await project.convex("run", "messages:count");
  expect(Number(counted.stdout)).toBeGreaterThanOrEqual(1);
  const acting = await project.convex("run", "messages:whoami", "--identity", '{"subject": "eve"}');
  expect(acting.stdout).toBe('"eve"\n');
});

test("run of a missing function lists what there is", async () => {
  const { code, stderr } = await project.convex("run", "messages:absent");
  expect(code).toBe(1);
  expect(stderr).toContain("Could not find function for 'messages:absent'");
  expect(stderr).toContain("messages:send");
});

test("a failing function shows its error and frames", async () => {
  const { code, stderr } = await project.convex("run", "messages:crash");
  expect(code).toBe(1);
  expect(stderr).toContain("TypeError: the secret detail");
  expect(stderr).toContain("convex/messages.ts");
});

test("variables are set, read, listed and removed, and functions see them", async () => {
  expect(await project.convex("env", "set", "GREETING", "a=b c")).toMatchObject({ code: 0 });
  expect((await project.convex("env", "get", "GREETING")).stdout).toBe("a=b c\n");
  expect((await project.convex("env", "list", "--include-values")).stdout).toContain("a=b c");
  expect((await project.convex("run", "messages:summarize")).stdout).toContain("from a=b c");
  expect(await project.convex("env", "remove", "GREETING")).toMatchObject({ code: 0 });
  expect((await project.convex("run", "messages:summarize")).stdout).toContain("from nobody");
  const bad = await project.convex("env", "set", "CONVEX_SITE_URL", "x");
  expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining("CONVEX_SITE_URL")]);
});

test("data prints tables and their rows", async () => {
  expect((await project.convex("data")).stdout.split("\n")).toEqual(expect.arrayContaining(["counters", "messages"]));
  expect((await project.convex("data", "messages", "--limit", "1", "--format", "json")).stdout).toContain('"author"');
});

test("function-spec and codegen answer from the deployment", async () => {
  const { stdout } = await project.convex("function-spec");
  expect(JSON.parse(stdout)).toMatchObject({
    functions: expect.arrayContaining([expect.objectContaining({ identifier: "messages.js:send" })]),
  });
  expect(await project.convex("codegen", NO_TYPECHECK)).toMatchObject({ code: 0 });
});

test("a second push of changed code replaces the first at once", async () => {
  await project.write(
    "later.ts",
    'import { query } from "./_generated/server.js";\nexport const text = query({ args: {}, handler: async () => "later" });\n',
  );
  expect(await project.convex("deploy", "--yes", NO_TYPECHECK)).toMatchObject({ code: 0 });
  expect((await project.convex("run", "later:text")).stdout).toBe('"later"\n');
});

test("a wrong admin key is refused in words", async () => {
  await using other = await createFixtureProject(backend.apiUrl, "wrong");
  const { code, stderr } = await other.convex("run", "messages:count");
  expect(code).toBe(1);
  expect(stderr).toContain("BadDeployKey");
});

test("HTTP actions answer on the site and below /http on the API", async () => {
  for (const url of [`${backend.siteUrl}/count`, `${backend.apiUrl}/http/count`]) {
    expect(await (await fetch(url)).json()).toEqual({ count: expect.any(Number) });
  }
  const echo = await fetch(`${backend.siteUrl}/echo/x`, { method: "POST", body: "hello" });
  expect([await echo.text(), echo.headers.getSetCookie()]).toEqual(["hello", ["a=1", "b=2"]]);
  expect((await fetch(`${backend.siteUrl}/nowhere`)).status).toBe(404);
});

test("nothing went wrong inside", () => {
  expect(backend.complaints).toEqual([]);
});
