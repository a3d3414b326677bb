import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { api } from "#convex/_generated/api.js";
import { engines } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";
import type { World } from "./world.ts";

// On convex-test the HTTP actions are called with nothing in front of them, as anybody can on Convex Cloud; the
// embedded backend is in front of its own.
describe.each(engines)("the address that the audit trail names, on $name", (engine) => {
  const embedded = engine.name === "embedded backend";
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());
  afterEach(() => vi.unstubAllEnvs());

  async function addressSeen(name: string, headers: Record<string, string>): Promise<string | null | undefined> {
    const { cookie, userId } = world.owner;
    const created = await world.call("POST", "/api/v1/keys", { cookie, headers, body: { name } });
    const paginationOpts = { numItems: 1, cursor: null };
    const args = { organizationId: world.organizationId, paginationOpts };
    const { page } = await world.deployment.call(api.audit.list, args, userId);
    expect(page[0]?.targetId).toBe(textOf(created, "id"));
    return page[0]?.ip;
  }

  const forged = { "x-latchkey-peer": "203.0.113.66", "x-latchkey-forwarded-for": "203.0.113.67" };

  test("E16 E20: is never one that a client wrote", async () => {
    const honest = embedded ? "127.0.0.1" : null;
    expect(await addressSeen("no secret", forged)).toBe(honest);
    expect(await addressSeen("an empty secret", { ...forged, "x-latchkey-proxy-secret": "" })).toBe(honest);
    if (!embedded) vi.stubEnv("LATCHKEY_PROXY_SECRET", "what only the proxy knows");
    expect(await addressSeen("a guess", { ...forged, "x-latchkey-proxy-secret": "a guess" })).toBe(honest);
  });

  // The embedded backend sets the peer last, whoever asks; the flow over a real proxy is test/flows/remote.test.ts.
  if (!embedded) {
    test("E20: is the one that the proxy names with its secret", async () => {
      vi.stubEnv("LATCHKEY_PROXY_SECRET", "what only the proxy knows");
      const shown = { ...forged, "x-latchkey-proxy-secret": "what only the proxy knows" };
      expect(await addressSeen("the secret", shown)).toBe("203.0.113.66");
    });
  }
});
