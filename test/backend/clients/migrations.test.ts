import { afterAll, beforeAll, expect, test, vi } from "vitest";
import * as z from "zod";
import { runAsAdmin } from "../../../server/deployment-admin.ts";
import { createFixtureProject, type FixtureProject } from "./fixture-project.ts";
import { type RunningBackend, runBackend } from "./running-backend.ts";

// Every command is a process of its own, which takes seconds to start on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

let backend: RunningBackend;
let project: FixtureProject;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  backend = stack.use(await runBackend());
  project = stack.use(await createFixtureProject(backend.apiUrl, backend.adminKey));
  expect(await project.convex("dev", "--once", "--typecheck=disable")).toMatchObject({ code: 0 });
});
afterAll(() => stack.disposeAsync());

const call = async (kind: "query" | "mutation", path: string, args = {}) =>
  await runAsAdmin({ cloudUrl: new URL(backend.apiUrl), adminKey: backend.adminKey }, kind, path, args);
const Status = z.array(z.object({ name: z.string(), state: z.string(), processed: z.number() }));
/** As an operator looks at it: each migration that was ever started. */
async function status() {
  const { stdout } = await project.convex("run", "--component", "migrations", "lib:getStatus");
  const parsed = Status.parse(JSON.parse(stdout));
  return parsed.map(({ name, state, processed }) => [name.split(":").at(-1), state, processed]);
}

test("E32: the component runs migrations in their order, starts none after one that failed, and goes on from there", async () => {
  await call("mutation", "migrations:fill", { values: [1, 2, 3, -4, 5] });
  expect(await project.convex("run", "migrations:runAll")).toMatchObject({ code: 0 });
  await expect.poll(status, { interval: 100, timeout: 60_000 }).toEqual([["double", "failed", 2]]);
  // The batch that failed has left nothing behind, the whole one before it has stayed.
  const untouched = [null, null];
  expect(await call("query", "migrations:rows")).toEqual([[2, null], [4, null], untouched, untouched, untouched]);

  await call("mutation", "migrations:set", { name: "c3", value: 4 });
  expect(await project.convex("run", "migrations:runAll")).toMatchObject({ code: 0 });
  const done = [
    ["double", "success", 5],
    ["describe", "success", 5],
  ];
  await expect.poll(status, { interval: 100, timeout: 60_000 }).toEqual(done);
  const migrated = [1, 2, 3, 4, 5].map((value, index) => [2 * value, `c${index}: ${2 * value}`]);
  expect(await call("query", "migrations:rows")).toEqual(migrated);

  expect(await project.convex("run", "migrations:runAll")).toMatchObject({ code: 0 });
  expect(await status()).toEqual(done);
  expect(await call("query", "migrations:rows")).toEqual(migrated);
});
