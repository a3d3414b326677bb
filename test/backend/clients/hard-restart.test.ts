import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ConvexClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type BackendProcess, spawnBackend } from "./backend-process.ts";
import { counterApp } from "./counter-app.ts";
import { pushTo } from "./push.ts";

const get = makeFunctionReference<"query", { name: string }, number>("counter:get");
const increment = makeFunctionReference<"mutation", { name: string }, number>("counter:increment");
const ADMIN_KEY = "restart:key";

let dataDir: string;
let running: BackendProcess | null = null;
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "backend-restart-"));
});
afterEach(async () => {
  await running?.kill();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(port = 0): Promise<BackendProcess> {
  running = await spawnBackend({ dataDir, adminKey: ADMIN_KEY, port });
  return running;
}

test("mutations in flight when the server is killed are applied once, and subscriptions come back", async () => {
  const first = await start();
  await pushTo(first.apiUrl, ADMIN_KEY, counterApp());
  const client = new ConvexClient(first.apiUrl, { logger: false, skipConvexDeploymentUrlCheck: true });
  const seen: number[] = [];
  client.onUpdate(get, { name: "restart" }, (value) => seen.push(value));
  await expect.poll(() => seen.at(-1)).toBe(0);

  const total = 300;
  let answered = 0;
  const results = Promise.all(
    Array.from({ length: total }, async () => {
      const result = await client.mutation(increment, { name: "restart" });
      answered += 1;
      return result;
    }),
  );
  // Some have been answered, some are on their way in either direction.
  await expect.poll(() => answered, { interval: 1 }).toBeGreaterThan(20);
  await first.kill();
  const answeredBeforeKill = answered;
  expect(answeredBeforeKill).toBeLessThan(total);

  const second = await start(Number(new URL(first.apiUrl).port));
  expect(new Set(await results).size).toBe(total);
  await expect.poll(() => seen.at(-1)).toBe(total);
  // What a client was shown never goes back, not over a crash either.
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  await client.close();
  expect(await second.stop()).toBe(0);
}, 60_000);

test("a second process on the same folder is refused", async () => {
  await start();
  await expect(spawnBackend({ dataDir, adminKey: ADMIN_KEY })).rejects.toThrow("did not start");
});
