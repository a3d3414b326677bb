import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, World } from "./world.ts";

const DAY = 86_400_000;

describe.each(engines)("limits over HTTP on $name", (engine) => {
  let world: World;
  let verifier: string;
  let counter = 0;
  beforeAll(async () => {
    world = await openWorld(engine);
    const permissions = ["keys:verify"];
    verifier = (await world.createKey({ name: "verifier", ownerKind: "service", permissions })).key;
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  async function createKey(input: Record<string, unknown>): Promise<{ id: string; key: string }> {
    counter += 1;
    return await world.createKey({ name: `limited ${counter}`, ownerKind: "service", ...input });
  }
  const verify = async (body: Record<string, unknown>) =>
    await world.call("POST", "/api/v1/keys/verify", { key: verifier, body });
  const whoami = async (key: string) => await world.call("GET", "/api/v1/whoami", { key });
  const update = async (id: string, body: Record<string, unknown>) =>
    expect((await world.asOwner("PATCH", `/api/v1/keys/${id}`, body)).status).toBe(200);

  test("E22 a quota is told with every verdict, and refuses as USAGE_EXCEEDED once it is used up", async () => {
    const { key } = await createKey({ quota: { limit: 3, refill: "daily" } });
    const refillAt = (Math.floor(Date.now() / DAY) + 1) * DAY;
    const quota = (remaining: number) => ({ limit: 3, remaining, refillAt });
    expect((await verify({ key })).body).toMatchObject({ code: "VALID", rateLimit: null, quota: quota(2) });
    expect((await verify({ key, cost: 0 })).body).toMatchObject({ code: "VALID", quota: quota(2) });
    expect((await verify({ key, cost: 3 })).body).toMatchObject({
      valid: false,
      code: "USAGE_EXCEEDED",
      quota: quota(2),
    });
    expect((await verify({ key, cost: 2 })).body).toMatchObject({ code: "VALID", quota: quota(0) });
    expect((await verify({ key })).body).toMatchObject({ valid: false, code: "USAGE_EXCEEDED", quota: quota(0) });
    expect((await verify({ key, cost: 0 })).body).toMatchObject({ code: "VALID", quota: quota(0) });
  });

  test("a cost above all of a limit is COST_TOO_HIGH, which no wait helps, and takes nothing", async () => {
    const rateLimit = { limit: 5, windowMs: DAY };
    const { key } = await createKey({ rateLimit, quota: { limit: 4, refill: "never" } });
    const refused = await verify({ key, cost: 5 });
    expect(refused.body).toMatchObject({
      valid: false,
      code: "COST_TOO_HIGH",
      rateLimit: { limit: 5, remaining: 5 },
      quota: { limit: 4, remaining: 4, refillAt: null },
    });
    expect((await verify({ key, cost: 4 })).body).toMatchObject({ code: "VALID", quota: { remaining: 0 } });
  });

  test.each([-1, 1.5, 10_001, "2", null])("a cost of %s is no cost", async (cost) => {
    const { key } = await createKey({});
    expect(await verify({ key, cost })).toMatchObject({ status: 422, body: { errors: [{ path: "cost" }] } });
  });

  test.each([
    ["nine tags", Array.from({ length: 9 }, (_, index) => `tag-${index}`)],
    ["an empty tag", [""]],
    ["a long tag", ["x".repeat(65)]],
    ["a control character", ["eu\u0007"]],
    ["a line", ["eu", "a\nb"]],
    ["a line separator", ["a\u2028b"]],
    ["what nobody sees", ["a\u200bb"]],
    ["half a character", ["\ud83d"]],
    ["one text", "eu"],
    ["numbers", [1]],
  ])("%s are refused by field", async (_what, tags) => {
    const { key } = await createKey({});
    const { status, body } = await verify({ key, tags });
    expect(status).toBe(422);
    expect(JSON.stringify(body?.["errors"])).toContain('"path":"tags');
    const batch = await world.call("POST", "/api/v1/keys/verify-batch", {
      key: verifier,
      body: { items: [{ key, tags }] },
    });
    expect(batch).toMatchObject({ status: 422 });
    expect(JSON.stringify(batch.body?.["errors"])).toContain('"path":"items.0.tags');
  });

  test("tags are counted in characters as people see them", async () => {
    const { key } = await createKey({});
    expect(await verify({ key, tags: ["🔑".repeat(64), "été 2027"] })).toMatchObject({ body: { code: "VALID" } });
  });

  test("E20 what a key was not made for burns nothing: address, resource, license, permission, a dead key", async () => {
    const input = { quota: { limit: 1, refill: "never" }, rateLimit: { limit: 1, windowMs: DAY } };
    const { id, key } = await createKey({
      ...input,
      cidrs: ["192.0.2.0/24"],
      allowList: ["project:1"],
      permissions: ["orders:read"],
    });
    const good = { key, ip: "192.0.2.1", resource: "project:1", permission: "orders:read" };
    const codes: unknown[] = [];
    for (const wrong of [
      { ip: "203.0.113.1" },
      { resource: "project:2" },
      { license: "pro" },
      { permission: "orders:refund" },
    ]) {
      codes.push((await verify({ ...good, ...wrong })).body?.["code"]);
    }
    await world.asOwner("POST", `/api/v1/keys/${id}/disable`, {});
    codes.push((await verify(good)).body?.["code"], (await whoami(key)).status);
    await world.asOwner("POST", `/api/v1/keys/${id}/enable`, {});
    expect(codes).toEqual(["FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "INSUFFICIENT_PERMISSIONS", "DISABLED", 401]);
    expect((await verify(good)).body).toMatchObject({
      code: "VALID",
      quota: { remaining: 0 },
      rateLimit: { remaining: 0 },
    });
    expect((await verify(good)).body).toMatchObject({ code: "RATE_LIMITED", reason: "KEY", rateLimit: { ok: false } });
  });

  test("E22 a caller over its quota is told 429 with the time of the refill, never 401, wherever it calls", async () => {
    const { key } = await createKey({ quota: { limit: 1, refill: "daily" } });
    expect((await whoami(key)).body).toMatchObject({ quota: { limit: 1, remaining: 0 }, rateLimit: null });
    const untilMidnight = DAY - (Date.now() % DAY);
    const isTold = (answer: Answer) => {
      expect(answer).toMatchObject({ status: 429, body: { code: "USAGE_EXCEEDED" } });
      const seconds = Number(answer.headers.get("retry-after"));
      expect(Math.abs(seconds - untilMidnight / 1000)).toBeLessThan(60);
      expect(answer.headers.get("ratelimit-limit")).toBe("1");
      expect(answer.headers.get("ratelimit-remaining")).toBe("0");
      expect(answer.headers.get("ratelimit-reset")).toBe(answer.headers.get("retry-after"));
    };
    isTold(await whoami(key));
    isTold(await world.call("GET", "/api/v1/keys", { key }));
    isTold(await world.call("POST", "/api/v1/keys/verify", { key, body: { key } }));
    const trpc = await world.call("GET", "/api/trpc/whoami", { key });
    expect(trpc).toMatchObject({ status: 429, body: { error: { data: { code: "USAGE_EXCEEDED", httpStatus: 429 } } } });
  });

  test("a quota that never comes back names no time to wait for", async () => {
    const { key } = await createKey({ quota: { limit: 1, refill: "never" } });
    await whoami(key);
    const refused = await whoami(key);
    expect(refused).toMatchObject({ status: 429, body: { code: "USAGE_EXCEEDED" } });
    expect(refused.headers.get("retry-after")).toBeNull();
    expect(refused.headers.get("ratelimit-reset")).toBeNull();
  });

  test("T1 100 per minute are milliseconds in the record and the verdict, and seconds in the headers, of one and the same minute", async () => {
    const rateLimit = { limit: 100, windowMs: 60_000 };
    const { id, key } = await createKey({ rateLimit });
    expect((await world.asOwner("GET", `/api/v1/keys/${id}`)).body).toMatchObject({ rateLimit });
    const all = await verify({ key, cost: 100 });
    expect(all.body).toMatchObject({ code: "VALID", rateLimit: { remaining: 0, resetMs: 60_000, retryAfterMs: 0 } });
    // A hundredth of a minute brings one back; half a minute must not.
    const { rateLimit: spent, code } = (await verify({ key, cost: 90 })).body ?? {};
    expect(code).toBe("RATE_LIMITED");
    const { retryAfterMs, resetMs } = Object(spent);
    expect(retryAfterMs).toBeGreaterThan(30_000);
    expect(retryAfterMs).toBeLessThanOrEqual(54_000);
    expect(resetMs).toBeLessThanOrEqual(60_000);
    const headers = (await whoami((await createKey({ rateLimit: { limit: 1, windowMs: 60_000 } })).key)).headers;
    expect(headers.get("ratelimit-reset")).toBe("60");
  });

  test("whoami tells what is left, and is itself a use", async () => {
    const { key } = await createKey({ quota: { limit: 9, refill: "monthly" }, rateLimit: { limit: 5, windowMs: DAY } });
    expect((await whoami(key)).body).toMatchObject({ quota: { remaining: 8 }, rateLimit: { ok: true, remaining: 4 } });
    const second = await whoami(key);
    expect(second.body).toMatchObject({ quota: { remaining: 7 }, rateLimit: { remaining: 3 } });
    expect(second.headers.get("ratelimit-remaining")).toBe("3");
  });

  test("E22 a record tells what is left of the quota, by the clock and without taking any", async () => {
    const { id, key } = await createKey({ quota: { limit: 3, refill: "never" } });
    const told = async () => (await world.asOwner("GET", `/api/v1/keys/${id}`)).body?.["quotaLeft"];
    expect(await told()).toEqual({ limit: 3, remaining: 3, refillAt: null });
    await verify({ key, cost: 2 });
    expect(await told()).toEqual({ limit: 3, remaining: 1, refillAt: null });
    expect(await told()).toEqual({ limit: 3, remaining: 1, refillAt: null });
    await verify({ key, cost: 2 });
    expect((await verify({ key })).body).toMatchObject({ code: "VALID", quota: { remaining: 0 } });
    expect(await told()).toMatchObject({ remaining: 0 });
    await update(id, { quota: { limit: 10, refill: "daily" } });
    expect(await told()).toEqual({ limit: 10, remaining: 7, refillAt: (Math.floor(Date.now() / DAY) + 1) * DAY });
    await update(id, { quota: null });
    expect(await told()).toBeNull();
  });

  test("a change of limits holds for the next use: a raised quota keeps what was used, a lowered rate caps what is left", async () => {
    const { id, key } = await createKey({
      quota: { limit: 2, refill: "monthly" },
      rateLimit: { limit: 100, windowMs: DAY },
    });
    const left = async () => {
      const { quota, rateLimit, code } = (await verify({ key })).body ?? {};
      return [code, Object(quota).remaining, Object(rateLimit).remaining];
    };
    expect(await left()).toEqual(["VALID", 1, 99]);
    expect(await left()).toEqual(["VALID", 0, 98]);
    expect((await left())[0]).toBe("USAGE_EXCEEDED");
    await update(id, { quota: { limit: 5, refill: "monthly" }, rateLimit: { limit: 10, windowMs: DAY } });
    expect(await left()).toEqual(["VALID", 2, 9]);
    await update(id, { quota: { limit: 1, refill: "monthly" } });
    expect((await left())[0]).toBe("USAGE_EXCEEDED");
    await update(id, { quota: null, rateLimit: null });
    expect(await left()).toEqual(["VALID", undefined, undefined]);
  });

  test("E22 the keys of an organization share its limit, and the headers tell the limit that comes next", async () => {
    await using small = await openWorld(engine);
    const permissions = ["keys:verify"];
    const [one, other] = [
      await small.createKey({
        name: "one",
        ownerKind: "service",
        permissions,
        rateLimit: { limit: 50, windowMs: DAY },
      }),
      await small.createKey({ name: "other", ownerKind: "service" }),
    ];
    const policy = await small.asOwner("PATCH", "/api/v1/policy", { rateLimit: { limit: 4, windowMs: DAY } });
    expect(policy.status).toBe(200);
    const first = await small.call("GET", "/api/v1/whoami", { key: one.key });
    expect(first.body).toMatchObject({ rateLimit: { limit: 50, remaining: 49 } });
    expect(first.headers.get("ratelimit-limit")).toBe("4");
    expect(first.headers.get("ratelimit-remaining")).toBe("3");
    await small.call("GET", "/api/v1/whoami", { key: other.key });
    // The question takes one use for who asks and one for the key that it is about.
    const asked = { key: one.key, body: { key: other.key } };
    expect((await small.call("POST", "/api/v1/keys/verify", asked)).body).toMatchObject({ code: "VALID" });
    const refused = await small.call("GET", "/api/v1/whoami", { key: other.key });
    expect(refused).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
    expect(refused.body?.["detail"]).toContain("together");
    // The refusal took nothing of the caller's own limit.
    await small.asOwner("PATCH", "/api/v1/policy", { rateLimit: null });
    expect((await small.call("GET", "/api/v1/whoami", { key: one.key })).body).toMatchObject({
      rateLimit: { remaining: 47 },
    });
  });

  test("E22 a verdict names the organization's limit when that is what is spent", async () => {
    await using small = await openWorld(engine);
    const target = await small.createKey({ name: "target" });
    await small.asOwner("PATCH", "/api/v1/policy", { rateLimit: { limit: 1, windowMs: DAY } });
    const ask = async () => await small.asOwner("POST", "/api/v1/keys/verify", { key: target.key });
    expect((await ask()).body).toMatchObject({ code: "VALID", rateLimit: null });
    expect((await ask()).body).toMatchObject({
      code: "RATE_LIMITED",
      reason: "ORGANIZATION",
      rateLimit: { ok: false, limit: 1, remaining: 0 },
    });
  });

  test("verifyBatch gives a key's quota to the earlier questions, by whichever of its secrets they ask", async () => {
    const { id, key } = await createKey({ quota: { limit: 3, refill: "never" } });
    const rotated = await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, { graceMs: 3_600_000 });
    const newer = textOf(rotated, "key");
    const items = [{ key }, { key: newer, cost: 2 }, { key, cost: 0 }, { key: newer }, { key, cost: 4 }];
    const { body } = await world.call("POST", "/api/v1/keys/verify-batch", { key: verifier, body: { items } });
    expect(body).toMatchObject({
      results: [
        { code: "VALID", quota: { remaining: 2 } },
        { code: "VALID", quota: { remaining: 0 } },
        { code: "VALID", quota: { remaining: 0 } },
        { code: "USAGE_EXCEEDED", quota: { remaining: 0 } },
        { code: "COST_TOO_HIGH" },
      ],
    });
  });

  test("E22 E31 500 uses at once of a quota of 100 are exactly 100 good ones", async () => {
    const { key } = await createKey({ quota: { limit: 100, refill: "never" } });
    const answers = await Promise.all(Array.from({ length: 500 }, async () => await verify({ key })));
    const codes = answers.map(({ body }) => body?.["code"]);
    expect(codes.filter((code) => code === "VALID")).toHaveLength(100);
    expect(codes.filter((code) => code === "USAGE_EXCEEDED")).toHaveLength(400);
    const remaining = answers.flatMap(({ body }) =>
      body?.["valid"] === true ? [Object(body["quota"]).remaining] : [],
    );
    expect(remaining.toSorted((left, right) => left - right)).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });
});
