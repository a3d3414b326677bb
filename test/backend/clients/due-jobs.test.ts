import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { makeFunctionReference } from "convex/server";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Backend, startBackend } from "#backend/main.ts";
import { counterApp } from "./counter-app.ts";
import { pushTo } from "./push.ts";

const get = makeFunctionReference<"query", { name: string }, number>("counter:get");
const nothing = makeFunctionReference<"mutation">("counter:nothing");
const schedule = makeFunctionReference<"mutation", { times: number }>("jobs:schedule");
const ADMIN_KEY = "due:key";
const JOBS = 100;

const jobs = `
  import { makeFunctionReference, mutationGeneric } from "convex/server";
  const increment = makeFunctionReference("counter:increment");
  export const schedule = mutationGeneric(async (ctx, { times }) => {
    for (let i = 0; i < times; i += 1) await ctx.scheduler.runAfter(0, increment, { name: "jobs" });
  });`;

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), "backend-jobs-"));
});
afterEach(async () => await rm(dataDir, { recursive: true, force: true }));

async function open(): Promise<Backend> {
  const siteUrl = "http://site.test";
  return await startBackend({ dataDir, siteUrl, adminKey: ADMIN_KEY, environment: {}, log: () => {} });
}

function clientOf(backend: Backend): ConvexHttpClient {
  return new ConvexHttpClient(backend.apiUrl, { logger: false, skipConvexDeploymentUrlCheck: true });
}

test("due jobs wait while a backend answers that was not told to start them, over a restart too; then each runs once", async () => {
  {
    await using backend = await open();
    await pushTo(backend.apiUrl, ADMIN_KEY, counterApp({ "jobs.ts": jobs }));
    await clientOf(backend).mutation(schedule, { times: JOBS });
  }
  await using backend = await open();
  const client = clientOf(backend);
  for (let call = 0; call < 20; call += 1) expect(await client.mutation(nothing)).toBe("done");
  expect(await client.query(get, { name: "jobs" })).toBe(0);

  backend.startJobs();
  await expect.poll(() => client.query(get, { name: "jobs" })).toBe(JOBS);
  await client.mutation(schedule, { times: 1 });
  await expect.poll(() => client.query(get, { name: "jobs" })).toBe(JOBS + 1);
});
