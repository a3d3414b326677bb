import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import type { UsageEntry } from "../../convex/model/usage/counts.ts";
import { LAST_USED_INTERVAL_MS } from "../../convex/shared/limits.ts";
import { engines, openConvexTest } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, refusalOf, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 4, 4, 22);

let batches = 0;

/** A batch of one writer after the other, as a process sends them. */
async function record(deployment: Deployment, entries: UsageEntry[], again: { batch?: number; shard?: number } = {}) {
  const { batch = (batches += 1), shard = 0 } = again;
  await deployment.call(internal.usage.record, { writer: "a process", batch, shard, entries });
}

/** What one key was used for, `verify` judged VALID unless told. */
async function entryOf(
  deployment: Deployment,
  person: Person,
  key: string,
  used: Partial<UsageEntry> = {},
): Promise<UsageEntry> {
  const state = await verify(deployment, key);
  if (state === null) throw new Error("there is no such key");
  const { keyId, usageId, ownerKind, organizationId } = state;
  const ownerRef = ownerKind === "service" ? "service" : person.userId;
  const counts = [{ operation: "verify", outcome: "VALID", count: 1 }];
  return { organizationId, ownerRef, keyId, usageId, hour: START, counts, tags: [], lastUse: null, ...used };
}

function eightyTags(from: number): UsageEntry["tags"] {
  return Array.from({ length: 80 }, (_, index) => ({ tag: `tag-${from + index}`, count: 1, refused: 0 }));
}

describe.each(engines)("usage on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let owner: Person;
  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    owner = await organization.join("owner");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const seriesOf = async (
    person: Person,
    wanted: { keyId?: string; by?: "hour" | "day" | "operation" | "outcome" | "tag"; from?: number; to?: number } = {},
  ) =>
    await deployment.call(
      api.usage.series,
      { organizationId: organization.organizationId, from: START, to: START + DAY, by: "hour", ...wanted },
      person.userId,
    );

  test("E31 C11 last use is written at once, then at most once per interval, and never to the key", async () => {
    const { organizationId } = organization;
    const { key, record: created } = await createKey(deployment, owner.caller);
    const keyId = created._id;
    const lastUsed = async () =>
      (await deployment.call(api.usage.lastUsed, { organizationId, keyIds: [keyId, "nonsense"] }, owner.userId))?.[0];
    const entry = await entryOf(deployment, owner, key);
    const use = async (lastUse: UsageEntry["lastUse"]) => await record(deployment, [{ ...entry, lastUse }]);
    expect(await lastUsed()).toEqual({ keyId, lastUsedAt: null, ip: null, agent: null });
    const at = START;
    await use({ at, ip: "192.0.2.1", agent: "curl" });
    expect(await lastUsed()).toEqual({ keyId, lastUsedAt: at, ip: "192.0.2.1", agent: "curl" });
    expect(await deployment.call(internal.usage.lastUse, { usageId: entry.usageId })).toBe(at);
    await use({ at: at + LAST_USED_INTERVAL_MS - 1 });
    await use({ at: at - 1 });
    await use(null);
    expect(await lastUsed()).toMatchObject({ lastUsedAt: at });
    await use({ at: at + LAST_USED_INTERVAL_MS });
    expect(await lastUsed()).toEqual({ keyId, lastUsedAt: at + LAST_USED_INTERVAL_MS, ip: null, agent: null });
    const seen = await deployment.call(api.keys.get, { organizationId, keyId }, owner.userId);
    expect(seen?._id).toBe(keyId);
    expect(created).toMatchObject({ ...seen });
    await deployment.call(internal.keys.revoke, { caller: owner.caller, keyId });
    await deployment.call(internal.keys.remove, { caller: owner.caller, keyId });
    // A use that was under way while the key was deleted is counted, and brings nothing of the key back.
    await use({ at: at * 2 });
    expect(await lastUsed()).toBeUndefined();
    expect(await seriesOf(owner)).toMatchObject({ count: 6, refused: 0 });
  });

  test("E31 a batch that is sent twice is counted once", async () => {
    const { key } = await createKey(deployment, owner.caller);
    const entry = await entryOf(deployment, owner, key);
    const { keyId } = entry;
    await record(deployment, [entry]);
    const sentTwice = (batches += 1);
    await record(deployment, [entry], { batch: sentTwice });
    await record(deployment, [entry], { batch: sentTwice });
    await record(deployment, [entry], { batch: sentTwice - 1 });
    expect(await seriesOf(owner, { keyId })).toMatchObject({ count: 2 });
    // Another process has batches of its own, of the same numbers.
    const other = { writer: "another process", batch: 1, shard: 1, entries: [entry] };
    await deployment.call(internal.usage.record, other);
    await deployment.call(internal.usage.record, { ...other, writer: null });
    await deployment.call(internal.usage.record, { ...other, writer: null });
    expect(await seriesOf(owner, { keyId })).toMatchObject({ count: 5 });
  });

  test("E31 counts add up by hour, day, operation, outcome and tag, for a key and for the organization", async () => {
    const place = await createOrganization(deployment);
    const admin = await place.join("admin");
    const [first, second] = [await createKey(deployment, admin.caller), await createKey(deployment, admin.caller)];
    const evening = await entryOf(deployment, admin, first.key, {
      counts: [
        { operation: "verify", outcome: "VALID", count: 5 },
        { operation: "verify", outcome: "EXPIRED", count: 2 },
      ],
      tags: [
        { tag: "eu", count: 4, refused: 1 },
        { tag: "beta", count: 1, refused: 0 },
      ],
    });
    const night = { ...evening, hour: START + 3 * HOUR };
    const called = await entryOf(deployment, admin, second.key, {
      counts: [
        { operation: "keys.list", outcome: "OK", count: 3 },
        { operation: "keys.list", outcome: "FORBIDDEN", count: 1 },
      ],
    });
    await record(deployment, [evening, night, called]);
    await record(deployment, [evening], { shard: 2 });
    const series = async (by: "hour" | "day" | "operation" | "outcome" | "tag", keyId?: string) =>
      await deployment.call(
        api.usage.series,
        { organizationId: place.organizationId, from: START, to: START + DAY, by, keyId },
        admin.userId,
      );
    expect(await series("hour")).toEqual({
      from: START,
      to: START + DAY,
      count: 25,
      refused: 7,
      items: [
        { at: START, name: null, count: 18, refused: 5 },
        { at: START + 3 * HOUR, name: null, count: 7, refused: 2 },
      ],
      lastUse: null,
    });
    expect((await series("day"))?.items.map(({ at, count }) => [at, count])).toEqual([
      [Date.UTC(2026, 4, 4), 18],
      [Date.UTC(2026, 4, 5), 7],
    ]);
    const named = async (by: "operation" | "outcome" | "tag", keyId?: string) =>
      (await series(by, keyId))?.items.map(({ name, count, refused }) => [name, count, refused]);
    expect(await named("operation")).toEqual([
      ["verify", 21, 6],
      ["keys.list", 4, 1],
    ]);
    expect(await named("outcome")).toEqual([
      ["VALID", 15, 0],
      ["EXPIRED", 6, 6],
      ["OK", 3, 0],
      ["FORBIDDEN", 1, 1],
    ]);
    expect(await named("tag")).toEqual([
      ["eu", 12, 3],
      ["beta", 3, 0],
    ]);
    expect(await named("operation", second.record._id)).toEqual([["keys.list", 4, 1]]);
    expect(await named("tag", second.record._id)).toEqual([]);
  });

  test("tags beyond the hundredth of an hour are counted together, and none is lost", async () => {
    const { key } = await createKey(deployment, owner.caller);
    const entry = await entryOf(deployment, owner, key, { tags: eightyTags(0) });
    await record(deployment, [entry]);
    await record(deployment, [{ ...entry, tags: eightyTags(80) }]);
    const items = (await seriesOf(owner, { keyId: entry.keyId, by: "tag" }))?.items ?? [];
    expect(items).toHaveLength(101);
    expect(items[0]).toEqual({ at: null, name: "", count: 60, refused: 0 });
    expect(items.reduce((sum, { count }) => sum + count, 0)).toBe(160);
  });

  test("who may see usage of their own keys only sees those; without the right nobody sees any", async () => {
    const place = await createOrganization(deployment);
    const [admin, member, suspended] = [
      await place.join("admin"),
      await place.join("developer"),
      await place.join("suspended"),
    ];
    const own = await createKey(deployment, member.caller);
    await place.setRole(member, "member");
    const foreign = await createKey(deployment, admin.caller);
    await record(deployment, [
      await entryOf(deployment, member, own.key),
      await entryOf(deployment, admin, foreign.key),
    ]);
    const series = async (person: Person | null, keyId?: string) =>
      await deployment.call(
        api.usage.series,
        { organizationId: place.organizationId, from: START, to: START + DAY, by: "hour", keyId },
        person?.userId,
      );
    expect(await series(admin)).toMatchObject({ count: 2 });
    expect(await series(member)).toMatchObject({ count: 1 });
    expect(await series(member, own.record._id)).toMatchObject({ count: 1 });
    for (const [person, keyId] of [
      [member, foreign.record._id],
      [member, "nonsense"],
      [suspended, undefined],
      [owner, own.record._id],
      [null, undefined],
    ] as const) {
      expect(await series(person, keyId)).toBeNull();
    }
  });

  test.each([
    ["empty", { from: START, to: START }],
    ["backwards", { from: START, to: START - DAY }],
    ["no number", { from: Number.NaN, to: START }],
    ["32 days by the hour", { from: START, to: START + 32 * DAY }],
    ["more than a year", { from: START - 367 * DAY, to: START, by: "day" as const }],
  ])("a range that is %s is refused", async (_what, range) => {
    expect(await refusalOf(seriesOf(owner, range))).toBe("INVALID_INPUT");
  });

  test("a range covers the whole hours that it touches, and not the next one", async () => {
    const { key } = await createKey(deployment, owner.caller);
    const entry = await entryOf(deployment, owner, key);
    await record(deployment, [entry, { ...entry, hour: START + HOUR }]);
    const { keyId } = entry;
    expect(await seriesOf(owner, { keyId, from: START + 1, to: START + HOUR })).toMatchObject({
      from: START,
      count: 1,
    });
    expect(await seriesOf(owner, { keyId, from: START + 1, to: START + HOUR + 1 })).toMatchObject({ count: 2 });
  });
});

test("counts are kept for 400 days and swept then, in as many batches as it takes", async () => {
  const { t, deployment } = openConvexTest();
  const owner = await (await createOrganization(deployment)).join("owner");
  const { key } = await createKey(deployment, owner.caller);
  const entry = await entryOf(deployment, owner, key);
  const hours = Array.from({ length: 300 }, (_, index) => ({ ...entry, hour: START + index * HOUR }));
  await record(deployment, hours);
  const rows = async () => await t.run(async (ctx) => (await ctx.db.query("usageCounts").take(1_000)).length);
  expect(await rows()).toBe(600);
  await deployment.call(internal.usage.sweep, {});
  expect(await rows()).toBe(600);
  const { sweepUsage } = await import("../../convex/model/usage/counts.ts");
  const later = Date.now() + 401 * DAY;
  for (const left of [500, 400, 300, 200, 100, 0]) {
    expect(await t.run(async (ctx) => await sweepUsage(ctx, later))).toBe(true);
    expect(await rows()).toBe(left);
  }
  expect(await t.run(async (ctx) => await sweepUsage(ctx, later))).toBe(false);
  expect(await t.run(async (ctx) => await ctx.db.query("usageWriters").take(10))).toEqual([]);
});
