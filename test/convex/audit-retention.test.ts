import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { AuditEntry } from "../../convex/model/audit/lists.ts";
import type { ChainReport } from "../../convex/model/audit/verification.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, refusalOf } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

describe.each(engines)("retention of the audit trail on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let owner: Person;

  beforeAll(async () => {
    deployment = await engine.deploy();
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());
  afterEach(() => vi.useRealTimers());

  /** An organization whose trail has old entries and then `fresh` young ones. Answers the youngest old one. */
  async function growTrail({ daysAgo, old, fresh }: { daysAgo: number; old: number; fresh: number }) {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - daysAgo * DAY_MS });
    organization = await createOrganization(deployment);
    owner = await organization.join("owner");
    await work(old - 2);
    vi.useRealTimers();
    await work(fresh);
    const all = await entries();
    expect(all).toHaveLength(old + fresh);
    return all;
  }
  async function work(changes: number): Promise<void> {
    const { record } = await createKey(deployment, owner.caller, { expiresAt: Date.now() + 300 * DAY_MS });
    const target = { caller: owner.caller, keyId: record._id };
    for (let index = 1; index < changes; index += 1) {
      await deployment.call(index % 2 === 1 ? internal.keys.disable : internal.keys.enable, target);
    }
  }
  const entries = async (): Promise<AuditEntry[]> =>
    (await deployment.call(internal.audit.exportForCaller, { caller: owner.caller, cursor: null, limit: 1000 })).items;
  const check = async (cursor: string | null = null, limit = 1000): Promise<ChainReport> =>
    await deployment.call(internal.audit.verifyChain, { caller: owner.caller, cursor, limit });
  const prune = async (before: number, dryRun = false) =>
    await deployment.call(internal.audit.prune, { organizationId: organization.organizationId, before, dryRun });

  test("E29 a dry run says how many would go and changes nothing", async () => {
    const before = await growTrail({ daysAgo: 60, old: 6, fresh: 3 });
    const plan = await prune(Date.now() - 31 * DAY_MS, true);
    expect(plan).toEqual({ count: 6, through: 6, done: true });
    expect(await entries()).toEqual(before);
    expect(await check()).toMatchObject({ pruned: 0, broken: null, checked: 9 });
  });

  test("E29 old entries go as a prefix, an entry says so, and the chain verifies from there", async () => {
    const before = await growTrail({ daysAgo: 60, old: 6, fresh: 3 });
    const limit = Date.now() - 31 * DAY_MS;
    expect(await prune(limit)).toEqual({ count: 6, through: 6, done: true });
    const after = await entries();
    expect(after.slice(0, 3)).toEqual(before.slice(6));
    expect(after).toHaveLength(4);
    expect(after.at(-1)).toMatchObject({
      action: "audit.prune",
      targetKind: "organization",
      targetId: organization.organizationId,
      actor: { type: "system" },
      after: JSON.stringify({ before: limit, count: 6, through: 6, hash: before[5]?.hash }),
    });
    expect(await check()).toMatchObject({ pruned: 6, broken: null, checked: 4, last: { seq: 10 } });
    expect(await check(null, 1)).toMatchObject({ pruned: 6, broken: null, checked: 1, last: { seq: 7 } });
  });

  test("E29 repeated, it finds nothing more and writes nothing", async () => {
    await growTrail({ daysAgo: 60, old: 4, fresh: 2 });
    await prune(Date.now() - 31 * DAY_MS);
    const before = await entries();
    expect(await prune(Date.now() - 31 * DAY_MS)).toEqual({ count: 0, through: null, done: true });
    expect(await entries()).toEqual(before);
  });

  test("E29 an organization without old entries, or without any, loses none", async () => {
    await growTrail({ daysAgo: 31, old: 4, fresh: 2 });
    const before = await entries();
    expect(await prune(Date.now() - 32 * DAY_MS)).toEqual({ count: 0, through: null, done: true });
    expect(await entries()).toEqual(before);
  });

  test("E29 nothing younger than 30 days goes, whatever is asked", async () => {
    await growTrail({ daysAgo: 29, old: 4, fresh: 2 });
    const before = await entries();
    for (const limit of [Date.now() - 29 * DAY_MS, Date.now(), Date.now() + DAY_MS, Infinity, NaN]) {
      expect(await refusalOf(prune(limit))).toBe("INVALID_INPUT");
      expect(await refusalOf(prune(limit, true))).toBe("INVALID_INPUT");
    }
    expect(await entries()).toEqual(before);
  });

  test("E29 an old entry after a young one stays: only a prefix goes", async () => {
    await growTrail({ daysAgo: 60, old: 4, fresh: 2 });
    // The clock was put back.
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() - 50 * DAY_MS });
    await work(3);
    vi.useRealTimers();
    expect(await prune(Date.now() - 31 * DAY_MS)).toEqual({ count: 4, through: 4, done: true });
    expect((await entries()).map(({ seq }) => seq)).toEqual([5, 6, 7, 8, 9, 10]);
    expect(await check()).toMatchObject({ pruned: 4, broken: null });
  });

  test("E29 more than a batch goes in the background, and the chain holds all along", async () => {
    await growTrail({ daysAgo: 60, old: 120, fresh: 2 });
    expect(await prune(Date.now() - 31 * DAY_MS)).toEqual({ count: 120, through: 120, done: false });
    expect(await check()).toMatchObject({ broken: null });
    await expect.poll(async () => (await check()).pruned, { timeout: 20_000 }).toBe(120);
    expect((await entries()).map(({ seq }) => seq)).toEqual([121, 122, 123]);
    expect(await check()).toMatchObject({ broken: null, checked: 3 });
  });

  test("E29 fifty go at once, and of fifty-one the last one goes afterwards", async () => {
    for (const old of [50, 51]) {
      await growTrail({ daysAgo: 60, old, fresh: 1 });
      const done = old === 50;
      expect(await prune(Date.now() - 31 * DAY_MS)).toEqual({ count: old, through: old, done });
      await expect.poll(async () => (await check()).pruned, { timeout: 20_000 }).toBe(old);
    }
  });

  test("E29 a verification that began before goes on after", async () => {
    await growTrail({ daysAgo: 60, old: 6, fresh: 3 });
    const [within, atCut, past] = [await check(null, 3), await check(null, 6), await check(null, 8)];
    await prune(Date.now() - 31 * DAY_MS);
    expect(await check(within.nextCursor)).toMatchObject({ checked: 4, broken: null });
    expect(await check(atCut.nextCursor)).toMatchObject({ checked: 4, broken: null });
    expect(await check(past.nextCursor)).toMatchObject({ checked: 2, broken: null });
    const forged = `6.${"0".repeat(64)}`;
    expect((await check(forged)).broken).toMatchObject({ seq: 6, problem: "altered" });
  });

  test("E28 E29 erasing before and after pruning leaves the chain whole", async () => {
    await growTrail({ daysAgo: 60, old: 4, fresh: 2 });
    const successor = await organization.join("owner");
    await organization.setRole(owner, null);
    const left = owner;
    owner = successor;
    const erase = async () =>
      await deployment.call(internal.audit.erasePerson, { caller: successor.caller, userId: left.userId });
    expect(await erase()).toEqual({ erased: 4, done: true });
    expect(await check()).toMatchObject({ erased: 4, broken: null });
    await prune(Date.now() - 31 * DAY_MS);
    expect(await check()).toMatchObject({ pruned: 4, erased: 2, broken: null });
    expect(await erase()).toEqual({ erased: 0, done: true });
  });
});
