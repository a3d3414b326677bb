import { SignJWT, createLocalJWKSet, decodeJwt, decodeProtectedHeader, generateKeyPair, jwtVerify } from "jose";
import type { JSONWebKeySet } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { Answer, World } from "./world.ts";

const API = "https://api.example.com";
const PERMISSIONS = ["orders:read", "orders:write", "keys:read", "keys:create", "keys:rotate", "keys:verify"];

let names = 0;

describe.each(engines)("exchanging a key for a token on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  async function makeKey(input: Record<string, unknown> = {}): Promise<{ id: string; key: string }> {
    names += 1;
    return await world.createKey({
      name: `exchanged ${names}`,
      ownerKind: "service",
      permissions: PERMISSIONS,
      ...input,
    });
  }
  const exchange = async (key: string, body: Record<string, unknown>): Promise<Answer> =>
    await world.call("POST", "/api/v1/token", { key, body });
  const exchanged = async (key: string, body: Record<string, unknown>): Promise<string> =>
    textOf(await exchange(key, body), "token");
  const asToken = async (token: string, method: string, path: string, body?: unknown): Promise<Answer> =>
    await world.call(method, path, {
      headers: { authorization: `Bearer ${token}` },
      ...(body !== undefined && { body }),
    });
  const me = async (token: string): Promise<Answer> => await asToken(token, "GET", "/api/v1/whoami");
  /** A token for Latchkey itself. */
  const ownToken = async (key: string, body: Record<string, unknown> = {}): Promise<string> =>
    await exchanged(key, { audience: world.site, ...body });
  const publicKeys = async (): Promise<JSONWebKeySet> => {
    const answer = await world.call("GET", "/.well-known/jwks.json");
    return JSON.parse(JSON.stringify(answer.body));
  };

  test("E19: the token is checked offline by the published keys, and says which key, for whom and what", async () => {
    const { id, key } = await makeKey();
    const before = Date.now();
    const answer = await exchange(key, { audience: API, permissions: ["orders:read"], expiresInS: 60 });
    expect(answer).toMatchObject({ status: 200, body: { tokenType: "Bearer" } });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const token = textOf(answer, "token");

    const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(await publicKeys()), {
      algorithms: ["ES256"],
      typ: "at+jwt",
      issuer: world.site,
      audience: API,
    });
    expect(protectedHeader).toMatchObject({ alg: "ES256", typ: "at+jwt" });
    expect(payload).toMatchObject({ org: world.organizationId, env: "live", permissions: ["orders:read"] });
    expect(payload.jti).toMatch(new RegExp(`^${id}\\.1\\.`));
    expect(key.split("_")[2]).toBe(payload.sub);
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBeLessThanOrEqual(60);
    expect(answer.body?.["expiresAt"]).toBe((payload.exp ?? 0) * 1000);
    expect((payload.exp ?? 0) * 1000).toBeGreaterThan(before);
  });

  test("E19: a token lives five minutes at most, never longer than its key, and has one audience of its own", async () => {
    const { key } = await makeKey();
    for (const [field, body] of [
      ["expiresInS", { audience: API, expiresInS: 301 }],
      ["expiresInS", { audience: API, expiresInS: 0 }],
      ["audience", {}],
      ["audience", { audience: "" }],
      ["audience", { audience: "a".repeat(201) }],
      ["audience", { audience: "two words" }],
      ["audience", { audience: [API, "convex"] }],
      ["audience", { audience: "convex" }],
      ["audience", { audience: "Convex" }],
      ["audience", { audience: "latchkey-run" }],
      ["permissions.0", { audience: API, permissions: ["Orders"] }],
    ] as const) {
      expect(await exchange(key, body), JSON.stringify(body)).toMatchObject({
        status: 422,
        body: { code: "INVALID_INPUT", errors: [{ path: field }] },
      });
    }
    const endsAt = Date.now() + 90_000;
    const short = await makeKey({ expiresAt: endsAt });
    const { exp = 0 } = decodeJwt(await exchanged(short.key, { audience: API, expiresInS: 300 }));
    expect(exp * 1000).toBeLessThanOrEqual(endsAt);
  });

  test("E7: a token carries only what its key holds at that moment", async () => {
    const { key } = await makeKey({ permissions: ["orders:*"] });
    expect(decodeJwt(await exchanged(key, { audience: API }))).toMatchObject({ permissions: ["orders:*"] });
    expect(decodeJwt(await exchanged(key, { audience: API, permissions: ["orders:refund"] }))).toMatchObject({
      permissions: ["orders:refund"],
    });
    for (const permissions of [["billing:read"], ["orders:read", "keys:read"], ["*:*"]]) {
      expect(await exchange(key, { audience: API, permissions })).toMatchObject({ status: 403 });
    }
    expect(decodeJwt(await exchanged(key, { audience: API, permissions: [] }))).toMatchObject({ permissions: [] });
  });

  test("only a key is exchanged: no person, no token, nobody", async () => {
    const { key } = await makeKey();
    expect(await world.asOwner("POST", "/api/v1/token", { audience: API })).toMatchObject({
      status: 403,
      body: { code: "FORBIDDEN" },
    });
    expect(await asToken(await ownToken(key), "POST", "/api/v1/token", { audience: API })).toMatchObject({
      status: 403,
      body: { code: "FORBIDDEN" },
    });
    expect(await world.call("POST", "/api/v1/token", { body: { audience: API } })).toMatchObject({ status: 401 });
  });

  test("a token for Latchkey's own origin calls as its key, cut to the token's permissions", async () => {
    const { id, key } = await makeKey();
    const token = await ownToken(key, { permissions: ["orders:read", "keys:read"] });
    const whoami = await me(token);
    expect(whoami).toMatchObject({
      status: 200,
      body: { type: "key", keyId: id, permissions: ["orders:read", "keys:read"] },
    });
    expect(whoami.body?.["expiresAt"]).toBe((decodeJwt(token).exp ?? 0) * 1000);
    expect(await asToken(token, "GET", `/api/v1/keys/${id}`)).toMatchObject({ status: 200 });
    expect(await asToken(token, "POST", "/api/v1/keys/verify", { key })).toMatchObject({ status: 403 });
    expect(await asToken(token, "POST", "/api/v1/keys", { name: "beyond" })).toMatchObject({ status: 403 });
  });

  test("E12: a token acts in its key's organization only", async () => {
    const token = await ownToken((await makeKey()).key);
    const elsewhere = await world.call("GET", "/api/v1/whoami", {
      headers: { authorization: `Bearer ${token}`, "x-organization-id": "another" },
    });
    expect(elsewhere).toMatchObject({ status: 403 });
  });

  test("E8, H9: a token makes no key that outlives it, none beyond it, and renews nothing", async () => {
    const { id, key } = await makeKey();
    const token = await ownToken(key, { permissions: ["orders:read", "keys:create", "keys:read", "keys:rotate"] });
    const outliving = { name: "outliving", permissions: ["orders:read"], expiresAt: Date.now() + 3_600_000 };
    expect(await asToken(token, "POST", "/api/v1/keys", outliving)).toMatchObject({ status: 403 });
    const beyond = { name: "beyond", permissions: ["orders:write"] };
    expect(await asToken(token, "POST", "/api/v1/keys", beyond)).toMatchObject({ status: 403 });
    expect(await asToken(token, "POST", `/api/v1/keys/${id}/rotate`, {})).toMatchObject({ status: 403 });
    const within = await asToken(token, "POST", "/api/v1/keys", { name: "within", permissions: ["orders:read"] });
    expect(within.status).toBe(201);
    expect(within.body?.["expiresAt"]).toBeLessThanOrEqual((decodeJwt(token).exp ?? 0) * 1000);
  });

  test("E19: a token ends with its key on the next request: disabled, revoked, and as the key stands now", async () => {
    const { id, key } = await makeKey();
    const token = await ownToken(key);
    expect(await me(token)).toMatchObject({ status: 200 });
    await world.asOwner("POST", `/api/v1/keys/${id}/disable`, {});
    expect(await me(token)).toMatchObject({ status: 401, body: { code: "KEY_DISABLED" } });
    expect(await exchange(key, { audience: API })).toMatchObject({ status: 401, body: { code: "KEY_DISABLED" } });
    await world.asOwner("POST", `/api/v1/keys/${id}/enable`, {});
    expect(await me(token)).toMatchObject({ status: 200 });
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`, {});
    expect(await me(token)).toMatchObject({ status: 401, body: { code: "KEY_REVOKED" } });
    expect(await exchange(key, { audience: API })).toMatchObject({ status: 401, body: { code: "KEY_REVOKED" } });
  });

  test("E19: a token ends with the secret that it was made with, and lives through that one's grace", async () => {
    const { id, key } = await makeKey();
    const first = await ownToken(key);
    const rotated = await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, { graceMs: 3_600_000 });
    const second = await ownToken(textOf(rotated, "key"));
    expect(await me(first)).toMatchObject({ status: 200 });
    expect(decodeJwt(second).jti).toMatch(new RegExp(`^${id}\\.2\\.`));
    const again = await world.asOwner("POST", `/api/v1/keys/${id}/rotate`, {});
    expect(again.status).toBe(200);
    expect(await me(first)).toMatchObject({ status: 401 });
    expect(await me(second)).toMatchObject({ status: 401 });
    expect(await me(await ownToken(textOf(again, "key")))).toMatchObject({ status: 200 });
  });

  test("E11: a token of a personal key follows its owner", async () => {
    const { key } = await world.createKey({ name: "personal one", permissions: ["orders:read"] });
    const token = await ownToken(key);
    expect(await asToken(token, "GET", "/api/v1/whoami")).toMatchObject({ body: { permissions: ["orders:read"] } });
    const setRole = async (role: string) => {
      await world.deployment.call(internal.auth.store.update, {
        table: "member",
        where: [{ field: "userId", value: world.owner.userId, operator: "eq", connector: "AND", mode: "sensitive" }],
        data: { role },
        only: "first",
        origin: { userId: null, request: { id: "test" } },
      });
    };
    await setRole("suspended");
    expect(await asToken(token, "GET", "/api/v1/whoami")).toMatchObject({
      status: 401,
      body: { code: "KEY_DISABLED" },
    });
    await setRole("owner");
    expect(await asToken(token, "GET", "/api/v1/whoami")).toMatchObject({ status: 200 });
  });

  test("a key's token cannot be a session: better-auth and its tokens know nothing of it", async () => {
    const { key } = await makeKey();
    const token = await ownToken(key);
    for (const credential of [key, token]) {
      const presented: Record<string, string>[] = [
        { authorization: `Bearer ${credential}` },
        { "x-api-key": credential },
        { cookie: `latchkey.session_token=${credential}` },
      ];
      for (const headers of presented) {
        const jwt = await world.call("GET", "/api/auth/token", { headers });
        expect(jwt.status).toBe(401);
        const session = await world.deployment.fetch("/api/auth/get-session", { headers });
        expect(await session.text()).toBe("null");
      }
    }
  });

  /** A token that was tampered with. */
  const forge = async (
    change: { header?: Record<string, unknown>; payload?: Record<string, unknown>; sign?: "ours" | "hmac" } = {},
  ): Promise<string> => {
    const token = await ownToken((await makeKey()).key);
    const header = { ...decodeProtectedHeader(token), ...change.header };
    const payload = { ...decodeJwt(token), ...change.payload };
    const unsigned = `${encode(header)}.${encode(payload)}`;
    if (change.sign === "hmac") {
      // The classic confusion: the public key as an HMAC secret.
      const [publicKey] = (await publicKeys()).keys;
      return await new SignJWT(payload)
        .setProtectedHeader({ ...header, alg: "HS256" })
        .sign(new TextEncoder().encode(JSON.stringify(publicKey)));
    }
    return `${unsigned}.${token.split(".")[2]}`;
  };

  describe("E19: everything that is no token of ours is one and the same 401", () => {
    const refused: [string, () => Promise<string>][] = [
      ["alg none", async () => (await forge({ header: { alg: "none" } })).replace(/[^.]+$/, "")],
      ["alg none with a signature", async () => await forge({ header: { alg: "none" } })],
      ["HS256 under the public key", async () => await forge({ sign: "hmac" })],
      ["a changed payload", async () => await forge({ payload: { permissions: ["*:*"] } })],
      ["an unknown signing key", async () => await forge({ header: { kid: "unknown" } })],
      ["the kind of a session's token", async () => await forge({ header: { typ: "JWT" } })],
      ["the kind of a JWT key", async () => await forge({ header: { typ: "key+jwt" } })],
      [
        "a stranger's signature",
        async () => {
          const token = await ownToken((await makeKey()).key);
          const { privateKey } = await generateKeyPair("ES256");
          const { kid = "" } = decodeProtectedHeader(token);
          return await new SignJWT(decodeJwt(token))
            .setProtectedHeader({ alg: "ES256", typ: "at+jwt", kid })
            .sign(privateKey);
        },
      ],
      ["another audience", async () => await exchanged((await makeKey()).key, { audience: API })],
      [
        "a session's token",
        async () => {
          const answer = await world.call("GET", "/api/auth/token", { cookie: world.owner.cookie });
          return textOf(answer, "token");
        },
      ],
      ["rubbish of three parts", async () => "a.b.c"],
      ["a token cut short", async () => (await forge()).slice(0, -1)],
    ];

    test.each(refused)("%s", async (_title, make) => {
      const token = await make();
      const answer = await asToken(token, "GET", "/api/v1/whoami");
      expect(answer).toMatchObject({ status: 401, body: { code: "UNAUTHENTICATED" } });
      expect(answer.headers.get("www-authenticate")).toContain("Bearer");
    });

    test("E23: in the same words as a missing credential", async () => {
      const { traceId: _first, ...missing } = (await world.call("GET", "/api/v1/whoami")).body ?? {};
      const { traceId: _second, ...wrong } =
        (await asToken(await forge({ header: { kid: "x" } }), "GET", "/api/v1/whoami")).body ?? {};
      expect(wrong).toEqual(missing);
    });

    test("a token goes into Authorization: Bearer, not where keys go", async () => {
      const token = await ownToken((await makeKey()).key);
      expect(await world.call("GET", "/api/v1/whoami", { key: token })).toMatchObject({ status: 401 });
      const { key } = await makeKey();
      const both = await world.call("GET", "/api/v1/whoami", { key, headers: { authorization: `Bearer ${token}` } });
      expect(both).toMatchObject({ status: 400, body: { code: "AMBIGUOUS_CREDENTIALS" } });
    });
  });
});

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString("base64url");
}
