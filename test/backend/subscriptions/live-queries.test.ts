import { beforeEach, expect, test } from "vitest";
import { openMemoryDatabase } from "#backend/database/open-database.ts";
import type { Database } from "#backend/database/database.ts";
import type { LiveQueries, QueryRequest, QueryResult } from "#backend/subscriptions/live-queries.ts";
import { createLiveQueries } from "#backend/subscriptions/query-cache.ts";
import type { Identity } from "#backend/values/identity.ts";
import { afterPrefix, encodeKey } from "#backend/values/ordered-key.ts";
import { closing, fieldsOf } from "../database/open-databases.ts";

const ada: Identity = { tokenIdentifier: "i|ada", subject: "ada", issuer: "i" };
const bob: Identity = { tokenIdentifier: "i|bob", subject: "bob", issuer: "i" };

let database: Database;
let queries: LiveQueries & Disposable;
let runs: QueryRequest[];
let now: number;
/** Awaited by every run after it has read and before it answers. */
let pause: Promise<void> | undefined;

/** Stands in for the runner: lists the rows of the group in `args`; the path says how it behaves. */
async function run(asked: QueryRequest): Promise<QueryResult> {
  runs.push(asked);
  const { path, args, identity } = asked;
  if (path === "broken") throw new Error("no runner");
  const tx = database.begin();
  const prefix = encodeKey([args]);
  const rows = fieldsOf(tx.scan("", "rows", "by_group", { lower: prefix, upper: afterPrefix(prefix) }, "asc"), "n");
  const { ts } = tx.commit();
  const usedIdentity = path === "mine" || (path === "sometimes" && rows.length > 1);
  const value = JSON.stringify({ rows, who: usedIdentity ? (identity?.subject ?? null) : "anyone" });
  await pause;
  const outcome =
    path === "fails"
      ? ({ ok: false, error: { name: "Error", message: value } } as const)
      : ({ ok: true, value } as const);
  return { outcome, logLines: [], journal: null, reads: tx.reads, ts, usedIdentity, observedTime: path === "clock" };
}

function request(path: string, args: string, identity: Identity | null = null): QueryRequest {
  return { mount: "", path, args, identity, journal: null, allowInternal: false };
}

function insert(group: string, n: number): number {
  using tx = database.begin();
  tx.insert("", "rows", { group, n });
  return tx.commit().ts;
}

/** The subject a result of "mine" was made for. */
async function who(identity: Identity | null): Promise<unknown> {
  const { outcome } = await queries.read(request("mine", "a", identity));
  return outcome.ok ? JSON.parse(outcome.value).who : outcome.error;
}

function rowsOf(result: QueryResult): unknown {
  return result.outcome.ok ? JSON.parse(result.outcome.value).rows : result.outcome.error;
}

beforeEach(async () => {
  database = closing(openMemoryDatabase());
  await database.setSchema("", [{ name: "rows", indexes: [{ name: "by_group", fields: ["group"] }] }]);
  runs = [];
  now = 0;
  pause = undefined;
  queries = createLiveQueries({ run, database, nowMs: () => now, maxIdle: 100 });
});

test("a read is cached until a commit touches what it read", async () => {
  insert("a", 1);
  const first = await queries.read(request("list", "a"));
  expect(await queries.read(request("list", "a"))).toBe(first);
  insert("b", 2);
  expect(await queries.read(request("list", "a"))).toBe(first);
  insert("a", 3);
  expect(rowsOf(await queries.read(request("list", "a")))).toEqual([1, 3]);
  expect(runs).toHaveLength(2);
});

test("mount, path, arguments, journal and access tell queries apart", async () => {
  const base = request("list", "a");
  const others = [{ mount: "m" }, { path: "other" }, { args: "b" }, { journal: "j" }, { allowInternal: true }, {}, {}];
  for (const other of others) {
    await queries.read({ ...base, ...other });
  }
  expect(runs).toHaveLength(6);
});

test("500 subscribers of different users share one run, and one rerun, of a query that ignores the identity", async () => {
  const users = Array.from({ length: 500 }, (_, n): Identity => ({ ...ada, subject: `user${n}` }));
  await queries.read(request("list", "a"));
  const stale = new Set<number>();
  const subscriptions = await Promise.all(
    users.map((user, n) => queries.subscribe(request("list", "a", user), () => stale.add(n))),
  );
  expect(runs).toHaveLength(1);
  insert("a", 1);
  await Promise.resolve();
  expect(stale.size).toBe(500);
  const results = await Promise.all(subscriptions.map((subscription) => subscription.refresh()));
  expect(new Set(results).size).toBe(1);
  expect(runs).toHaveLength(2);
});

test("a query that uses the identity runs once per user and never serves one user another's result", async () => {
  expect(await Promise.all([who(ada), who(bob), who(null), who({ ...ada }), who(ada)])).toEqual([
    "ada",
    "bob",
    null,
    "ada",
    "ada",
  ]);
  expect(runs).toHaveLength(3);
  expect([await who(bob), await who(ada), await who(null)]).toEqual(["bob", "ada", null]);
  expect(runs).toHaveLength(3);
});

test("a shared run that turns out to depend on the identity is not shared after all", async () => {
  insert("a", 1);
  await queries.read(request("sometimes", "a", ada));
  await queries.read(request("sometimes", "a", bob));
  expect(runs).toHaveLength(1);
  insert("a", 2);
  const results = await Promise.all([ada, bob].map((user) => queries.read(request("sometimes", "a", user))));
  expect(results.map(({ outcome }) => outcome.ok && JSON.parse(outcome.value).who)).toEqual(["ada", "bob"]);
});

test("concurrent readers share a run; who asks after a commit does not get the run from before it", async () => {
  insert("a", 1);
  const gate = Promise.withResolvers<void>();
  pause = gate.promise;
  const early = [queries.read(request("list", "a")), queries.read(request("list", "a"))];
  insert("a", 2);
  const late = queries.read(request("list", "a"));
  gate.resolve();
  expect((await Promise.all(early)).map(rowsOf)).toEqual([[1], [1]]);
  expect(rowsOf(await late)).toEqual([1, 2]);
  expect(runs).toHaveLength(2);
  expect(rowsOf(await queries.read(request("list", "a")))).toEqual([1, 2]);
  expect(runs).toHaveLength(2);
});

test("a commit between a run and its registration makes the subscription stale at once", async () => {
  const gate = Promise.withResolvers<void>();
  pause = gate.promise;
  let told = 0;
  const subscribing = queries.subscribe(request("list", "a"), () => (told += 1));
  insert("a", 1);
  gate.resolve();
  const subscription = await subscribing;
  expect(subscription.isStale).toBe(true);
  await new Promise(setImmediate);
  expect(told).toBe(1);
  expect(rowsOf(await subscription.refresh())).toEqual([1]);
  expect(subscription.isStale).toBe(false);
});

test("staleness is told once per result, however many commits there are, and not after close", async () => {
  let told = 0;
  const subscription = await queries.subscribe(request("list", "a"), () => (told += 1));
  for (let n = 0; n < 20; n += 1) insert("a", n);
  await new Promise(setImmediate);
  insert("a", 20);
  await new Promise(setImmediate);
  expect(told).toBe(1);
  await subscription.refresh();
  insert("a", 21);
  await new Promise(setImmediate);
  expect(told).toBe(2);
  await subscription.refresh();
  subscription.close();
  insert("a", 22);
  await new Promise(setImmediate);
  expect(told).toBe(2);
});

test("a subscription's result is the one cached, and refresh without need runs nothing", async () => {
  const subscription = await queries.subscribe(request("list", "a"), () => undefined);
  expect(await queries.read(request("list", "a"))).toBe(subscription.result());
  expect(await subscription.refresh()).toBe(subscription.result());
  expect(runs).toHaveLength(1);
});

test("invalidateAll reruns everything, also what is under way", async () => {
  let told = 0;
  const subscription = await queries.subscribe(request("list", "a"), () => (told += 1));
  const gate = Promise.withResolvers<void>();
  pause = gate.promise;
  const underWay = queries.read(request("list", "b"));
  queries.invalidateAll();
  const after = queries.read(request("list", "b"));
  gate.resolve();
  await Promise.all([underWay, after]);
  expect(subscription.isStale).toBe(true);
  expect(told).toBe(1);
  expect(runs.map(({ args }) => args)).toEqual(["a", "b", "b"]);
  await subscription.refresh();
  await queries.read(request("list", "b"));
  expect(runs).toHaveLength(4);
});

test.each(["clock", "fails"])(
  "a result of %s is given to new readers for a second, to subscribers until it is stale",
  async (path) => {
    await queries.read(request(path, "a"));
    now = 999;
    await queries.read(request(path, "a"));
    expect(runs).toHaveLength(1);
    now = 1001;
    const first = await queries.subscribe(request(path, "a"), () => undefined);
    expect(runs).toHaveLength(2);
    now = 5000;
    const second = await queries.subscribe(request(path, "a"), () => undefined);
    expect(second.result()).toBe(first.result());
    await queries.read(request(path, "a"));
    expect(runs).toHaveLength(3);
    insert("a", 1);
    expect([first.isStale, second.isStale]).toEqual([true, true]);
  },
);

test("a run that could not happen is nobody's result: all who wait hear of it and the next one tries again", async () => {
  const reads = [queries.read(request("broken", "a")), queries.read(request("broken", "a"))];
  for (const read of reads) await expect(read).rejects.toThrow("no runner");
  await expect(queries.subscribe(request("broken", "a"), () => undefined)).rejects.toThrow("no runner");
  expect(runs).toHaveLength(2);
});

test("idle results are bounded, least recently used first; watched ones stay", async () => {
  const watched = await queries.subscribe(request("list", "watched"), () => undefined);
  await queries.read(request("list", "favourite"));
  for (let n = 0; n < 500; n += 1) {
    await queries.read(request("list", `g${n}`));
    await queries.read(request("list", "favourite"));
  }
  const before = runs.length;
  expect(await queries.read(request("list", "watched"))).toBe(watched.result());
  await queries.read(request("list", "favourite"));
  await queries.read(request("list", "g450"));
  expect(runs.length).toBe(before);
  await queries.read(request("list", "g300"));
  expect(runs.length).toBe(before + 1);
});

test("under random commits, reads and subscriptions nobody is ever left with an old result", async () => {
  const groups = ["a", "b", "c", "d"];
  const expected = new Map(groups.map((group) => [group, 0]));
  const subscriptions = await Promise.all(
    groups.map((group) => queries.subscribe(request("list", group), () => undefined)),
  );
  for (let step = 0; step < 1500; step += 1) {
    const group = groups[(step * 7) % 4] ?? "a";
    if (step % 3 === 0) {
      insert(group, step);
      expected.set(group, (expected.get(group) ?? 0) + 1);
    }
    if (step % 5 === 0) pause = new Promise(setImmediate);
    const wanted = expected.get(group);
    const reading = queries.read(request("list", group));
    if (step % 4 === 0) {
      insert("a", step);
      expected.set("a", (expected.get("a") ?? 0) + 1);
    }
    const rows = rowsOf(await reading);
    expect(Array.isArray(rows) && rows.length).toBeGreaterThanOrEqual(wanted ?? 0);
    for (const subscription of subscriptions) if (step % 2 === 0) await subscription.refresh();
  }
  for (const [position, subscription] of subscriptions.entries()) {
    while (subscription.isStale) await subscription.refresh();
    const rows = rowsOf(subscription.result());
    expect(Array.isArray(rows) && rows.length).toBe(expected.get(groups[position] ?? ""));
  }
});

test("a cached read costs microseconds", async () => {
  const args = JSON.stringify({ hash: "x".repeat(43) });
  await queries.read(request("list", args));
  const reads = 50_000;
  const before = process.cpuUsage();
  for (let n = 0; n < reads; n += 1) await queries.read(request("list", `${args.slice(0, -1)}}`));
  const { user, system } = process.cpuUsage(before);
  console.log(`cached read: ${((user + system) / reads).toFixed(2)} µs of CPU`);
  expect(runs).toHaveLength(1);
  expect((user + system) / reads).toBeLessThan(30);
});
