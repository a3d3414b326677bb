import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { corsHeaders, preflightHeaders } from "#convex/gateway/origins.ts";
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

afterEach(() => vi.unstubAllEnvs());

test.each([
  ["https://keys.example.com", true],
  ["https://shop.example.com:8443", true],
  ["https://other.example.net", true],
  ["https://shop.example.com", false],
  ["http://keys.example.com", false],
  ["https://keys.example.com.evil.net", false],
  ["https://evil-keys.example.com", false],
  ["null", false],
  ["*", false],
])("E18 R7: the origin %s is allowed: %s", (origin, allowed) => {
  vi.stubEnv("SITE_URL", "https://keys.example.com/");
  vi.stubEnv("LATCHKEY_ALLOWED_ORIGINS", " https://shop.example.com:8443, https://other.example.net/app,,*, null");
  const headers = corsHeaders(new Headers({ origin }));
  expect(headers["Vary"]).toBe("Origin");
  expect(headers["Access-Control-Allow-Origin"]).toBe(allowed ? origin : undefined);
  expect(headers["Access-Control-Allow-Credentials"]).toBe(allowed ? "true" : undefined);
  const preflight = preflightHeaders(new Headers({ origin }));
  expect("Access-Control-Allow-Methods" in preflight).toBe(allowed);
});

describe.each(engines)("pages of other origins, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const evil = "https://evil.example.net";

  test("E18 R7 T16: our own origin may read every kind of answer, a strange one none", async () => {
    for (const path of [
      "/api/v1/whoami",
      "/api/v1/nothing",
      "/openapi.json",
      "/api/trpc/whoami",
      "/api/auth/get-session",
    ]) {
      const own = await world.call("GET", path, { headers: { origin: world.site } });
      expect([path, own.headers.get("access-control-allow-origin")]).toEqual([path, world.site]);
      expect(own.headers.get("access-control-expose-headers")).toContain("Retry-After");
      const strange = await world.call("GET", path, { headers: { origin: evil } });
      expect([path, strange.headers.get("access-control-allow-origin")]).toEqual([path, null]);
      expect(strange.headers.get("vary")).toContain("Origin");
    }
  });

  test("E18 R7: a preflight is answered 204, and promises a strange origin nothing", async () => {
    const ask = async (origin: string) =>
      await world.deployment.fetch("/api/v1/keys", {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "POST" },
      });
    const own = await ask(world.site);
    expect(own.status).toBe(204);
    expect(own.headers.get("access-control-allow-headers")).toContain("X-Api-Key");
    const promised = own.headers.get("access-control-allow-methods")?.split(", ") ?? [];
    const { paths } = JSON.parse(await (await world.deployment.fetch("/openapi.json", {})).text());
    const used = Object.values(paths).flatMap((path) => Object.keys(Object(path)).map((verb) => verb.toUpperCase()));
    expect(promised).toEqual(expect.arrayContaining([...new Set(used)]));
    const strange = await ask(evil);
    expect(strange.status).toBe(204);
    expect(strange.headers.get("access-control-allow-methods")).toBeNull();
  });

  describe("E17 T16: a change with the session cookie", () => {
    const json = { "content-type": "application/json" };

    test.each([
      ["without any origin", { ...json }],
      ["from a strange origin", { ...json, origin: evil }],
      ["from an opaque origin", { ...json, origin: "null" }],
    ])("is refused %s", async (_title, headers) => {
      expect(await createByCookie(world, headers)).toMatchObject({ code: "ORIGIN_NOT_ALLOWED", status: 403 });
      const trpc = await createByCookie(world, headers, "/api/trpc/keys.create");
      expect(trpc).toMatchObject({ error: { data: { code: "ORIGIN_NOT_ALLOWED", httpStatus: 403 } } });
    });

    test.each(["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])(
      "is refused as the %s that a plain form sends, even from our origin",
      async (type) => {
        const headers = { "content-type": type, origin: world.site };
        expect(await createByCookie(world, headers)).toMatchObject({ code: "UNSUPPORTED_MEDIA_TYPE", status: 415 });
        const trpc = await createByCookie(world, headers, "/api/trpc/keys.create");
        expect(trpc).toMatchObject({ error: { data: { code: "UNSUPPORTED_MEDIA_TYPE", httpStatus: 415 } } });
      },
    );

    test("is done from our origin", async () => {
      expect(await createByCookie(world, { ...json, origin: world.site })).toMatchObject({ name: "csrf" });
    });
  });

  test("E17: a key needs no origin", async () => {
    const { key } = await world.createKey({ name: "judge", ownerKind: "service", permissions: ["keys:verify"] });
    for (const origin of [undefined, evil]) {
      const headers: Record<string, string> = origin === undefined ? {} : { origin };
      const answer = await world.call("POST", "/api/v1/keys/verify", { key, headers, body: { key } });
      expect(answer).toMatchObject({ status: 200, body: { valid: true } });
    }
  });
});

async function createByCookie(world: World, headers: Record<string, string>, path = "/api/v1/keys"): Promise<unknown> {
  const sent = { cookie: world.owner.cookie, ...headers };
  const response = await world.deployment.fetch(path, { method: "POST", headers: sent, body: `{"name":"csrf"}` });
  return await response.json();
}
