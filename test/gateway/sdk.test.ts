import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { LatchkeyConnectionError, LatchkeyError, createClient } from "#sdk/index.ts";
import { engines } from "../convex/engines.ts";
import { openWorld } from "./world.ts";
import type { World } from "./world.ts";

describe.each(engines)("the SDK, on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const connect = (key: string) =>
    createClient({
      baseUrl: world.site,
      key,
      fetch: async (url, init) => await world.deployment.fetch(pathOf(url), init),
    });

  test("a key that may manage keys goes through a key's whole life", async () => {
    const permissions = ["keys:*", "orders:read"];
    const { key } = await world.createKey({ name: "manager", ownerKind: "service", permissions });
    const latchkey = connect(key);
    const created = await latchkey.keys.create({ name: "made by a key", permissions: ["orders:read"] });
    expect(await latchkey.keys.verify({ key: created.key, permission: "orders:read" })).toMatchObject({ valid: true });
    expect((await latchkey.keys.list({ q: "made by", status: ["active", "expiring"] })).items).toHaveLength(1);
    const rotated = await latchkey.keys.rotate({ keyId: created.id });
    expect(rotated.key).not.toBe(created.key);
    expect(await latchkey.keys.revoke({ keyId: created.id, reason: "done" })).toMatchObject({ revokeReason: "done" });
    expect(await latchkey.keys.delete({ keyId: created.id })).toBeNull();
    const gone = latchkey.keys.get({ keyId: created.id });
    await expect(gone).rejects.toMatchObject({ name: "LatchkeyError", code: "NOT_FOUND", status: 404 });
  });

  test("a refusal carries code, fields and trace id", async () => {
    const latchkey = connect(world.owner.token);
    const error = await latchkey.keys.create({ name: "" }).catch((thrown: unknown) => thrown);
    if (!(error instanceof LatchkeyError)) throw new Error("not refused");
    expect(error).toMatchObject({ code: "INVALID_INPUT", status: 422, fields: [{ path: "name" }] });
    expect(error.traceId).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe("what the SDK repeats", () => {
  test("waits as long as it is told after 429, whatever the call", async () => {
    vi.useFakeTimers();
    const { fetch, client } = scripted(() => refuse(429, "RATE_LIMITED", { "retry-after": "7" }), fine);
    const pending = client.keys.verify({ key: "k" });
    await vi.advanceTimersByTimeAsync(6_999);
    expect(fetch).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1);
    await pending;
    expect(fetch).toHaveBeenCalledTimes(2);
    vi.useRealTimers();
  });

  test("reads again after a 503, but never creates twice", async () => {
    const { client } = scripted(() => refuse(503, "UNAVAILABLE"), fine);
    expect(await client.health()).toEqual({ status: "ok" });
    const { fetch, client: creator } = scripted(() => refuse(503, "UNAVAILABLE"), fine);
    await expect(creator.keys.create({ name: "x" })).rejects.toMatchObject({ code: "UNAVAILABLE" });
    expect(fetch).toHaveBeenCalledTimes(1);
  });

  test("an answer that is not Latchkey's is a connection error, and shows no key", async () => {
    const { client } = scripted(
      () => new Response("<html>", { status: 200 }),
      () => new Response("<html>", { status: 200 }),
      () => new Response("<html>", { status: 200 }),
    );
    const error = await client.whoami().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(LatchkeyConnectionError);
    expect(String(error)).not.toContain("lk");
  });
});

function pathOf(url: string | URL | Request): string {
  const { pathname, search } = new URL(url instanceof Request ? url.url : url);
  return pathname + search;
}

function refuse(status: number, code: string, headers = {}): Response {
  const type = { "content-type": "application/problem+json" };
  return Response.json({ code, detail: "No." }, { status, headers: { ...type, ...headers } });
}

function fine(): Response {
  return Response.json({ status: "ok" });
}

function scripted(...answers: (() => Response)[]) {
  const fetch = vi.fn<typeof globalThis.fetch>(async () => {
    const next = answers.shift();
    if (next === undefined) throw new Error("asked once too often");
    return next();
  });
  return { fetch, client: createClient({ baseUrl: "https://keys.example.com", key: "lk", fetch }) };
}
