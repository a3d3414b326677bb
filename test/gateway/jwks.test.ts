import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from "jose";
import type { JSONWebKeySet } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { internal } from "#convex/_generated/api.js";
import { MAX_JWT_LIFETIME_MS } from "#convex/shared/jwt.ts";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { World } from "./world.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

describe.each(engines)("the keys that sign tokens, on $name", (engine) => {
  let world: World;
  let key: string;
  beforeAll(async () => {
    world = await openWorld(engine);
    ({ key } = await world.createKey({ name: "signer", ownerKind: "service", permissions: ["orders:read"] }));
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const exchange = async (): Promise<string> =>
    textOf(await world.call("POST", "/api/v1/token", { key, body: { audience: world.site } }), "token");
  const statusOf = async (token: string): Promise<number> =>
    (await world.call("GET", "/api/v1/whoami", { headers: { authorization: `Bearer ${token}` } })).status;
  const published = async (path = "/.well-known/jwks.json"): Promise<JSONWebKeySet> => {
    const response = await world.deployment.fetch(path);
    expect(response.status).toBe(200);
    return KeySet.parse(await response.json());
  };
  const rotate = async (withdraw = false) =>
    await world.deployment.call(internal.tokens.rotateSigningKey, { withdraw });
  /** As if this long had passed since the key was retired. */
  const retireSince = async (kid: string, sinceMs: number) => {
    await world.deployment.call(internal.auth.store.update, {
      table: "jwks",
      where: [{ field: "_id", value: kid, operator: "eq", connector: "AND", mode: "sensitive" }],
      data: { expiresAt: Date.now() - sinceMs },
      only: "first",
      origin: { userId: null, request: { id: "test" } },
    });
  };

  test("are published by their public half alone, for caches to keep for minutes", async () => {
    const response = await world.deployment.fetch("/.well-known/jwks.json");
    expect(response.headers.get("cache-control")).toBe("public, max-age=300");
    const { keys } = KeySet.parse(await response.json());
    expect(keys.map((jwk) => Object.keys(jwk).toSorted())).toEqual([["alg", "crv", "kid", "kty", "use", "x", "y"]]);
  });

  test("E19: a rotation signs with a new key at once, and what the old one signed stays good", async () => {
    const before = await exchange();
    const { kid: oldKid = "" } = decodeProtectedHeader(before);
    await rotate();
    const after = await exchange();
    const { kid: newKid = "" } = decodeProtectedHeader(after);
    expect(newKid).not.toBe(oldKid);
    expect(kidsOf(await published())).toEqual(expect.arrayContaining([oldKid, newKid]));
    for (const token of [before, after]) {
      await jwtVerify(token, createLocalJWKSet(await published()));
      expect(await statusOf(token)).toBe(200);
    }
  });

  test("E19: an old key is trusted for tokens for minutes, published while JWT keys of it may live, and then gone", async () => {
    const token = await exchange();
    const { kid = "" } = decodeProtectedHeader(token);
    await rotate();
    await retireSince(kid, 4 * MINUTE_MS);
    expect(await statusOf(token)).toBe(200);
    await retireSince(kid, 5 * MINUTE_MS);
    expect(await statusOf(token)).toBe(401);
    await retireSince(kid, MAX_JWT_LIFETIME_MS);
    expect(kidsOf(await published())).toContain(kid);
    // Convex takes sessions by the other set, and no session's token lives for hours.
    expect(kidsOf(await published("/api/auth/jwks"))).not.toContain(kid);
    await retireSince(kid, MAX_JWT_LIFETIME_MS + DAY_MS);
    expect(kidsOf(await published())).not.toContain(kid);
    await expect(jwtVerify(token, createLocalJWKSet(await published()))).rejects.toThrow("no applicable key");
    // The next rotation takes it out of the table.
    await rotate();
    const rows = await world.deployment.call(internal.tokens.signingKeys, {});
    expect(rows.map((row) => row.kid)).not.toContain(kid);
  });

  test("E19: a key that leaked is withdrawn at once, with everything that it signed", async () => {
    const token = await exchange();
    await rotate(true);
    const keys = await published();
    expect(keys.keys).toHaveLength(1);
    expect(kidsOf(keys)).not.toContain(decodeProtectedHeader(token).kid);
    expect(await statusOf(token)).toBe(401);
    expect(await statusOf(await exchange())).toBe(200);
  });

  test("a person's session signs in to Convex by the new key too", async () => {
    await rotate();
    const answer = await world.call("GET", "/api/auth/token", { cookie: world.owner.cookie });
    const { kid = "" } = decodeProtectedHeader(textOf(answer, "token"));
    expect(kidsOf(await published("/api/auth/jwks"))).toContain(kid);
  });

  // Only a real server has an address.
  test.skipIf(engine.name === "convex-test")("H12: jose finds them where it would look for them", async () => {
    const keys = createRemoteJWKSet(new URL("/.well-known/jwks.json", world.site));
    const { payload } = await jwtVerify(await exchange(), keys, { issuer: world.site, audience: world.site });
    expect(payload["org"]).toBe(world.organizationId);
  });
});

function kidsOf({ keys }: JSONWebKeySet): string[] {
  return keys.map(({ kid }) => kid ?? "");
}

const KeySet = z.object({ keys: z.array(z.looseObject({ kty: z.string(), kid: z.string() })) });
