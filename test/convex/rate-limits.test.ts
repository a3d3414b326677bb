import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization } from "./world.ts";

describe.each(engines)("a key's rate limit on $name", (engine) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await engine.deploy();
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  test("lets through what fits the bucket and says when to come back", async () => {
    const admin = await (await createOrganization(deployment)).join("admin");
    const rate = { limit: 3, windowMs: 3_600_000 };
    const { record } = await createKey(deployment, admin.caller, { rateLimit: rate });
    const other = await createKey(deployment, admin.caller, { rateLimit: rate });
    const take = async (keyId = record._id, cost?: number) =>
      await deployment.call(internal.rateLimits.consume, { keyId, ...rate, cost });
    expect(await take()).toMatchObject({ ok: true, limit: 3, remaining: 2, retryAfterMs: 0 });
    expect(await take()).toMatchObject({ ok: true, remaining: 1 });
    expect(await take(record._id, 2)).toMatchObject({ ok: false, remaining: 1 });
    expect(await take()).toMatchObject({ ok: true, remaining: 0 });
    const refused = await take();
    expect(refused).toMatchObject({ ok: false, remaining: 0 });
    // One token comes back every twenty minutes, all three in an hour.
    expect(refused.retryAfterMs).toBeGreaterThan(19 * 60_000);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(20 * 60_000);
    expect(refused.resetMs).toBeGreaterThan(59 * 60_000);
    expect(refused.resetMs).toBeLessThanOrEqual(60 * 60_000);
    expect(await take(other.record._id)).toMatchObject({ ok: true, remaining: 2 });
  });

  test("of many calls at once exactly as many pass as fit", async () => {
    const admin = await (await createOrganization(deployment)).join("admin");
    const { record } = await createKey(deployment, admin.caller);
    const take = () =>
      deployment.call(internal.rateLimits.consume, { keyId: record._id, limit: 5, windowMs: 3_600_000 });
    const results = await Promise.all(Array.from({ length: 12 }, take));
    expect(results.filter(({ ok }) => ok)).toHaveLength(5);
  });
});
