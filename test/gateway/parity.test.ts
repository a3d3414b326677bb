import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { engines } from "../convex/engines.ts";
import { openLatchkey, openPeer } from "./key-systems.ts";
import { freshName } from "./recipe.ts";
import type { KeySystem, Wish } from "./key-systems.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

const systems: { name: string; open(): Promise<KeySystem> }[] = [
  { name: "better-auth's API keys", open: openPeer },
  ...engines.map((engine) => ({ name: `Latchkey on ${engine.name}`, open: async () => await openLatchkey(engine) })),
];

// What the plugin's documentation promises its users. It runs on the plugin, so that it is no invention of ours, and on Latchkey.
describe.each(systems)("what users of better-auth's API keys are used to, of $name", (kind) => {
  let system: KeySystem;
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(2030, 0, 15, 12) });
    system = await kind.open();
  });
  afterAll(async () => {
    await system[Symbol.asyncDispose]();
    vi.useRealTimers();
  });

  async function make(wish: Wish = {}): Promise<{ id: string; key: string }> {
    const made = await system.create({ name: freshName("made"), ...wish });
    if (made === null) throw new Error(`refused: ${JSON.stringify(wish)}`);
    return made;
  }

  test("a key is shown once, and never told again", async () => {
    const { id, key } = await make({ name: "once" });
    expect(await system.verify(key)).toMatchObject({ good: true, why: null });
    const told = await system.look(id);
    expect(told).toMatchObject({ id, name: "once" });
    expect(JSON.stringify(told)).not.toContain(key.slice(-16));
    expect(key.startsWith(String(told?.["start"]))).toBe(true);
  });

  test("whatever is no key is refused", async () => {
    const { key } = await make();
    for (const text of [`${key}x`, key.slice(0, -1), "nonsense"]) {
      expect(await system.verify(text)).toMatchObject({ good: false, why: "unknown" });
    }
  });

  test("a prefix of one's own begins the key; one that is too short, too long or not plain text is refused", async () => {
    expect((await make({ prefix: "acme" })).key).toMatch(/^acme_/);
    for (const prefix of ["", "x".repeat(40), "no blanks", "ünlaut"]) {
      // The plugin's separator would make one of nothing.
      if (prefix !== "" || kind.name.startsWith("Latchkey"))
        expect(await system.create({ name: "p", prefix })).toBeNull();
    }
  });

  test("a name is needed, within bounds, and can be changed within them", async () => {
    for (const name of ["", "x".repeat(200)]) expect(await system.create({ name })).toBeNull();
    expect(await system.create({})).toBeNull();
    const { id } = await make({ name: "before" });
    expect(await system.change(id, { name: "after" })).toBe(true);
    expect(await system.change(id, { name: "x".repeat(200) })).toBe(false);
    expect(await system.look(id)).toMatchObject({ name: "after" });
  });

  test("an expiry ends a key at its instant, and lies within bounds", async () => {
    const { key } = await make({ lifetimeMs: DAY_MS });
    pass(DAY_MS - 1000);
    expect(await system.verify(key)).toMatchObject({ good: true });
    pass(2000);
    expect(await system.verify(key)).toMatchObject({ good: false, why: "expired" });
    for (const lifetimeMs of [-DAY_MS, 400 * DAY_MS]) expect(await system.create({ name: "e", lifetimeMs })).toBeNull();
  });

  test("a disabled key is refused until it is enabled", async () => {
    const { id, key } = await make();
    expect(await system.change(id, { enabled: false })).toBe(true);
    expect(await system.verify(key)).toMatchObject({ good: false, why: "disabled" });
    expect(await system.change(id, { enabled: true })).toBe(true);
    expect(await system.verify(key)).toMatchObject({ good: true });
  });

  test("a quota counts down with every use and then refuses", async () => {
    const { key } = await make({ quota: { uses: 2 } });
    expect(await system.verify(key)).toMatchObject({ good: true, usesLeft: 1 });
    expect(await system.verify(key)).toMatchObject({ good: true, usesLeft: 0 });
    expect(await system.verify(key)).toMatchObject({ good: false });
    expect(await system.verify((await make()).key)).toMatchObject({ good: true, usesLeft: null });
  });

  test("what is left of a quota and when a key was last used is told without using it", async () => {
    const { id, key } = await make({ quota: { uses: 3 } });
    expect(await system.standing(id)).toEqual({ usesLeft: 3, lastUsedAt: null });
    await system.verify(key);
    const standing = { usesLeft: 2, lastUsedAt: Date.now() };
    expect([await system.standing(id), await system.standing(id)]).toEqual([standing, standing]);
    expect(await system.standing((await make()).id)).toEqual({ usesLeft: null, lastUsedAt: null });
  });

  test("a quota that is raised has room again", async () => {
    const { id, key } = await make({ quota: { uses: 2 } });
    expect(await system.verify(key)).toMatchObject({ good: true });
    expect(await system.change(id, { quota: { uses: 5 } })).toBe(true);
    for (const good of [true, true, true]) expect(await system.verify(key)).toMatchObject({ good });
  });

  test.each([
    ["hour", DAY_MS / 24],
    ["day", DAY_MS],
  ] as const)("a refill each %s sets the quota back to all of it, not more", async (every, durationMs) => {
    const { key } = await make({ quota: { uses: 2, every } });
    for (const good of [true, true, false]) expect(await system.verify(key)).toMatchObject({ good });
    expect(await system.verify(key)).toMatchObject({ why: "used up" });
    pass(durationMs + 1000);
    expect(await system.verify(key)).toMatchObject({ good: true, usesLeft: 1 });
    pass(durationMs + 1000);
    expect(await system.verify(key)).toMatchObject({ good: true, usesLeft: 1 });
  });

  test("a rate limit refuses what is too fast, says until when, and lets it pass then", async () => {
    const { key } = await make({ rate: { limit: 2, windowMs: MINUTE_MS } });
    for (const good of [true, true]) expect(await system.verify(key)).toMatchObject({ good });
    const refused = await system.verify(key);
    expect(refused).toMatchObject({ good: false, why: "too fast" });
    expect(refused.waitMs).toBeGreaterThan(0);
    expect(refused.waitMs).toBeLessThanOrEqual(MINUTE_MS);
    pass(MINUTE_MS + 1000);
    expect(await system.verify(key)).toMatchObject({ good: true });
  });

  test("metadata is kept, given back with the key and its verdict, and can be changed; only an object is", async () => {
    const metadata = { plan: "premium", seats: 3, nested: { list: [1, "two", null] } };
    const { id, key } = await make({ metadata });
    expect(await system.look(id)).toMatchObject({ metadata });
    expect(await system.verify(key)).toMatchObject({ good: true, metadata });
    expect(await system.change(id, { metadata: { plan: "free" } })).toBe(true);
    expect((await system.verify(key)).metadata).toEqual({ plan: "free" });
    for (const wrong of ["text", 7, true]) expect(await system.create({ name: "m", metadata: wrong })).toBeNull();
  });

  test("permissions that are asked for must all be held", async () => {
    const { id, key } = await make({ permissions: ["orders:read", "orders:write", "files:read"] });
    for (const asked of [["orders:read"], ["orders:read", "orders:write"], ["orders:write", "files:read"]]) {
      expect(await system.verify(key, asked)).toMatchObject({ good: true });
    }
    for (const asked of [["orders:delete"], ["orders:read", "files:write"], ["users:read"]]) {
      expect(await system.verify(key, asked)).toMatchObject({ good: false });
    }
    expect(await system.verify((await make()).key, ["orders:read"])).toMatchObject({ good: false });
    expect(await system.change(id, { permissions: ["files:read"] })).toBe(true);
    expect(await system.verify(key, ["orders:read"])).toMatchObject({ good: false });
    expect(await system.verify(key, ["files:read"])).toMatchObject({ good: true });
  });

  test("a key that is removed is good for nothing, and nothing is told of it any more", async () => {
    const { id, key } = await make();
    await system.remove(id);
    expect(await system.verify(key)).toMatchObject({ good: false, why: "unknown" });
    expect(await system.look(id)).toBeNull();
    expect(await system.list(10)).not.toContain(id);
    expect(await system.change(id, { name: "back" })).toBe(false);
  });

  test("keys are listed in pages, newest first", async () => {
    const made: string[] = [];
    pass(1000);
    for (let index = 0; index < 5; index += 1) {
      made.unshift((await make({ name: `key ${index}` })).id);
      pass(1000);
    }
    expect(await system.list(5)).toEqual(made);
    expect(await system.list(2)).toEqual(made.slice(0, 2));
    expect(await system.list(2, 2)).toEqual(made.slice(2, 4));
  });
});

function pass(durationMs: number): void {
  vi.setSystemTime(Date.now() + durationMs);
}
