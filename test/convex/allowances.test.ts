import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { Id } from "../../convex/_generated/dataModel.js";
import type { Ask, Taken } from "../../convex/model/verification/allowances.ts";
import type { AnchoredQuota } from "../../convex/shared/allowance.ts";
import type { RateLimit } from "../../convex/shared/limits.ts";
import { Dice } from "../helpers/dice.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization } from "./world.ts";

const START = Date.UTC(2026, 0, 31, 15);
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe.each(engines)("what is left of limits on $name", (engine) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await engine.deploy();
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  type Limits = Partial<Pick<Ask, "rateLimit" | "organizationRateLimit" | "quota">>;

  async function newKey(): Promise<Pick<Ask, "keyId" | "organizationId">> {
    const admin = await (await createOrganization(deployment)).join("admin");
    const { record } = await createKey(deployment, admin.caller);
    return { keyId: record._id, organizationId: admin.caller.organizationId };
  }

  async function take(
    of: Pick<Ask, "keyId" | "organizationId">,
    limits: Limits,
    { at = START, cost = 1 } = {},
  ): Promise<Taken> {
    const none = { rateLimit: null, organizationRateLimit: null, quota: null };
    const [taken] = await deployment.call(internal.allowances.take, {
      asks: [{ ...of, ...none, ...limits, at, cost }],
    });
    if (taken === undefined) throw new Error("no answer");
    return taken;
  }

  const wide = { limit: 1_000, windowMs: HOUR };

  test("E22 a use that any limit refuses takes nothing from the others", async () => {
    const key = await newKey();
    const limits = { organizationRateLimit: wide, rateLimit: { limit: 100, windowMs: HOUR }, quota: forever(10) };
    const left = async () => {
      const { organizationRate, rate, quota } = await take(key, limits, { cost: 0 });
      return [organizationRate?.remaining, rate?.remaining, quota?.remaining];
    };
    expect(await take(key, limits, { cost: 4 })).toMatchObject({ refusedBy: null, quota: { remaining: 6 } });
    expect(await left()).toEqual([996, 96, 6]);
    const byQuota = await take(key, limits, { cost: 7 });
    expect(byQuota).toMatchObject({
      refusedBy: "quota",
      tooHigh: false,
      rate: { remaining: 96 },
      organizationRate: { remaining: 996 },
      quota: { remaining: 6, refillAt: null },
    });
    expect(await left()).toEqual([996, 96, 6]);
    const byKey = await take(key, { ...limits, rateLimit: { limit: 5, windowMs: HOUR } }, { cost: 6 });
    expect(byKey).toMatchObject({ refusedBy: "key", tooHigh: true });
    const byOrganization = await take(
      key,
      { ...limits, organizationRateLimit: { limit: 3, windowMs: HOUR } },
      { cost: 4 },
    );
    expect(byOrganization).toMatchObject({ refusedBy: "organization", organizationRate: { ok: false, remaining: 3 } });
    expect(await left()).toEqual([996, 96, 6]);
  });

  test("the keys of an organization spend its limit together, and those of another do not", async () => {
    const organization = await createOrganization(deployment);
    const { caller } = await organization.join("admin");
    const limit = { organizationRateLimit: { limit: 3, windowMs: HOUR } };
    const { organizationId } = organization;
    const keys: Id<"keys">[] = [];
    for (let index = 0; index < 4; index += 1) keys.push((await createKey(deployment, caller)).record._id);
    const refusals: Taken["refusedBy"][] = [];
    for (const keyId of keys) refusals.push((await take({ keyId, organizationId }, limit)).refusedBy);
    expect(refusals).toEqual([null, null, null, "organization"]);
    expect((await take(await newKey(), limit)).refusedBy).toBeNull();
  });

  test("of many calls at once exactly as many pass as fit, in one batch or in many", async () => {
    const [together, apart] = [await newKey(), await newKey()];
    const ask = { rateLimit: { limit: 50, windowMs: HOUR }, organizationRateLimit: null, quota: forever(20), cost: 1 };
    const asks = Array.from({ length: 60 }, () => ({ ...together, ...ask, at: START }));
    const batch = await deployment.call(internal.allowances.take, { asks });
    expect(batch.map(({ refusedBy }) => refusedBy)).toEqual(asks.map((_ask, index) => (index < 20 ? null : "quota")));
    const single = await Promise.all(
      Array.from({ length: 60 }, async () => await take(apart, { rateLimit: ask.rateLimit, quota: ask.quota })),
    );
    expect(single.filter(({ refusedBy }) => refusedBy === null)).toHaveLength(20);
  });

  test("what is left goes with the key", async () => {
    const admin = await (await createOrganization(deployment)).join("admin");
    const { record } = await createKey(deployment, admin.caller);
    const key = { keyId: record._id, organizationId: admin.caller.organizationId };
    await take(key, { quota: forever(10) }, { cost: 10 });
    expect((await take(key, { quota: forever(10) })).refusedBy).toBe("quota");
    await deployment.call(internal.keys.revoke, { caller: admin.caller, keyId: key.keyId });
    await deployment.call(internal.keys.remove, { caller: admin.caller, keyId: key.keyId });
    // Nothing can use a deleted key; that its id starts anew shows that its row is gone.
    expect((await take(key, { quota: forever(10) })).refusedBy).toBeNull();
  });

  test.each([1, 2, 3])(
    "thousands of uses at random times and costs go exactly as a simple model says (dice %i)",
    async (seed) => {
      const dice = new Dice(seed);
      const organization = await createOrganization(deployment);
      const { caller } = await organization.join("admin");
      const organizationRateLimit = { limit: 40, windowMs: 60_000 };
      const rules = [
        { rateLimit: { limit: 7, windowMs: 10_000 }, quota: null },
        { rateLimit: null, quota: { limit: 300, refill: "monthly", setAt: START } satisfies AnchoredQuota },
        {
          rateLimit: { limit: 30, windowMs: 3_600_000 },
          quota: { limit: 90, refill: "daily", setAt: START } satisfies AnchoredQuota,
        },
      ];
      const keys: Ask[] = [];
      for (const rule of rules) {
        const { record } = await createKey(deployment, caller);
        const { organizationId } = organization;
        keys.push({ keyId: record._id, organizationId, organizationRateLimit, ...rule, cost: 0, at: 0 });
      }
      const model = new SimpleLimits();
      let at = START;
      for (let done = 0; done < 1_500;) {
        const asks = dice.some(30, () => {
          at += dice.chance(0.02) ? dice.below(2 * DAY) : dice.below(1_500);
          return { ...dice.pick(keys), cost: dice.chance(0.8) ? 1 : dice.below(9), at };
        });
        const answers = await deployment.call(internal.allowances.take, { asks });
        expect(answers.map(({ refusedBy }) => refusedBy)).toEqual(asks.map((ask) => model.take(ask)));
        done += asks.length;
      }
    },
  );
});

function forever(limit: number): AnchoredQuota {
  return { limit, refill: "never", setAt: START };
}

type Spending = { at: number; cost: number };

/**
 * Limits by their meaning instead of by counters: everything that passed is kept. A token bucket lets a call through
 * when in no stretch of time up to now more was spent than all of it and what came back in that stretch; a quota, when
 * since the last refill no more was spent than it has.
 */
class SimpleLimits {
  readonly #passed = new Map<string, Spending[]>();

  take({ keyId, organizationId, rateLimit, organizationRateLimit, quota, cost, at }: Ask): Taken["refusedBy"] {
    const ofKey = this.#of(keyId);
    const ofOrganization = this.#of(organizationId);
    if (organizationRateLimit !== null && !fits(ofOrganization, organizationRateLimit, { at, cost }))
      return "organization";
    if (rateLimit !== null && !fits(ofKey, rateLimit, { at, cost })) return "key";
    if (quota !== null && !fitsQuota(ofKey, quota, { at, cost })) return "quota";
    ofKey.push({ at, cost });
    ofOrganization.push({ at, cost });
    return null;
  }

  #of(holder: string): Spending[] {
    const passed = this.#passed.get(holder) ?? [];
    this.#passed.set(holder, passed);
    return passed;
  }
}

function fits(passed: readonly Spending[], { limit, windowMs }: RateLimit, { at, cost }: Spending): boolean {
  let spent = cost;
  if (cost > limit) return false;
  for (const before of passed.toReversed()) {
    spent += before.cost;
    if (spent * windowMs > limit * windowMs + (at - before.at) * limit) return false;
  }
  return true;
}

function fitsQuota(passed: readonly Spending[], quota: AnchoredQuota, { at, cost }: Spending): boolean {
  const since = lastRefill(quota, at);
  const spent = passed.filter((before) => before.at >= since).reduce((sum, before) => sum + before.cost, 0);
  return spent + cost <= quota.limit;
}

/** Walks back day by day to a day of refill; the quota was never refilled before the day after it was set. */
function lastRefill({ refill, setAt }: AnchoredQuota, at: number): number {
  const anchor = new Date(setAt).getUTCDate();
  for (let day = Math.floor(at / DAY) * DAY; day > setAt; day -= DAY) {
    const today = new Date(day).getUTCDate();
    const isLastOfMonth = new Date(day + DAY).getUTCDate() === 1;
    if (refill === "daily" || today === anchor || (isLastOfMonth && today < anchor)) return day;
  }
  return 0;
}
