import { ConvexHttpClient } from "convex/browser";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from "jose";
import type { JWTPayload, JSONWebKeySet } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "#convex/_generated/api.js";
import { JWT_MAX_LENGTH } from "#convex/shared/jwt.ts";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, World } from "./world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

let names = 0;

describe.each(engines)("keys in the form of a JWT on $name", (engine) => {
  let world: World;
  let verifier: string;
  beforeAll(async () => {
    world = await openWorld(engine);
    const made = await world.createKey({ name: "verifier", ownerKind: "service", permissions: ["keys:verify"] });
    verifier = made.key;
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const create = async (input: Record<string, unknown> = {}): Promise<Answer> => {
    names += 1;
    const fresh = { name: `jwt ${names}`, format: "jwt", ownerKind: "service", permissions: ["orders:read"] };
    return await world.asOwner("POST", "/api/v1/keys", { ...fresh, ...input });
  };
  async function make(input: Record<string, unknown> = {}): Promise<{ id: string; key: string; record: Answer }> {
    const record = await create(input);
    expect(record.status).toBe(201);
    return { id: textOf(record, "id"), key: textOf(record, "key"), record };
  }
  const publicKeys = async (): Promise<JSONWebKeySet> =>
    JSON.parse(JSON.stringify((await world.call("GET", "/.well-known/jwks.json")).body));
  const readOffline = async (key: string): Promise<JWTPayload> => {
    const options = { algorithms: ["ES256"], typ: "key+jwt", issuer: world.site };
    return (await jwtVerify(key, createLocalJWKSet(await publicKeys()), options)).payload;
  };
  const verify = async (key: string, more: Record<string, unknown> = {}): Promise<Answer> =>
    await world.call("POST", "/api/v1/keys/verify", { key: verifier, body: { key, ...more } });
  const rotate = async (id: string, body: Record<string, unknown> = {}): Promise<Answer> =>
    await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, body);

  test("H2: is checked offline by the published keys, and says its organization, permissions and end", async () => {
    const { key, record } = await make({ env: "test", permissions: ["orders:read", "stock:*"] });
    const claims = await readOffline(key);
    expect(claims).toMatchObject({
      iss: world.site,
      org: world.organizationId,
      env: "test",
      permissions: ["orders:read", "stock:*"],
    });
    expect(claims.jti).toMatch(/.{16}/);
    expect(claims.aud).toBeUndefined();
    expect(record.body).toMatchObject({
      format: "jwt",
      start: `lk_test_${claims.sub}`,
      last4: key.slice(-4),
      expiresAt: (claims.exp ?? 0) * 1000,
    });
    expect(record.headers.get("cache-control")).toBe("no-store");
    expect(await world.asOwner("GET", `/api/v1/keys/${claims.sub}`)).toMatchObject({
      status: 200,
      body: { id: record.body?.["id"] },
    });
  });

  test("H2: calls and is verified like any other key, wherever a key is shown", async () => {
    const { id, key } = await make({ permissions: ["orders:read", "keys:verify"] });
    const expected = { status: 200, body: { type: "key", keyId: id, permissions: ["orders:read", "keys:verify"] } };
    expect(await world.call("GET", "/api/v1/whoami", { key })).toMatchObject(expected);
    const bearer = { authorization: `Bearer ${key}` };
    expect(await world.call("GET", "/api/v1/whoami", { headers: bearer })).toMatchObject(expected);
    expect(await verify(key, { permission: "orders:read" })).toMatchObject({ body: { valid: true, keyId: id } });
    expect(await verify(key, { permission: "orders:write" })).toMatchObject({
      body: { valid: false, code: "INSUFFICIENT_PERMISSIONS" },
    });
    const other = await make();
    expect(await world.call("POST", "/api/v1/keys/verify", { key, body: { key: other.key } })).toMatchObject({
      body: { valid: true, keyId: other.id },
    });
    const exchanged = await world.call("POST", "/api/v1/token", { key, body: { audience: "https://api.example.com" } });
    expect(exchanged.status).toBe(200);
  });

  test("H12: is as revocable as any other key when it is shown to us, though it still reads well offline", async () => {
    const { id, key } = await make();
    await world.asOwner("POST", `/api/v1/keys/${id}/disable`, {});
    expect(await verify(key)).toMatchObject({ body: { valid: false, code: "DISABLED" } });
    await world.asOwner("POST", `/api/v1/keys/${id}/enable`, {});
    expect(await verify(key)).toMatchObject({ body: { valid: true } });
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
    expect(await verify(key)).toMatchObject({ body: { valid: false, code: "REVOKED" } });
    expect(await world.call("GET", "/api/v1/whoami", { key })).toMatchObject({
      status: 401,
      body: { code: "KEY_REVOKED" },
    });
    expect(await readOffline(key)).toMatchObject({ org: world.organizationId });
  });

  test("E3: is stored as its hash and nowhere else", async () => {
    const { id, key } = await make();
    const rows = await world.deployment.call(internal.auth.store.find, { table: "apikey", where: [], limit: 100 });
    const record = await world.asOwner("GET", `/api/v1/keys/${id}`);
    const trail = await world.asOwner("GET", "/api/v1/audit");
    for (const seen of [rows, record.body, trail.body]) {
      const text = JSON.stringify(seen);
      for (const part of key.split(".")) expect(text).not.toContain(part);
    }
  });

  test.each([
    ["never", { expiresAt: null }],
    ["6 days", { expiresAt: Date.now() + 6 * DAY_MS }],
    ["366 days", { expiresAt: Date.now() + 366 * DAY_MS }],
  ])("H2: always expires, in 7 to 365 days: not %s", async (_title, input) => {
    expect(await create(input)).toMatchObject({
      status: 422,
      body: { code: "INVALID_INPUT", errors: [{ path: "expiresAt" }] },
    });
  });

  test.each([7, 365])("H2: lives %i days when asked to, on the second", async (days) => {
    const wanted = Date.now() + days * DAY_MS;
    const { record, key } = await make({ expiresAt: wanted });
    const { exp = 0 } = decodeJwt(key);
    expect(record.body?.["expiresAt"]).toBe(exp * 1000);
    expect(exp).toBe(Math.floor(wanted / 1000));
  });

  test("E10: its expiry is not edited, as it is signed; its name is, and so are its rights for us", async () => {
    const { id, key } = await make({ permissions: ["orders:read", "stock:read"] });
    const edit = async (changes: object) => await world.asOwner("PATCH", `/api/v1/keys/${id}`, changes);
    expect(await edit({ expiresAt: Date.now() + 20 * DAY_MS })).toMatchObject({
      status: 422,
      body: { errors: [{ path: "expiresAt" }] },
    });
    expect(await edit({ name: "renamed", permissions: ["orders:read"] })).toMatchObject({ status: 200 });
    expect(await verify(key, { permission: "stock:read" })).toMatchObject({ body: { valid: false } });
    expect(await readOffline(key)).toMatchObject({ permissions: ["orders:read", "stock:read"] });
    // Its end may always come nearer.
    expect(await world.asOwner("POST", `/api/v1/keys/${id}/expire`, {})).toMatchObject({ status: 200 });
    expect(await verify(key)).toMatchObject({ body: { code: "EXPIRED" } });
  });

  test("rotating gives a new JWT of the same key that says what holds now, and the old one its grace", async () => {
    const { id, key } = await make({ permissions: ["orders:read", "stock:read"] });
    await world.asOwner("PATCH", `/api/v1/keys/${id}`, { permissions: ["orders:read"] });
    const rotated = await rotate(id, { graceMs: DAY_MS });
    const next = textOf(rotated, "key");
    const claims = await readOffline(next);
    expect(claims).toMatchObject({ sub: decodeJwt(key).sub, exp: decodeJwt(key).exp, permissions: ["orders:read"] });
    expect(claims.jti).not.toBe(decodeJwt(key).jti);
    expect(rotated.body).toMatchObject({ id, version: 2, format: "jwt", last4: next.slice(-4) });
    expect(await verify(key)).toMatchObject({ body: { valid: true, keyId: id } });
    expect(await verify(next)).toMatchObject({ body: { valid: true, keyId: id } });
    const last = textOf(await rotate(id), "key");
    expect(await verify(key)).toMatchObject({ body: { valid: false } });
    expect(await verify(next)).toMatchObject({ body: { valid: false } });
    expect(await verify(last)).toMatchObject({ body: { valid: true } });
  });

  test("E9, E10: rotating a JWT key, and no other, can give it another expiry, for who may change it", async () => {
    const { id, record } = await make({ expiresAt: Date.now() + 10 * DAY_MS });
    const wanted = Date.now() + 100 * DAY_MS;
    const rotated = await rotate(id, { expiresAt: wanted, graceMs: 20 * DAY_MS });
    expect(rotated.status).toBe(200);
    // The old JWT says its own end.
    expect(rotated.body?.["previousSecretValidUntil"]).toBe(record.body?.["expiresAt"]);
    expect(decodeJwt(textOf(rotated, "key")).exp).toBe(Math.floor(wanted / 1000));
    expect(rotated.body?.["expiresAt"]).toBe(Math.floor(wanted / 1000) * 1000);
    for (const expiresAt of [Date.now() + DAY_MS, Date.now() + 400 * DAY_MS, Date.now() - DAY_MS]) {
      expect(await rotate(id, { expiresAt })).toMatchObject({ status: 422, body: { errors: [{ path: "expiresAt" }] } });
    }
    const opaque = await world.createKey({ name: "opaque", ownerKind: "service" });
    expect(await rotate(opaque.id, { expiresAt: wanted })).toMatchObject({ status: 422 });

    const rotator = await world.createKey({
      name: "rotator",
      ownerKind: "service",
      permissions: ["keys:read", "keys:rotate", "orders:read"],
      expiresAt: Date.now() + 200 * DAY_MS,
    });
    const asRotator = async (body: object) =>
      await world.call("POST", `/api/v1/keys/${id}/rotate`, { key: rotator.key, body });
    expect(await asRotator({ expiresAt: Date.now() + 50 * DAY_MS })).toMatchObject({ status: 403 });
    expect(await asRotator({})).toMatchObject({ status: 200 });
  });

  test("E11: a personal one says what its owner may do at that moment, and follows the owner when shown to us", async () => {
    const { key } = await make({ ownerKind: "personal", permissions: ["keys:*"] });
    expect(await readOffline(key)).toMatchObject({ permissions: ["keys:*"] });
    const setRole = async (role: string) => {
      await world.deployment.call(internal.auth.store.update, {
        table: "member",
        where: [{ field: "userId", value: world.owner.userId, operator: "eq", connector: "AND", mode: "sensitive" }],
        data: { role },
        only: "first",
        origin: { userId: null, request: { id: "test" } },
      });
    };
    await setRole("member");
    expect(await world.call("GET", "/api/v1/whoami", { key })).toMatchObject({
      body: { permissions: ["keys:read", "keys:disable", "keys:expire", "keys:revoke"] },
    });
    await setRole("suspended");
    expect(await world.call("GET", "/api/v1/whoami", { key })).toMatchObject({ status: 401 });
    await setRole("owner");
  });

  test("more permissions than fit into a header are refused by name", async () => {
    const permissions = Array.from({ length: 64 }, (_, index) => `${"r".repeat(30)}${index}:${"a".repeat(30)}${index}`);
    expect(await create({ permissions })).toMatchObject({ status: 422, body: { errors: [{ path: "permissions" }] } });
    expect((await make({ permissions: permissions.slice(0, 30) })).key.length).toBeLessThanOrEqual(JWT_MAX_LENGTH);
  });

  test("E2, E23: whatever is not exactly a JWT key of ours is unknown, in the same words as any other", async () => {
    const { key } = await make();
    const [header = "", payload = "", signature = ""] = key.split(".");
    const changed = (change: object) => encode({ ...decodeProtectedHeader(key), ...change });
    const token = await world.call("GET", "/api/auth/token", { cookie: world.owner.cookie });
    const shown = [
      `${header}.${payload}.`,
      `${changed({ alg: "none" })}.${payload}.`,
      `${changed({ alg: "none" })}.${payload}.${signature}`,
      `${changed({ alg: "HS256" })}.${payload}.${signature}`,
      `${changed({ alg: "ES384" })}.${payload}.${signature}`,
      `${changed({ kid: "another" })}.${payload}.${signature}`,
      `${changed({ typ: "JWT" })}.${payload}.${signature}`,
      `${header}.${encode({ ...decodeJwt(key), permissions: ["orders:*"] })}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -2)}AA`,
      `${key}=`,
      `.${payload}.${signature}`,
      `${header}.${payload}.${signature}.${signature}`,
      textOf(token, "token"),
    ];
    const { traceId: _one, ...missing } = (await world.call("GET", "/api/v1/whoami")).body ?? {};
    for (const text of shown) {
      for (const presented of [{ key: text }, { headers: { authorization: `Bearer ${text}` } }]) {
        const { status, body } = await world.call("GET", "/api/v1/whoami", presented);
        const { traceId: _two, ...refusal } = body ?? {};
        expect({ status, refusal }, text).toEqual({ status: 401, refusal: missing });
      }
      expect(await verify(text), text).toMatchObject({ status: 200, body: { valid: false, code: "NOT_FOUND" } });
    }
  });

  test("is nobody's session, for better-auth and for Convex", async () => {
    const { key } = await make({ ownerKind: "personal" });
    const presented: Record<string, string>[] = [
      { authorization: `Bearer ${key}` },
      { cookie: `latchkey.session_token=${key}` },
    ];
    for (const headers of presented) {
      expect((await world.call("GET", "/api/auth/token", { headers })).status).toBe(401);
    }
    if (engine.name === "convex-test") return; // It believes whatever identity a test gives it.
    const client = new ConvexHttpClient(world.site, { skipConvexDeploymentUrlCheck: true });
    client.setAuth(key);
    await expect(client.query(api.organizations.listMine, {})).rejects.toThrow("No auth provider");
  });
});

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
