import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, World } from "./world.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

describe.each(engines)("usage over HTTP on $name", (engine) => {
  let world: World;
  let verifier: { id: string; key: string };
  beforeAll(async () => {
    world = await openWorld(engine);
    const permissions = ["keys:verify"];
    verifier = await world.createKey({ name: "verifier", ownerKind: "service", permissions });
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const verify = async (body: Record<string, unknown>) =>
    await world.call("POST", "/api/v1/keys/verify", { key: verifier.key, body });
  /** What waits to be written where the process outlives its answers. */
  const flush = async () => await world.deployment.call(internal.usage.flush, {});
  async function usageOf(query: Record<string, string>): Promise<Answer> {
    await flush();
    return await world.asOwner("GET", `/api/v1/usage?${new URLSearchParams(query).toString()}`);
  }
  /** Names and counts. */
  async function countsOf(query: Record<string, string>): Promise<unknown[]> {
    const { items } = (await usageOf(query)).body ?? {};
    return Array.isArray(items) ? items.map(({ name, count }) => [name, count]) : [];
  }

  test("E31 calls are counted by operation and by how they ended, whichever way they came in", async () => {
    const { id, key } = await world.createKey({ name: "caller", ownerKind: "service", permissions: ["keys:read"] });
    await world.call("GET", "/api/v1/whoami", { key });
    await world.call("GET", "/api/v1/whoami?nonsense=1", { key });
    await world.call("GET", "/api/v1/keys", { key });
    await world.call("GET", "/api/v1/keys/nonsense", { key });
    await world.call("GET", "/api/v1/audit", { key });
    await world.call("POST", "/api/v1/keys/verify", { key, body: { key } });
    await world.call("POST", "/api/v1/keys", { key, body: "{", headers: { "content-type": "application/json" } });
    await world.call("GET", "/api/trpc/whoami,audit.list,nonsense?batch=1&input=%7B%7D", { key });
    expect(await countsOf({ keyId: id, by: "operation" })).toEqual([
      ["whoami", 3],
      ["audit.list", 2],
      ["keys.create", 1],
      ["keys.get", 1],
      ["keys.list", 1],
      ["keys.verify", 1],
    ]);
    expect(await countsOf({ keyId: id, by: "outcome" })).toEqual([
      ["FORBIDDEN", 3],
      ["OK", 3],
      ["INVALID_INPUT", 1],
      ["MALFORMED_REQUEST", 1],
      ["NOT_FOUND", 1],
    ]);
  });

  test("E31 verdicts are counted for the key that was asked about, refusals too, and by tag", async () => {
    const { id, key } = await world.createKey({
      name: "asked about",
      ownerKind: "service",
      permissions: ["orders:read"],
      quota: { limit: 2, refill: "never" },
    });
    await verify({ key, tags: ["eu", "eu", "checkout"] });
    await verify({ key, tags: ["eu"] });
    await verify({ key, tags: ["eu"] });
    await verify({ key, permission: "orders:refund" });
    await verify({ key, cost: 3 });
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
    await world.call("POST", "/api/v1/keys/verify-batch", { key: verifier.key, body: { items: [{ key }, { key }] } });
    expect(await countsOf({ keyId: id, by: "outcome" })).toEqual([
      ["REVOKED", 2],
      ["VALID", 2],
      ["COST_TOO_HIGH", 1],
      ["INSUFFICIENT_PERMISSIONS", 1],
      ["USAGE_EXCEEDED", 1],
    ]);
    const { body } = await usageOf({ keyId: id, by: "tag" });
    expect(body).toMatchObject({
      count: 7,
      refused: 5,
      items: [
        { at: null, name: "eu", count: 3, refused: 1 },
        { at: null, name: "checkout", count: 1, refused: 0 },
      ],
    });
    expect(await countsOf({ keyId: id, by: "operation" })).toEqual([["verify", 7]]);
  });

  test("C11 E31 the last use names the end client when its address is told, and a refusal is no use", async () => {
    const { id, key } = await world.createKey({ name: "traced", ownerKind: "service", cidrs: ["192.0.2.0/24"] });
    const lastUse = async () => (await usageOf({ keyId: id })).body?.["lastUse"];
    await verify({ key, ip: "203.0.113.9" });
    expect(await lastUse()).toBeNull();
    const before = Date.now();
    const headers = { "user-agent": "a verifier/1.0" };
    await world.call("POST", "/api/v1/keys/verify", {
      key: verifier.key,
      body: { key, ip: "::ffff:192.0.2.9" },
      headers,
    });
    const used = { at: expect.any(Number), ip: "192.0.2.9", agent: "a verifier/1.0" };
    expect(await lastUse()).toEqual(used);
    await world.asOwner("POST", `/api/v1/keys/${id}/disable`, {});
    await verify({ key, ip: "192.0.2.10" });
    expect(await lastUse()).toEqual(used);
    const { organizationId, owner } = world;
    const args = { organizationId, keyIds: [id] };
    const [listed] = (await world.deployment.call(api.usage.lastUsed, args, owner.userId)) ?? [];
    expect(listed).toMatchObject({ ip: "192.0.2.9", agent: "a verifier/1.0" });
    expect(listed?.lastUsedAt).toBeGreaterThanOrEqual(before);
  });

  test("a key of another organization is NOT_FOUND, and nothing is counted for it", async () => {
    const { cookie } = await world.signUp("Grete");
    await world.createOrganization({ cookie, token: "", userId: "" }, `elsewhere-${process.pid}`);
    const created = await world.call("POST", "/api/v1/keys", { cookie, body: { name: "foreign" } });
    const [id, key] = [textOf(created, "id"), textOf(created, "key")];
    expect((await verify({ key })).body).toMatchObject({ code: "NOT_FOUND" });
    expect(await usageOf({ keyId: id })).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    const own = await world.call("GET", `/api/v1/usage?keyId=${id}`, { cookie });
    expect(own.body).toMatchObject({ count: 0, items: [], lastUse: null });
  });

  test("takes usage:read, and who holds it for their own keys only sees those", async () => {
    const plain = await world.createKey({ name: "plain", ownerKind: "service", permissions: ["orders:read"] });
    const reader = await world.createKey({ name: "reader", ownerKind: "service", permissions: ["usage:read"] });
    const read = async (key: string, query = "") => await world.call("GET", `/api/v1/usage${query}`, { key });
    expect(await read(plain.key)).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    expect((await read(reader.key, `?keyId=${plain.id}`)).status).toBe(200);
    expect((await world.call("GET", "/api/v1/usage")).status).toBe(401);

    const grace = await world.signUp("Grace");
    const role = { userId: grace.userId, organizationId: world.organizationId, role: "member", createdAt: Date.now() };
    const origin = { userId: null, request: { id: "test" } };
    await world.deployment.call(internal.auth.store.create, { table: "member", data: role, origin });
    const asGrace = async (query: string) => await world.call("GET", `/api/v1/usage${query}`, { cookie: grace.cookie });
    expect((await asGrace("")).body).toMatchObject({ count: 0, items: [] });
    expect(await asGrace(`?keyId=${plain.id}`)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  });

  test("is the last day by the hour unless told, and refuses what is too long", async () => {
    const now = Date.now();
    const { body } = await usageOf({ keyId: verifier.id });
    expect(Number(body?.["to"])).toBe(Math.ceil(now / HOUR) * HOUR);
    expect(Number(body?.["to"]) - Number(body?.["from"])).toBeGreaterThanOrEqual(DAY);
    const { items = [] } = body ?? {};
    expect(Array.isArray(items) && items.every(({ at, name }) => at % HOUR === 0 && name === null)).toBe(true);
    const wrong: Record<string, string>[] = [
      { from: String(now - 32 * DAY), by: "hour" },
      { from: String(now - 367 * DAY), by: "day" },
      { from: String(now), to: String(now - DAY) },
      { from: String(now), to: String(now - 1) },
      { from: "yesterday" },
      { by: "minute" },
    ];
    for (const query of wrong) {
      expect(await usageOf(query)).toMatchObject({ status: 422, body: { code: "INVALID_INPUT" } });
    }
    expect((await usageOf({ from: String(now - 360 * DAY), by: "day" })).status).toBe(200);
  });

  test("E31 a use never changes a key's record, nor what a list of keys says", async () => {
    const { id, key } = await world.createKey({ name: "unmoved", ownerKind: "service" });
    const args = { organizationId: world.organizationId, keyId: id };
    const live = async () => await world.deployment.call(api.keys.get, args, world.owner.userId);
    const row = async () => (await world.deployment.rows("keys")).find(({ _id }) => _id === id);
    const before = [await live(), await row()];
    await verify({ key });
    await flush();
    expect([await live(), await row()]).toEqual(before);
  });

  test("E31 counts and the last use show by themselves, seconds after the answer", async () => {
    const { id, key } = await world.createKey({ name: "watched", ownerKind: "service" });
    await verify({ key, ip: "192.0.2.1" });
    const shown = async () => (await world.asOwner("GET", `/api/v1/usage?keyId=${id}`)).body;
    await expect.poll(shown, { timeout: 20_000 }).toMatchObject({ count: 1, lastUse: { ip: "192.0.2.1" } });
  });

  test("E31 every one of very many concurrent uses is counted, once", async () => {
    // The other engine takes its time for each; what it has to show is that batches add up.
    const [batches, each] = engine.name === "embedded backend" ? [100, 100] : [10, 20];
    await using busy = await openWorld(engine);
    const asking = await busy.createKey({ name: "asking", ownerKind: "service", permissions: ["keys:verify"] });
    const keys: { id: string; key: string }[] = [];
    for (let index = 0; index < 8; index += 1)
      keys.push(await busy.createKey({ name: `k${index}`, ownerKind: "service" }));
    const itemOf = (index: number) => ({ key: keys[index % 8]?.key, tags: ["all", index % 2 === 0 ? "even" : "odd"] });
    const ask = async (path: string, body: unknown) => {
      expect((await busy.call("POST", path, { key: asking.key, body })).status).toBe(200);
    };
    const batch = { items: Array.from({ length: each }, (_, index) => itemOf(index)) };
    const asked = Array.from({ length: batches }, async (_, index) => {
      await Promise.all([ask("/api/v1/keys/verify-batch", batch), ask("/api/v1/keys/verify", itemOf(index))]);
    });
    await Promise.all(asked);
    await busy.deployment.call(internal.usage.flush, {});
    const usage = async (query: string) => (await busy.asOwner("GET", `/api/v1/usage?${query}`)).body;
    const uses = batches * each + batches;
    expect(await usage("by=operation")).toMatchObject({
      count: uses + 2 * batches,
      refused: 0,
      items: [
        { name: "verify", count: uses },
        { name: "keys.verify", count: batches },
        { name: "keys.verifyBatch", count: batches },
      ],
    });
    expect((await usage("by=tag"))?.["items"]).toMatchObject([
      { name: "all", count: uses },
      { name: "even", count: uses / 2 },
      { name: "odd", count: uses / 2 },
    ]);
    const counts = await Promise.all(keys.map(async ({ id }) => Number((await usage(`keyId=${id}`))?.["count"])));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(uses);
    expect(await usage(`keyId=${asking.id}`)).toMatchObject({ count: 2 * batches, refused: 0 });
  }, 120_000);
});
