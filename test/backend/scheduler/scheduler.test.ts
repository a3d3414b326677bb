import { afterEach, beforeEach, expect, test } from "vitest";
import type { Database } from "#backend/database/database.ts";
import { openMemoryDatabase } from "#backend/database/open-database.ts";
import type { CallRequest, FunctionRunner, MutationOptions, Outcome } from "#backend/functions/calls.ts";
import type { CronSpec, Deployment, FunctionDefinition, Mount } from "#backend/functions/deployment.ts";
import {
  cancelScheduledJob,
  insertScheduledJob,
  readScheduledJob,
  type ScheduledJob,
  scheduledJobsTable,
} from "#backend/functions/scheduled-jobs.ts";
import { cronJobsTable } from "#backend/scheduler/cron-table.ts";
import { beginJob, unfinishedJobs } from "#backend/scheduler/job-table.ts";
import { Crons } from "#backend/scheduler/crons.ts";
import { Scheduler } from "#backend/scheduler/scheduler.ts";

const MINUTE = 60_000;
const START = Date.parse("2026-03-01T10:00:30Z");

let database: Database;
let ran: string[];
/** What a job's function does and how it ends. */
let behaviour: (name: string) => Promise<Outcome>;
const complaints: unknown[] = [];
const schedulers: Scheduler[] = [];

beforeEach(async () => {
  database = openMemoryDatabase();
  await database.setSchema("_system", [scheduledJobsTable, cronJobsTable]);
  ran = [];
  behaviour = () => Promise.resolve({ ok: true, value: "null" });
  complaints.length = 0;
});
afterEach(async () => {
  for (const scheduler of schedulers.splice(0)) await scheduler[Symbol.asyncDispose]();
  expect(complaints).toEqual([]);
  await database.close();
});

// Stands in for user code only: transactions, conflicts and commits are real.
const runner: FunctionRunner = {
  runQuery: () => Promise.reject(new Error("no query is scheduled")),
  runMutation: async (request: CallRequest, options?: MutationOptions) => {
    const outcome = await behaviour(request.path);
    ran.push(request.path);
    using tx = database.begin();
    if (!outcome.ok) return { outcome, ts: tx.snapshot, logLines: [] };
    options?.withinTransaction?.(tx, outcome.value, []);
    return { outcome, ts: tx.commit().ts, logLines: [] };
  },
  runAction: async (request: CallRequest) => {
    ran.push(request.path);
    return { outcome: await behaviour(request.path), logLines: [] };
  },
  runHttpAction: () => Promise.reject(new Error("no HTTP action is scheduled")),
  onCompletion: () => () => {},
};

function definition(name: string, kind: FunctionDefinition["kind"]): [string, FunctionDefinition] {
  return [`jobs:${name}`, { module: "jobs", name, kind, visibility: "internal", args: null, returns: null }];
}

function deploymentWith(crons: readonly CronSpec[] = []): Deployment {
  const mount: Mount = {
    path: "",
    definitionPath: "",
    environment: {},
    children: new Map(),
    functions: new Map([definition("write", "mutation"), definition("send", "action"), definition("read", "query")]),
    schema: null,
    crons,
    httpMounts: [],
    hasHttpModule: false,
    modules: new Map(),
  };
  return { id: "d", mounts: new Map([["", mount]]), authProviders: [], environment: {} };
}

function current(deployment: Deployment | null) {
  return { current: () => deployment, onSwitch: () => () => {} };
}

function startScheduler(deployment: Deployment | null = deploymentWith()): Scheduler {
  const scheduler = new Scheduler({
    database,
    runner,
    deployments: current(deployment),
    log: (entry) => complaints.push(entry),
  });
  scheduler.start();
  schedulers.push(scheduler);
  return scheduler;
}

function schedule(name: string, scheduledTime = Date.now()): string {
  using tx = database.begin();
  const id = insertScheduledJob(tx, { mount: "", name: `jobs:${name}`, args: {}, scheduledTime });
  tx.commit();
  return id;
}

function job(id: string): ScheduledJob | null {
  using tx = database.begin();
  const document = tx.get("_system", id);
  return document === null ? null : readScheduledJob(document);
}

test("due jobs run, future ones wait, and each ends in its row", async () => {
  startScheduler();
  const ids = [schedule("write"), schedule("send")];
  const later = schedule("write", Date.now() + 3_600_000);
  await expect.poll(() => ids.map((id) => job(id)?.state.kind)).toEqual(["success", "success"]);
  expect(job(later)?.state.kind).toBe("pending");
  expect(ran.toSorted()).toEqual(["jobs:send", "jobs:write"]);
});

test("a job that comes due later runs then", async () => {
  startScheduler();
  const dueAt = Date.now() + 80;
  const id = schedule("write", dueAt);
  await expect.poll(() => job(id)?.state.kind).toBe("success");
  expect(job(id)?.completedTime).toBeGreaterThanOrEqual(dueAt);
});

test("a failure is written down with its message", async () => {
  behaviour = () => Promise.resolve({ ok: false, error: { name: "Error", message: "broke" } });
  startScheduler();
  const ids = [schedule("write"), schedule("send"), schedule("absent"), schedule("read")];
  await expect.poll(() => ids.map((id) => job(id)?.state.kind)).toEqual(["failed", "failed", "failed", "failed"]);
  expect(job(ids[0] ?? "")?.state).toMatchObject({ error: expect.stringContaining("broke") });
});

test("a mutation that is canceled while it runs leaves nothing", async () => {
  const reached = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  behaviour = async () => {
    reached.resolve();
    await gate.promise;
    return { ok: true, value: "null" };
  };
  const scheduler = startScheduler();
  const id = schedule("write");
  await reached.promise;
  using tx = database.begin();
  cancelScheduledJob(tx, "", id, Date.now());
  tx.commit();
  gate.resolve();
  await scheduler[Symbol.asyncDispose]();
  expect(job(id)?.state.kind).toBe("canceled");
});

test("after a crash an action that had begun is failed and not run again, a mutation is run", async () => {
  const [action, mutation] = [schedule("send"), schedule("write")];
  using tx = database.begin();
  beginJob(tx, action);
  tx.commit();
  startScheduler();
  await expect.poll(() => job(mutation)?.state.kind).toBe("success");
  expect(job(action)?.state.kind).toBe("failed");
  expect(ran).toEqual(["jobs:write"]);
});

test("nothing runs without a deployment", async () => {
  const id = schedule("write");
  const scheduler = startScheduler(null);
  await new Promise((resolve) => setImmediate(resolve));
  await scheduler[Symbol.asyncDispose]();
  expect(job(id)?.state.kind).toBe("pending");
});

function everyMinute(args: CronSpec["args"] = {}): CronSpec {
  return { identifier: "tidy", name: "jobs:write", args, schedule: { type: "interval", minutes: 1 } };
}

function cronsOf(deployment: Deployment): Crons {
  return new Crons({ database, deployments: current(deployment), log: (entry) => complaints.push(entry) });
}

function pendingCount(): number {
  using tx = database.begin();
  return [...unfinishedJobs(tx)].length;
}

function finishAll(): void {
  using tx = database.begin();
  for (const { id } of unfinishedJobs(tx).toArray()) cancelScheduledJob(tx, "", id, START);
  tx.commit();
}

test("an interval runs when it is deployed and then keeps its rhythm, missed ticks skipped", () => {
  const deployment = deploymentWith([everyMinute()]);
  const subject = cronsOf(deployment);
  subject.adopt(deployment, START);
  expect(subject.tick(START)).toBe(START + MINUTE);
  expect(pendingCount()).toBe(1);
  finishAll();
  // An hour and ten seconds later: one run, and the next on the old beat.
  expect(subject.tick(START + 3_610_000)).toBe(START + 61 * MINUTE);
  expect(pendingCount()).toBe(1);
});

test("a tick that falls into a run is swallowed", () => {
  const deployment = deploymentWith([everyMinute()]);
  const subject = cronsOf(deployment);
  subject.adopt(deployment, START);
  subject.tick(START);
  expect(subject.tick(START + MINUTE)).toBe(START + 2 * MINUTE);
  expect(pendingCount()).toBe(1);
  finishAll();
  subject.tick(START + 2 * MINUTE);
  expect(pendingCount()).toBe(1);
});

test("a push keeps what did not change, starts what did anew, and removes the rest", () => {
  const daily: CronSpec = {
    identifier: "daily",
    name: "jobs:send",
    args: {},
    schedule: { type: "daily", hourUTC: 9 },
  };
  const first = deploymentWith([everyMinute(), daily]);
  const before = cronsOf(first);
  before.adopt(first, START);
  before.tick(START);
  finishAll();
  before.adopt(first, START + 30_000);
  expect(before.tick(START + 30_000)).toBe(START + MINUTE);
  expect(pendingCount()).toBe(0);

  const second = deploymentWith([everyMinute({ more: true })]);
  const after = cronsOf(second);
  after.adopt(second, START + 40_000);
  expect(after.tick(START + 40_000)).toBe(START + 40_000 + MINUTE);
  expect(pendingCount()).toBe(1);

  const none = deploymentWith();
  cronsOf(none).adopt(none, START + 50_000);
  expect(cronsOf(none).tick(START + 50_000)).toBeNull();
});
