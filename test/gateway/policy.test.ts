import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { internal } from "#convex/_generated/api.js";
import { passTime, stopClock } from "../convex/clock.ts";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { World } from "./world.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

describe.each(engines)("the policy over HTTP, on $name", (engine) => {
  let world: World;
  let verifier: string;
  beforeAll(async () => {
    stopClock();
    world = await openWorld(engine);
    ({ key: verifier } = await world.createKey({
      name: "judge",
      ownerKind: "service",
      permissions: ["keys:verify"],
      expiresAt: Date.now() + 300 * DAY_MS,
    }));
  });
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    vi.useRealTimers();
  });

  const change = async (body: object) => await world.asOwner("PATCH", "/api/v1/policy", body);
  const preview = async (body: object) => await world.asOwner("POST", "/api/v1/policy/preview", body);
  const verdictOn = async (key: string, ip?: string) => {
    const { body } = await world.call("POST", "/api/v1/keys/verify", { key: verifier, body: { key, ip } });
    return [body?.["code"], body?.["expiresAt"]];
  };
  const whoami = async (key: string) => {
    const { status, body } = await world.call("GET", "/api/v1/whoami", { key });
    return [status, body?.["code"]];
  };

  test("is read, changed by its parts, and tied to the version that was seen", async () => {
    const before = await world.asOwner("GET", "/api/v1/policy");
    expect(before).toMatchObject({ status: 200, body: { version: 0, maxLifetimeMs: 365 * DAY_MS } });
    const changed = await change({ liveKeysPerOwner: 200, version: 0 });
    expect(changed).toMatchObject({ status: 200, body: { ...before.body, liveKeysPerOwner: 200, version: 1 } });
    expect(await change({ liveKeysPerOwner: 300, version: 0 })).toMatchObject({
      status: 409,
      body: { code: "CONFLICT" },
    });
    expect(await world.asOwner("GET", "/api/v1/policy")).toMatchObject({ body: changed.body });
    const byTrpc = await world.call("GET", "/api/trpc/policy.get?input=%7B%7D", { cookie: world.owner.cookie });
    expect(byTrpc).toMatchObject({ status: 200, body: { result: { data: changed.body } } });
  });

  test("wrong input is refused by field, before and after it is understood", async () => {
    for (const [path, body] of [
      ["maxLifetimeMs", { maxLifetimeMs: "long" }],
      ["maxLifetimeMs", { maxLifetimeMs: 1 }],
      ["maxLifetimeMsByRole.Nobody!", { maxLifetimeMsByRole: { "Nobody!": DAY_MS } }],
      ["maxLifetimeMsByRole.nobody", { maxLifetimeMsByRole: { nobody: DAY_MS } }],
      ["requiredCidrs", { requiredCidrs: ["home"] }],
      ["rateLimit.windowMs", { rateLimit: { limit: 1 } }],
      ["forever", { forever: true }],
    ] as const) {
      const refusal = { status: 422, body: { code: "INVALID_INPUT", errors: [{ path }] } };
      expect(await change(body)).toMatchObject(refusal);
      expect(await preview(body)).toMatchObject(refusal);
    }
    expect(await world.asOwner("GET", "/api/v1/policy/retention?deadKeyRetentionMs=1")).toMatchObject({
      status: 422,
      body: { errors: [{ path: "deadKeyRetentionMs" }] },
    });
  });

  test("is nothing for a key without the right, nor for a stranger", async () => {
    const { key } = await world.createKey({ name: "reader", ownerKind: "service", permissions: ["policy:read"] });
    expect((await world.call("GET", "/api/v1/policy", { key })).status).toBe(200);
    const asKey = { key, body: { neverExpiring: true } };
    expect(await world.call("PATCH", "/api/v1/policy", asKey)).toMatchObject({ status: 403 });
    expect(await world.call("POST", "/api/v1/policy/preview", asKey)).toMatchObject({ status: 403 });
    expect(await world.call("GET", "/api/v1/policy/retention", { key })).toMatchObject({ status: 403 });
    const stranger = await world.signUp("Eve");
    const named = { cookie: stranger.cookie, headers: { "x-organization-id": world.organizationId } };
    expect(await world.call("GET", "/api/v1/policy", named)).toMatchObject({ status: 404 });
  });

  test("E7 C11: tightened, it holds on the very next call, and loosened it gives back", async () => {
    const { id, key } = await world.createKey({ name: "touched", expiresAt: Date.now() + 10 * DAY_MS });
    const record = await world.asOwner("GET", `/api/v1/keys/${id}`);
    const expiresAt = record.body?.["expiresAt"];
    expect(await verdictOn(key)).toEqual(["VALID", expiresAt]);
    passTime(HOUR_MS);
    const wish = { maxLifetimeMsByRole: { owner: HOUR_MS } };
    const seen = await preview(wish);
    expect(seen.body).toMatchObject({ counts: { dies: 1 }, keys: [{ id, effects: ["dies"], expiresAt }] });
    expect(await whoami(key)).toEqual([200, undefined]);

    await change({ ...wish, version: seen.body?.["version"] });
    expect((await verdictOn(key))[0]).toBe("EXPIRED");
    expect(await whoami(key)).toEqual([401, "KEY_EXPIRED"]);
    expect(await world.asOwner("GET", `/api/v1/keys/${id}`)).toMatchObject({ body: { status: "expired" } });
    expect((await preview({ maxLifetimeMsByRole: {} })).body).toMatchObject({ counts: { revives: 1, dies: 0 } });
    await change({ maxLifetimeMsByRole: {} });
    expect(await verdictOn(key)).toEqual(["VALID", expiresAt]);

    await change({ requiredCidrs: ["192.0.2.0/24"] });
    expect((await verdictOn(key, "198.51.100.1"))[0]).toBe("FORBIDDEN");
    expect(await whoami(key)).toEqual([403, "FORBIDDEN"]);
    await change({ requiredCidrs: null });
    expect((await verdictOn(key, "198.51.100.1"))[0]).toBe("VALID");
  });

  test("C11 E27: an idle key is refused at the millisecond, and use keeps it alive without making it live longer", async () => {
    const { id, key } = await world.createKey({ name: "idle", expiresAt: Date.now() + 3 * HOUR_MS });
    await change({ idleExpiryMs: HOUR_MS });
    for (let hours = 0; hours < 3; hours += 1) {
      passTime(HOUR_MS - 1);
      expect(await whoami(key)).toEqual([200, undefined]);
      // Written within moments, which an hour that passes in none of them does not leave.
      await world.deployment.call(internal.usage.flush, {});
    }
    passTime(3);
    expect(await whoami(key)).toEqual([401, "KEY_EXPIRED"]);
    expect(await world.asOwner("GET", `/api/v1/keys/${id}`)).toMatchObject({ body: { status: "expired" } });
    const unused = await world.createKey({ name: "unused" });
    passTime(HOUR_MS);
    expect(await whoami(unused.key)).toEqual([401, "KEY_EXPIRED"]);
    await change({ idleExpiryMs: null });
    expect(await whoami(unused.key)).toEqual([200, undefined]);
  });

  test("E10: no key is made or edited past it", async () => {
    await change({ maxLifetimeMs: 40 * DAY_MS });
    const beyond = { status: 422, body: { errors: [{ path: "expiresAt" }] } };
    const make = async (expiresAt: number | null) =>
      await world.asOwner("POST", "/api/v1/keys", { name: `made ${expiresAt}`, expiresAt });
    expect(await make(Date.now() + 41 * DAY_MS)).toMatchObject(beyond);
    expect(await make(null)).toMatchObject(beyond);
    const made = await make(Date.now() + 40 * DAY_MS);
    expect(made.status).toBe(201);
    const path = `/api/v1/keys/${textOf(made, "id")}`;
    expect(await world.asOwner("PATCH", path, { expiresAt: null })).toMatchObject(beyond);
    expect(await world.asOwner("PATCH", path, { expiresAt: Date.now() + 41 * DAY_MS })).toMatchObject(beyond);
  });

  test("E29: what the next sweep would delete can be seen beforehand", async () => {
    const { id } = await world.createKey({ name: "to go" });
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
    passTime(DAY_MS + 1);
    const dryRun = async (query = "") => (await world.asOwner("GET", `/api/v1/policy/retention${query}`)).body;
    expect(await dryRun()).toMatchObject({ keys: { retentionMs: null, count: 0, first: [] } });
    // Keys of other tests may have died before.
    const first: unknown = expect.arrayContaining([expect.objectContaining({ id, name: "to go" })]);
    expect(await dryRun(`?deadKeyRetentionMs=${DAY_MS}`)).toMatchObject({
      keys: { retentionMs: DAY_MS, capped: false, first },
      auditEntries: { retentionMs: null, count: 0 },
    });
  });
});
