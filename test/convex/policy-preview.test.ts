import type { FunctionArgs } from "convex/server";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { PreviewPage } from "../../convex/model/policy/preview.ts";
import type { NewKey } from "../../convex/model/keys/newKeys.ts";
import { eventually, passTime, stopClock } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, listOf, refusalDataOf, refusalOf, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

type Change = FunctionArgs<typeof internal.policy.update>["change"];

describe.each(engines)("previewing a changed policy on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let owner: Person;

  beforeAll(async () => {
    stopClock();
    deployment = await engine.deploy();
  });
  afterAll(async () => {
    await deployment[Symbol.asyncDispose]();
    vi.useRealTimers();
  });

  async function begin(): Promise<void> {
    organization = await createOrganization(deployment);
    owner = await organization.join("owner");
  }
  const update = async (change: Change) =>
    await deployment.call(internal.policy.update, { caller: owner.caller, change });
  const page = async (
    change: Change,
    more: { version?: number; cursor?: string | null; limit?: number } = {},
  ): Promise<PreviewPage> =>
    await deployment.call(internal.policy.preview, {
      caller: owner.caller,
      change,
      at: Date.now(),
      cursor: null,
      limit: 100,
      ...more,
    });
  /** The keys that a change touches, by name, and how. */
  const touched = async (change: Change): Promise<Record<string, string[]>> => {
    const { keys, counts, nextCursor } = await page(change);
    expect(nextCursor).toBeNull();
    const effects = keys.flatMap((key) => key.effects);
    for (const [effect, count] of Object.entries(counts)) {
      expect(effects.filter((one) => one === effect)).toHaveLength(count);
    }
    return Object.fromEntries(keys.map((key) => [key.name, key.effects]));
  };
  const make = async (name: string, input: Partial<NewKey> = {}) =>
    await createKey(deployment, owner.caller, { name, ...input });

  test("tells which keys expire earlier, which die at once, and which stay as they are", async () => {
    await begin();
    const { record } = await make("old");
    passTime(2 * DAY_MS);
    await make("young");
    await make("short", { expiresAt: Date.now() + HOUR_MS });
    const gone = await make("gone");
    await deployment.call(internal.keys.revoke, { caller: owner.caller, keyId: gone.record._id });
    expect(await touched({ maxLifetimeMs: DAY_MS })).toEqual({ old: ["dies"], young: ["expiresEarlier"] });
    const { keys } = await page({ maxLifetimeMs: DAY_MS });
    expect(keys.find(({ name }) => name === "old")).toMatchObject({
      id: record._id,
      expiresAt: record.expiresAt,
      newExpiresAt: record.createdAt + DAY_MS,
    });
    expect(await touched({ maxLifetimeMs: 3 * DAY_MS })).toEqual({
      old: ["expiresEarlier"],
      young: ["expiresEarlier"],
    });
    expect(await touched({ maxLifetimeMs: 300 * DAY_MS })).toEqual({});
  });

  test("changes nothing, and what it says is what then happens", async () => {
    await begin();
    const { key } = await make("old");
    passTime(HOUR_MS);
    const { version, counts } = await page({ maxLifetimeMs: HOUR_MS });
    expect([version, counts["dies"]]).toEqual([0, 1]);
    const { expiresAt = 0 } = (await verify(deployment, key)) ?? {};
    expect(expiresAt).toBeGreaterThan(Date.now());
    await update({ maxLifetimeMs: HOUR_MS });
    expect((await verify(deployment, key))?.expiresAt).toBe(Date.now());
  });

  test("tells which keys were to live for ever", async () => {
    await begin();
    await update({ neverExpiring: true, maxLifetimeMs: null });
    await make("endless", { expiresAt: null });
    await make("ending");
    expect(await touched({ neverExpiring: false })).toEqual({ endless: ["expiresEarlier", "neverExpiringEnds"] });
  });

  test("tells which keys lose addresses", async () => {
    await begin();
    await make("anywhere");
    await make("inside", { cidrs: ["10.1.0.0/16"] });
    await make("partly", { cidrs: ["10.1.0.0/16", "192.0.2.0/24"] });
    const lost = ["addressesRestricted"];
    expect(await touched({ requiredCidrs: ["10.0.0.0/8"] })).toEqual({ anywhere: lost, partly: lost });
    await update({ requiredCidrs: ["10.0.0.0/8"] });
    expect(await touched({ requiredCidrs: ["10.0.0.0/7"] })).toEqual({});
    expect(await touched({ requiredCidrs: ["10.1.0.0/16"] })).toEqual({ anywhere: lost });
    expect(await touched({ requiredCidrs: null })).toEqual({});
  });

  test("tells which keys count as idle, the never used from their creation", async () => {
    await begin();
    const used = await make("used");
    await make("unused");
    await make("own limit", { idleExpiryMs: 10 * DAY_MS });
    passTime(DAY_MS);
    const response = await deployment.fetch("/api/v1/whoami", { headers: { "x-api-key": used.key } });
    expect(response.status).toBe(200);
    await deployment.call(internal.usage.flush, {});
    passTime(HOUR_MS);
    const idle = ["idle"];
    expect(await touched({ idleExpiryMs: DAY_MS })).toEqual({ unused: idle, "own limit": idle });
    expect(await touched({ idleExpiryMs: HOUR_MS })).toEqual({ used: idle, unused: idle, "own limit": idle });
    expect(await touched({ idleExpiryMs: 2 * DAY_MS })).toEqual({});
  });

  test("knows by its last use that a key lives, also where only its lifetime is to be shortened", async () => {
    await begin();
    await update({ idleExpiryMs: 2 * DAY_MS });
    const used = await make("used");
    const own = await make("own limit", { idleExpiryMs: DAY_MS });
    await make("unused");
    for (let day = 0; day < 3; day += 1) {
      passTime(DAY_MS - 1);
      for (const { key } of [used, own]) {
        const response = await deployment.fetch("/api/v1/whoami", { headers: { "x-api-key": key } });
        expect(response.status).toBe(200);
      }
      await deployment.call(internal.usage.flush, {});
    }
    const earlier = ["expiresEarlier"];
    expect(await touched({ maxLifetimeMs: DAY_MS })).toEqual({ used: ["dies"], "own limit": ["dies"] });
    expect(await touched({ maxLifetimeMs: 10 * DAY_MS })).toEqual({ used: earlier, "own limit": earlier });
  });

  test("tells which keys a loosened policy gives back, also those that have left the lists", async () => {
    await begin();
    await make("ended");
    passTime(HOUR_MS);
    await make("cut short");
    await update({ maxLifetimeMs: HOUR_MS });
    await eventually(async () =>
      expect((await listOf(deployment, owner)).map(({ name }) => name)).toEqual(["cut short"]),
    );
    expect(await touched({ maxLifetimeMs: 40 * DAY_MS })).toEqual({
      ended: ["revives"],
      "cut short": ["expiresLater"],
    });
    expect(await touched({ maxLifetimeMs: 2 * HOUR_MS })).toEqual({
      ended: ["revives"],
      "cut short": ["expiresLater"],
    });
  });

  test("tells the maximum that a role would have", async () => {
    await begin();
    const developer = await organization.join("developer");
    await make("of the owner");
    await make("of a developer", { ownerUserId: developer.userId });
    await make("of a service", { ownerKind: "service", ownerUserId: developer.userId });
    expect(await touched({ maxLifetimeMsByRole: { developer: DAY_MS } })).toEqual({
      "of a developer": ["expiresEarlier"],
    });
  });

  test("tells which people have more live keys than a lowered limit", async () => {
    await begin();
    const developer = await organization.join("developer");
    for (const ownerUserId of [owner.userId, owner.userId, owner.userId, developer.userId, developer.userId]) {
      await createKey(deployment, owner.caller, { ownerUserId });
    }
    for (let count = 0; count < 4; count += 1) await createKey(deployment, owner.caller, { ownerKind: "service" });
    expect((await page({ liveKeysPerOwner: 2 })).ownersAboveLimit).toEqual([{ userId: owner.userId, liveKeys: 3 }]);
    const above = (await page({ liveKeysPerOwner: 1 })).ownersAboveLimit;
    expect(above).toHaveLength(2);
    expect(above).toContainEqual({ userId: developer.userId, liveKeys: 2 });
    expect((await page({ liveKeysPerOwner: 3 })).ownersAboveLimit).toEqual([]);
    expect((await page({ liveKeysPerOwner: 200 })).ownersAboveLimit).toEqual([]);
  });

  test("names the version that it looked at, and refuses another one, a wrong change and a foreign cursor", async () => {
    await begin();
    await update({ neverExpiring: true });
    expect((await page({ neverExpiring: false })).version).toBe(1);
    expect(await refusalOf(page({ neverExpiring: false }, { version: 0 }))).toBe("CONFLICT");
    expect(await refusalDataOf(page({ maxLifetimeMs: 1 }))).toMatchObject({ fields: [{ path: "maxLifetimeMs" }] });
    for (const cursor of ["", "x", btoa("[1]"), btoa('["a","b","c","d"]')]) {
      expect(await refusalDataOf(page({}, { cursor }))).toMatchObject({ fields: [{ path: "cursor" }] });
    }
  });

  test("pages add up to every key, each once, whoever owns it", async () => {
    await begin();
    const people = [owner, await organization.join("developer"), await organization.join("developer")];
    for (const [index, { userId }] of people.entries()) {
      for (let count = 0; count <= index * 3; count += 1) {
        await createKey(deployment, owner.caller, { ownerUserId: userId });
        await createKey(deployment, owner.caller, { ownerUserId: userId, ownerKind: "service" });
      }
    }
    const names = (await listOf(deployment, owner)).map(({ name }) => name);
    expect(names).toHaveLength(24);
    for (const limit of [1, 2, 5, 8, 24, 1_000]) {
      const pages: PreviewPage[] = [];
      let cursor: string | null = null;
      do {
        const answer: PreviewPage = await page({ liveKeysPerOwner: 5, maxLifetimeMs: DAY_MS }, { cursor, limit });
        pages.push(answer);
        cursor = answer.nextCursor;
      } while (cursor !== null);
      const shown = pages.flatMap(({ keys }) => keys.map(({ name }) => name));
      expect(shown.toSorted()).toEqual(names.toSorted());
      expect(pages.reduce((sum, { counts }) => sum + (counts["expiresEarlier"] ?? 0), 0)).toBe(24);
      expect(pages.every(({ seen }) => seen <= limit)).toBe(true);
      // However many pages an owner's keys are on, it is told once, with all of them.
      const above = pages.flatMap(({ ownersAboveLimit }) => ownersAboveLimit);
      expect(above).toEqual([{ userId: people[2]?.userId, liveKeys: 7 }]);
    }
  });
});
