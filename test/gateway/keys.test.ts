import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, World } from "./world.ts";

describe.each(engines)("keys over REST on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test("H3 F2 E5 R11: a created key is shown once, works at once, and is never shown again", async () => {
    const created = await world.asOwner("POST", "/api/v1/keys", { name: "once", permissions: ["orders:read"] });
    expect(created.status).toBe(201);
    expect(created.headers.get("cache-control")).toBe("no-store");
    const key = textOf(created, "key");
    expect(key).toMatch(/^lk_live_[0-9A-Za-z]{10}_[0-9A-Za-z]{49}$/);
    const whoami = await world.call("GET", "/api/v1/whoami", { key });
    expect(whoami.body).toMatchObject({ type: "key", keyId: created.body?.["id"], permissions: ["orders:read"] });

    const got = await world.asOwner("GET", `/api/v1/keys/${textOf(created, "id")}`);
    const listed = await world.asOwner("GET", "/api/v1/keys");
    expect(got.body).toMatchObject({ name: "once", status: "active", last4: key.slice(-4) });
    for (const answer of [got, listed, whoami]) expect(JSON.stringify(answer.body)).not.toContain(key.slice(-20));
  });

  test("C3 C10 H5: every verb answers the record as it has become, and the key obeys on the next request", async () => {
    const { id, key } = await world.createKey({ name: "life" });
    const use = async () => (await world.call("GET", "/api/v1/whoami", { key })).body?.["code"] ?? "fine";
    const verb = async (name: string, body = {}) => await world.asOwner("POST", `/api/v1/keys/${id}/${name}`, body);
    expect(await use()).toBe("fine");
    expect((await verb("disable")).body).toMatchObject({ status: "disabled" });
    expect(await use()).toBe("KEY_DISABLED");
    expect((await verb("enable")).body).toMatchObject({ status: "active", disabledAt: null });
    expect(await use()).toBe("fine");
    expect((await verb("expire")).body).toMatchObject({ status: "expired" });
    expect(await use()).toBe("KEY_EXPIRED");
    expect(await verb("enable")).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
    expect((await verb("revoke", { reason: "leaked" })).body).toMatchObject({
      status: "revoked",
      revokeReason: "leaked",
    });
    expect(await use()).toBe("KEY_REVOKED");
    expect((await world.asOwner("DELETE", `/api/v1/keys/${id}`)).status).toBe(204);
    expect(await use()).toBe("UNAUTHENTICATED");
    expect(await world.asOwner("GET", `/api/v1/keys/${id}`)).toMatchObject({
      status: 404,
      body: { code: "NOT_FOUND" },
    });
  });

  test("C3: a live key cannot be deleted", async () => {
    const { id } = await world.createKey({ name: "alive" });
    expect(await world.asOwner("DELETE", `/api/v1/keys/${id}`)).toMatchObject({
      status: 409,
      body: { code: "CONFLICT" },
    });
  });

  test("N6 F1: after a rotation the new secret works, and the old one only within its grace", async () => {
    const { id, key: first } = await world.createKey({ name: "turning" });
    const rotate = async (graceMs: number) => await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, { graceMs });
    const use = async (key: string) => (await world.call("GET", "/api/v1/whoami", { key })).status;
    const second = textOf(await rotate(60_000), "key");
    expect([await use(first), await use(second)]).toEqual([200, 200]);
    const turned = await rotate(0);
    expect(turned.body).toMatchObject({ id, version: 3 });
    expect([await use(first), await use(second), await use(textOf(turned, "key"))]).toEqual([401, 401, 200]);
  });

  test("C8 E26: pages go on where the one before ended, newest first, without dead keys", async () => {
    const { cookie } = await world.signUp("Pia");
    await world.createOrganization({ cookie, token: "", userId: "" }, `pages-${process.pid}-${engine.name.length}`);
    const make = async (name: string) =>
      await world.call("POST", "/api/v1/keys", { cookie, body: { name, ownerKind: "service" } });
    for (const name of ["a", "b", "c", "d"]) await make(name);
    const dead = await make("e");
    await world.call("POST", `/api/v1/keys/${textOf(dead, "id")}/revoke`, { cookie, body: {} });

    const names: unknown[] = [];
    let cursor: string | null = null;
    do {
      const query: string = cursor === null ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await world.call("GET", `/api/v1/keys?limit=2${query}`, { cookie });
      const items = body?.["items"];
      if (!Array.isArray(items)) throw new Error("no items");
      expect(items.length).toBeLessThanOrEqual(2);
      names.push(...items.map((item) => item.name));
      const next = body?.["nextCursor"];
      cursor = typeof next === "string" ? next : null;
    } while (cursor !== null);
    expect(names).toEqual(["d", "c", "b", "a"]);

    const revoked = await world.call("GET", "/api/v1/keys?status=revoked", { cookie });
    expect(revoked.body).toMatchObject({ items: [{ name: "e", status: "revoked" }] });
  });

  test("E22 T16: a rate limit answers 429 with the time to wait, and the key still verifies as its own code", async () => {
    const { key } = await world.createKey({ name: "slow", rateLimit: { limit: 2, windowMs: 86_400_000 } });
    const verifier = await world.createKey({ name: "verifier", ownerKind: "service", permissions: ["keys:verify"] });
    const first = await world.call("GET", "/api/v1/whoami", { key });
    expect(first.headers.get("ratelimit-limit")).toBe("2");
    expect(first.headers.get("ratelimit-remaining")).toBe("1");
    await world.call("GET", "/api/v1/whoami", { key });
    const third = await world.call("GET", "/api/v1/whoami", { key });
    expect(third).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
    expect(Number(third.headers.get("retry-after"))).toBeGreaterThan(40_000);
    const verdict = await world.call("POST", "/api/v1/keys/verify", { key: verifier.key, body: { key } });
    expect(verdict).toMatchObject({ status: 200, body: { valid: false, code: "RATE_LIMITED" } });
  });

  test("E20 a calling key bound to addresses is refused from elsewhere, without spending its limit", async () => {
    const elsewhere = await world.createKey({
      name: "elsewhere",
      cidrs: ["203.0.113.0/24"],
      rateLimit: { limit: 1, windowMs: 86_400_000 },
    });
    for (let call = 0; call < 3; call += 1) {
      expect(await world.call("GET", "/api/v1/whoami", { key: elsewhere.key })).toMatchObject({
        status: 403,
        body: { code: "FORBIDDEN", detail: expect.stringContaining("address") },
      });
    }
    // The embedded backend knows who connected to it; on convex-test nobody does, and unknown is denied.
    const here = await world.createKey({ name: "here", cidrs: ["127.0.0.0/8", "::1"] });
    const { status } = await world.call("GET", "/api/v1/whoami", { key: here.key });
    expect(status).toBe(engine.name === "embedded backend" ? 200 : 403);
  });

  test("E20 a record shows its addresses in one spelling; wrong ones are refused by field", async () => {
    const { id } = await world.createKey({ name: "spelled", cidrs: ["10.9.9.9/8", "10.1.0.0/16", "2001:DB8::/32"] });
    const { body } = await world.asOwner("GET", `/api/v1/keys/${id}`);
    expect(body).toMatchObject({ cidrs: ["10.0.0.0/8", "2001:db8::/32"] });
    for (const cidrs of [[], ["10.0.0.0/33"], ["example.com"]]) {
      expect(await world.asOwner("POST", "/api/v1/keys", { name: "wrong", cidrs })).toMatchObject({
        status: 422,
        body: { code: "INVALID_INPUT", errors: [{ path: "cidrs" }] },
      });
    }
  });

  describe("an Idempotency-Key", () => {
    test("E14 T18: makes a repeated create answer the same record, once with the plaintext", async () => {
      const first = await postOnce(world, "/api/v1/keys", "one", { name: "idempotent" });
      const again = await postOnce(world, "/api/v1/keys", "one", { name: "idempotent" });
      const { key, ...record } = first.body ?? {};
      expect(first.status).toBe(201);
      expect(again).toMatchObject({ status: 200, body: record });
      expect(again.headers.get("idempotent-replayed")).toBe("true");
      expect(JSON.stringify(again.body)).not.toContain(String(key).slice(-20));
      expect(again.body).not.toHaveProperty("key");
    });

    test("E14 T18: makes a repeated rotate rotate once", async () => {
      const { id } = await world.createKey({ name: "rotated once" });
      const first = await postOnce(world, `/api/v1/keys/${id}/rotate`, "two", {});
      const again = await postOnce(world, `/api/v1/keys/${id}/rotate`, "two", {});
      expect(again).toMatchObject({ status: 200, body: { id, version: 2 } });
      expect(again.body).not.toHaveProperty("key");
      expect((await world.call("GET", "/api/v1/whoami", { key: textOf(first, "key") })).status).toBe(200);
    });

    test("E14 T18: of two at once, one creates and the other never does", async () => {
      const both = await Promise.all(
        [1, 2].map(async () => await postOnce(world, "/api/v1/keys", "race", { name: "raced" })),
      );
      expect(both.filter(({ status }) => status === 201)).toHaveLength(1);
      expect(both.filter(({ body }) => body?.["key"] !== undefined)).toHaveLength(1);
    });

    test("E14 T18: is bound to its input, its operation and its caller", async () => {
      await postOnce(world, "/api/v1/keys", "three", { name: "bound" });
      expect(await postOnce(world, "/api/v1/keys", "three", { name: "other" })).toMatchObject({
        status: 422,
        body: { code: "INVALID_INPUT", errors: [{ path: "Idempotency-Key" }] },
      });
      const person = await world.signUp("Twin");
      await world.createOrganization(person, `twin-${process.pid}-${engine.name.length}`);
      expect((await postOnce(world, "/api/v1/keys", "three", { name: "bound" }, person.cookie)).status).toBe(201);
    });
  });

  describe("verify", () => {
    let verifier: string;
    beforeAll(async () => {
      ({ key: verifier } = await world.createKey({
        name: "judge",
        ownerKind: "service",
        permissions: ["keys:verify"],
      }));
    });
    const verify = async (body: object, key = verifier) =>
      await world.call("POST", "/api/v1/keys/verify", { key, body });
    const verdictOn = async (body: object) => (await verify(body)).body;

    test("tells a good key with its rights", async () => {
      const { id, key } = await world.createKey({ name: "good", ownerKind: "service", permissions: ["orders:*"] });
      const expected = { valid: true, code: "VALID", keyId: id, permissions: ["orders:*"], rateLimit: null };
      expect((await verify({ key })).body).toMatchObject(expected);
      // The same question with a permission goes through the procedure, and gets the same answer.
      expect((await verify({ key, permission: "orders:read" })).body).toMatchObject(expected);
      expect((await verify({ key, permission: "bills:read" })).body).toMatchObject({
        valid: false,
        code: "INSUFFICIENT_PERMISSIONS",
      });
    });

    test("C5 evaluates an expression of permissions, and refuses a wrong one by its path", async () => {
      const { key } = await world.createKey({
        name: "several",
        ownerKind: "service",
        permissions: ["orders:*", "bills:read"],
      });
      const code = async (permission: string) => (await verify({ key, permission })).body?.["code"];
      expect(await code("orders:read AND bills:read")).toBe("VALID");
      expect(await code("orders:read and (bills:write or bills:read)")).toBe("VALID");
      expect(await code("bills:write OR stock:read")).toBe("INSUFFICIENT_PERMISSIONS");
      expect(await code("bills:read AND stock:read OR stock:write")).toBe("INSUFFICIENT_PERMISSIONS");
      for (const wrong of ["orders:read AND", "(orders:read", "", "orders", "a:b ".repeat(300)]) {
        expect(await verify({ key, permission: wrong })).toMatchObject({
          status: 422,
          body: { code: "INVALID_INPUT", errors: [{ path: "permission" }] },
        });
      }
      // A key that is no good does not make a wrong question right.
      expect((await verify({ key: "nonsense", permission: "orders" })).status).toBe(422);
    });

    test("E20 a key bound to addresses is good from there only, and a denied address spends nothing of its limit", async () => {
      const { key } = await world.createKey({
        name: "bound to addresses",
        cidrs: ["192.0.2.99/24", "2001:db8::/32"],
        rateLimit: { limit: 2, windowMs: 86_400_000 },
      });
      const denied = { status: 200, body: { valid: false, code: "FORBIDDEN", reason: "IP" } };
      for (const ip of ["198.51.100.1", "2001:db9::1", "::ffff:198.51.100.1"]) {
        expect(await verify({ key, ip })).toMatchObject(denied);
      }
      // Where the verifier itself calls from says nothing about who presented the key to it.
      expect(await verify({ key })).toMatchObject(denied);
      const first = await verify({ key, ip: "::ffff:192.0.2.1" });
      expect(first.body).toMatchObject({ code: "VALID", rateLimit: { remaining: 1 } });
      expect((await verify({ key, ip: "2001:DB8:1::5" })).body).toMatchObject({ code: "VALID" });
      expect((await verify({ key, ip: "192.0.2.2" })).body).toMatchObject({ code: "RATE_LIMITED" });
      for (const ip of ["", "home", "192.0.2.1:80", "192.0.2.1, 192.0.2.2"]) {
        expect(await verify({ key, ip })).toMatchObject({ status: 422, body: { errors: [{ path: "ip" }] } });
      }
    });

    test("C6 E7 an empty allow list leaves a key nothing to do with Latchkey itself, nor anything to sign for others", async () => {
      const permissions = ["keys:read", "keys:create", "keys:verify", "members:read", "orders:read"];
      const { key } = await world.createKey({ name: "emptied", ownerKind: "service", permissions, allowList: [] });
      expect((await world.call("GET", "/api/v1/whoami", { key })).body).toMatchObject({ permissions: [] });
      for (const [method, path, body] of [
        ["GET", "keys", undefined],
        ["POST", "keys", { name: "made by nothing" }],
        ["POST", "keys/verify", { key }],
        ["GET", "members", undefined],
        ["POST", "token", { audience: "https://api.example.com", permissions: ["orders:read"] }],
      ] as const) {
        expect((await world.call(method, `/api/v1/${path}`, { key, body })).status, path).toBe(403);
      }
    });

    test("C6 a key with an allow list is good for what it names, and an empty list is good for nothing", async () => {
      const { id, key } = await world.createKey({
        name: "listed",
        allowList: ["report:7", "project:42", "project:*", "report:7", { type: "report", id: "8" }],
      });
      const { body } = await world.asOwner("GET", `/api/v1/keys/${id}`);
      expect(body).toMatchObject({ allowList: ["project:*", "report:7", "report:8"] });
      for (const resource of ["project:1", "project:*", "report:7", undefined]) {
        expect(await verdictOn({ key, resource })).toMatchObject({ code: "VALID" });
      }
      for (const resource of ["report:9", "report:*", "user:1"]) {
        expect(await verdictOn({ key, resource })).toMatchObject({ code: "FORBIDDEN", reason: "RESOURCE" });
      }
      const closed = await world.createKey({ name: "closed", allowList: [] });
      expect(await verdictOn({ key: closed.key, resource: "project:1" })).toMatchObject({
        code: "FORBIDDEN",
        reason: "RESOURCE",
      });
      expect(await verdictOn({ key: closed.key })).toMatchObject({ code: "FORBIDDEN", reason: "RESOURCE" });
      const open = await world.createKey({ name: "open" });
      expect(await verdictOn({ key: open.key, resource: "project:1" })).toMatchObject({ code: "VALID" });
    });

    test("C6 wrong resources are refused by field, on a key and in a question", async () => {
      const { key } = await world.createKey({ name: "asked" });
      for (const resource of ["", "project", "*:*", "project:a b"]) {
        expect(await verify({ key, resource })).toMatchObject({
          status: 422,
          body: { errors: [{ path: "resource" }] },
        });
      }
      const many = Array.from({ length: 129 }, (_, index) => `project:${index}`);
      for (const allowList of [["project"], ["*:1"], many]) {
        expect(await world.asOwner("POST", "/api/v1/keys", { name: "wrong", allowList })).toMatchObject({
          status: 422,
          body: { code: "INVALID_INPUT", errors: [{ path: "allowList" }] },
        });
      }
    });

    test("E12 R3: knows no key of another organization", async () => {
      const stranger = await world.signUp("Eve");
      await world.createOrganization(stranger, `other-${process.pid}-${engine.name.length}`);
      const foreign = await world.call("POST", "/api/v1/keys", { cookie: stranger.cookie, body: { name: "theirs" } });
      expect((await verify({ key: textOf(foreign, "key") })).body).toEqual({ valid: false, code: "NOT_FOUND" });
      expect((await verify({ key: "nonsense" })).body).toEqual({ valid: false, code: "NOT_FOUND" });
    });

    test("E23: says why a key is no good", async () => {
      const { id, key } = await world.createKey({ name: "going" });
      const codes: unknown[] = [];
      for (const verb of ["disable", "expire", "revoke"]) {
        await world.asOwner("POST", `/api/v1/keys/${id}/${verb}`, {});
        codes.push((await verify({ key })).body?.["code"]);
      }
      expect(codes).toEqual(["DISABLED", "EXPIRED", "REVOKED"]);
    });

    test("verifyBatch answers each item in order, exactly as verify would", async () => {
      const batch = async (items: unknown, key = verifier) =>
        await world.call("POST", "/api/v1/keys/verify-batch", { key, body: { items } });
      const good = await world.createKey({ name: "batched", ownerKind: "service", permissions: ["orders:*"] });
      const once = await world.createKey({ name: "once only", rateLimit: { limit: 1, windowMs: 86_400_000 } });
      const bound = await world.createKey({ name: "bound here", cidrs: ["192.0.2.0/24"], allowList: ["project:1"] });
      const gone = await world.createKey({ name: "gone" });
      await world.asOwner("POST", `/api/v1/keys/${gone.id}/revoke`, {});
      const { status, body } = await batch([
        { key: once.key },
        { key: good.key, permission: "orders:read AND orders:refund" },
        { key: "nonsense" },
        { key: once.key },
        { key: bound.key, ip: "192.0.2.1", resource: "project:1" },
        { key: bound.key, ip: "198.51.100.1", resource: "project:1" },
        { key: bound.key, ip: "192.0.2.1", resource: "project:2" },
        { key: good.key, permission: "bills:read" },
        { key: gone.key },
        { key: good.key },
      ]);
      expect(status).toBe(200);
      expect(body).toMatchObject({
        results: [
          { code: "VALID", keyId: once.id },
          { code: "VALID", keyId: good.id },
          { code: "NOT_FOUND" },
          { code: "RATE_LIMITED", keyId: once.id },
          { code: "VALID", keyId: bound.id },
          { code: "FORBIDDEN", reason: "IP" },
          { code: "FORBIDDEN", reason: "RESOURCE" },
          { code: "INSUFFICIENT_PERMISSIONS" },
          { code: "REVOKED", keyId: gone.id },
          { code: "VALID", keyId: good.id },
        ],
      });

      expect((await batch(Array.from({ length: 100 }, () => ({ key: good.key })))).body?.["results"]).toHaveLength(100);
      for (const items of [[], Array.from({ length: 101 }, () => ({ key: good.key })), undefined]) {
        expect(await batch(items)).toMatchObject({ status: 422, body: { errors: [{ path: "items" }] } });
      }
      expect(await batch([{ key: good.key }], good.key)).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    });

    test("verifyBatch names a wrong item by its place, and then uses no key", async () => {
      const { key } = await world.createKey({ name: "spared", rateLimit: { limit: 1, windowMs: 86_400_000 } });
      const items = [{ key }, { key, permission: "(orders:read" }];
      expect(await world.call("POST", "/api/v1/keys/verify-batch", { key: verifier, body: { items } })).toMatchObject({
        status: 422,
        body: { errors: [{ path: "items.1.permission" }] },
      });
      expect((await verify({ key })).body).toMatchObject({ code: "VALID", rateLimit: { remaining: 0 } });
    });

    test("takes the permission keys:verify", async () => {
      const { key } = await world.createKey({ name: "powerless", ownerKind: "service" });
      expect(await verify({ key }, key)).toMatchObject({ status: 403, body: { code: "FORBIDDEN" } });
    });
  });
});

async function postOnce(
  world: World,
  path: string,
  idempotencyKey: string,
  body: object,
  cookie?: string,
): Promise<Answer> {
  const headers = { "idempotency-key": idempotencyKey };
  return await world.call("POST", path, { cookie: cookie ?? world.owner.cookie, body, headers });
}
