import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Credential } from "#convex/gateway/credential.ts";
import { toErrorData } from "#convex/shared/errors.ts";
import { generateKey } from "#convex/shared/keyFormat.ts";
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { Parts, World } from "./world.ts";

const START = Date.UTC(2026, 0, 1);
const GUESS: Credential = { type: "key", key: "lk_live_guess" };

async function loadLimiter() {
  vi.resetModules();
  return await import("#convex/gateway/failedCredentials.ts");
}

function unknown(): string {
  return generateKey({ prefix: "lk", env: "live" }).key;
}

describe("E2 E22 an address that keeps showing credentials which are none", () => {
  // Each test has a process's memory of its own.
  let limiter: Awaited<ReturnType<typeof loadLimiter>>;
  beforeEach(async () => {
    limiter = await loadLimiter();
  });
  afterEach(() => vi.unstubAllEnvs());

  /** How long the address has to wait, in milliseconds; 0 when it may come in. */
  function waitOf(ip: string | null, at = START, credential: Credential = GUESS): number {
    try {
      limiter.requireCalm(ip, credential, at);
      return 0;
    } catch (thrown) {
      const refusal = toErrorData(thrown);
      expect(refusal?.code).toBe("RATE_LIMITED");
      return refusal?.rate?.retryAfterMs ?? -1;
    }
  }
  function fail(ip: string | null, times: number, at = START): void {
    for (let time = 0; time < times; time += 1) limiter.noteFailure(ip, at);
  }

  test("is turned away after 300 in a minute, until one has come back, and nobody else is", () => {
    fail("192.0.2.1", 299);
    expect(waitOf("192.0.2.1")).toBe(0);
    fail("192.0.2.1", 1);
    expect(waitOf("192.0.2.1")).toBe(200);
    expect(waitOf("192.0.2.2")).toBe(0);
    expect(waitOf("192.0.2.1", START + 199)).toBe(1);
    expect(waitOf("192.0.2.1", START + 200)).toBe(0);
    fail("192.0.2.1", 1, START + 200);
    expect(waitOf("192.0.2.1", START + 200)).toBe(200);
    expect(waitOf("192.0.2.1", START + 60_200)).toBe(0);
  });

  test("is a whole /64 in IPv6, and the IPv4 address in a mapped one", () => {
    for (let host = 0; host < 300; host += 1) fail(`2001:db8:1:2::${host.toString(16)}`, 1);
    expect(waitOf("2001:db8:1:2:ffff::1")).toBeGreaterThan(0);
    expect(waitOf("2001:db8:1:3::1")).toBe(0);
  });

  test("is everybody whose address nobody says, together, with twenty times as many", () => {
    fail(null, 5_999);
    expect(waitOf(null)).toBe(0);
    fail(null, 1);
    expect(waitOf(null)).toBeGreaterThan(0);
    expect(waitOf("192.0.2.1")).toBe(0);
  });

  test("is forgotten when ten thousand others have failed since, so memory has an end", () => {
    fail("192.0.2.1", 300);
    for (let other = 0; other < 9_999; other += 1) fail(`10.0.${other >> 8}.${other & 255}`, 1);
    expect(waitOf("192.0.2.1")).toBeGreaterThan(0);
    fail("10.1.0.0", 1);
    expect(waitOf("192.0.2.1")).toBe(0);
  });

  test("still lets in who showed a good credential while others there failed, and nobody who did so before", () => {
    const credentials: Credential[] = [
      { type: "key", key: "lk_live_good" },
      { type: "session", token: "a good session" },
      { type: "cookie", value: "a good cookie" },
    ];
    for (const credential of credentials) limiter.noteGood("192.0.2.1", credential);
    fail("192.0.2.1", 300);
    for (const credential of credentials) expect(waitOf("192.0.2.1", START, credential)).toBe(200);
    for (const credential of credentials) limiter.noteGood("192.0.2.1", credential);
    for (const credential of credentials) expect(waitOf("192.0.2.1", START, credential)).toBe(0);
    expect(waitOf("192.0.2.1", START, { type: "key", key: "lk_live_goof" })).toBe(200);
    expect(waitOf("192.0.2.1")).toBe(200);
  });

  test("may be given another number, or any number", () => {
    vi.stubEnv("LATCHKEY_FAILED_CREDENTIALS_PER_MINUTE", "2");
    fail("192.0.2.1", 2);
    expect(waitOf("192.0.2.1")).toBe(30_000);
    vi.stubEnv("LATCHKEY_FAILED_CREDENTIALS_PER_MINUTE", "0");
    fail("192.0.2.1", 1_000);
    expect(waitOf("192.0.2.1")).toBe(0);
    vi.stubEnv("LATCHKEY_FAILED_CREDENTIALS_PER_MINUTE", "nonsense");
    fail("192.0.2.3", 299);
    expect(waitOf("192.0.2.3")).toBe(0);
    fail("192.0.2.3", 1);
    expect(waitOf("192.0.2.3")).toBeGreaterThan(0);
  });
});

// Only here can a test say where a request comes from; the embedded backend says it by itself.
describe.each(engines.filter(({ name }) => name === "convex-test"))("E22 over HTTP on $name", (engine) => {
  let world: World;
  let key: string;
  beforeEach(async () => {
    vi.stubEnv("LATCHKEY_EMBEDDED", "true");
    vi.stubEnv("LATCHKEY_FAILED_CREDENTIALS_PER_MINUTE", "5");
    world = await openWorld(engine);
    key = (await world.createKey({ name: "good", ownerKind: "service", permissions: ["keys:verify"] })).key;
  });
  afterEach(async () => {
    await world[Symbol.asyncDispose]();
    vi.unstubAllEnvs();
  });

  let subnet = 0;
  const from = async (ip: string, parts: Parts, path = "/api/v1/whoami") =>
    await world.call(path.endsWith("verify") ? "POST" : "GET", path, {
      ...parts,
      headers: { ...parts.headers, "x-latchkey-peer": ip },
    });

  test.each([
    ["malformed keys", () => ({ key: "lk_live_nonsense" })],
    ["unknown keys", () => ({ key: unknown() })],
    ["unknown keys as bearers", () => ({ headers: { authorization: `Bearer ${unknown()}` } })],
    ["sessions that are none", () => ({ headers: { authorization: "Bearer aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" } })],
  ])(
    "the sixth of %s is 429 with the time to wait, and says nothing of what was shown",
    async (_what, wrong: () => Parts) => {
      subnet += 1;
      const ip = `198.51.${subnet}.1`;
      for (let attempt = 0; attempt < 5; attempt += 1) expect((await from(ip, wrong())).status).toBe(401);
      const refused = await from(ip, wrong());
      expect(refused).toMatchObject({ status: 429, body: { code: "RATE_LIMITED" } });
      expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
      // A good key gets the same words, so guessing on learns nothing.
      const good = await from(ip, { key });
      expect({ ...good.body, traceId: "" }).toEqual({ ...refused.body, traceId: "" });
      expect((await from(ip, { key, body: { key } }, "/api/v1/keys/verify")).status).toBe(429);
      expect((await from(`198.51.${subnet}.2`, { key })).status).toBe(200);
    },
  );

  test("a caller that was good while others behind its address failed goes on; any other good key waits with them", async () => {
    const ip = "198.51.200.1";
    const late = await world.createKey({ name: "late" });
    expect((await from(ip, { key: unknown() })).status).toBe(401);
    expect((await from(ip, { key })).status).toBe(200);
    for (let attempt = 0; attempt < 4; attempt += 1) await from(ip, { key: unknown() });
    expect((await from(ip, { key: unknown() })).status).toBe(429);
    expect((await from(ip, { key })).status).toBe(200);
    expect((await from(ip, { key, body: { key } }, "/api/v1/keys/verify")).status).toBe(200);
    expect((await from(ip, { key: late.key })).status).toBe(429);
  });

  test("good callers are never slowed, whatever they ask about, and no credential at all is no failure", async () => {
    for (let attempt = 0; attempt < 8; attempt += 1) {
      const asked = await from("203.0.113.1", { key, body: { key: unknown() } }, "/api/v1/keys/verify");
      expect(asked).toMatchObject({ status: 200, body: { code: "NOT_FOUND" } });
      expect((await from("203.0.113.1", {})).status).toBe(401);
    }
    expect((await from("203.0.113.1", { key })).status).toBe(200);
  });

  test("a key that is dead is known, so showing it is no guess", async () => {
    const dead = await world.createKey({ name: "dead" });
    await world.asOwner("POST", `/api/v1/keys/${dead.id}/revoke`, {});
    for (let attempt = 0; attempt < 8; attempt += 1) {
      expect(await from("203.0.113.2", { key: dead.key })).toMatchObject({
        status: 401,
        body: { code: "KEY_REVOKED" },
      });
    }
  });
});
