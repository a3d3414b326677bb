import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { api } from "../../convex/_generated/api.js";
import type { Writer } from "../../convex/model/groupCommit.ts";
import type { KeyState } from "../../convex/model/verification/keyStates.ts";
import { openConvexTest } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, verify } from "./world.ts";
import type { Person } from "./world.ts";

const HOUR = 3_600_000;
const AT = Date.UTC(2026, 4, 4, 22, 30);
const USE = { operation: "verify", outcome: "VALID", at: AT, by: { ip: "192.0.2.1", agent: null } };

describe("E31 uses that were gathered", () => {
  let deployment: Deployment;
  let owner: Person;
  let key: KeyState;
  // Each test has a process's memory of its own.
  let uses: Awaited<ReturnType<typeof loadUses>>;
  beforeEach(async () => {
    uses = await loadUses();
    deployment = openConvexTest().deployment;
    owner = await (await createOrganization(deployment)).join("owner");
    const created = await createKey(deployment, owner.caller);
    const state = await verify(deployment, created.key);
    if (state === null) throw new Error("there is no such key");
    key = state;
    vi.spyOn(console, "error").mockImplementation(() => undefined);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  /** Writes to the deployment; `failing` says what goes wrong with each attempt in turn. */
  function writerOf(failing: ("before" | "after")[] = []): Writer & { attempts: number } {
    const writer = {
      attempts: 0,
      async runMutation(...[reference, args]: Parameters<Deployment["call"]>) {
        writer.attempts += 1;
        const failure = failing.shift();
        if (failure === "before") throw new Error("nothing was written");
        await deployment.call(reference, args);
        if (failure === "after") throw new Error("it was written, but the answer was lost");
        return null;
      },
    };
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- all that is called here answers null
    return writer as unknown as Writer & { attempts: number };
  }
  async function countOf(): Promise<number | undefined> {
    const { organizationId } = owner.caller;
    const args = { organizationId, from: AT - HOUR, to: AT + HOUR, by: "hour" as const };
    return (await deployment.call(api.usage.series, args, owner.userId))?.count;
  }

  test("are written before the answer where nothing runs after it", async () => {
    uses.noteUse(key, USE);
    uses.noteUse(key, USE);
    const writer = writerOf();
    await uses.settleUses(writer);
    expect(await countOf()).toBe(2);
    await uses.settleUses(writer);
    expect(writer.attempts).toBe(1);
  });

  test("that cannot be written there are not told to the caller, and not sent again, as nobody knows what was written", async () => {
    uses.noteUse(key, USE);
    await uses.settleUses(writerOf(["after"]));
    uses.noteUse(key, USE);
    await uses.settleUses(writerOf());
    expect(await countOf()).toBe(2);
    uses.noteUse(key, USE);
    await uses.settleUses(writerOf(["before"]));
    expect(await countOf()).toBe(2);
    expect(console.error).toHaveBeenCalledTimes(2);
  });

  test("of requests at once are all written when each of them is answered", async () => {
    const writer = writerOf();
    const request = async () => {
      uses.noteUse(key, USE);
      await uses.settleUses(writer);
    };
    await Promise.all(Array.from({ length: 50 }, request));
    expect(await countOf()).toBe(50);
    expect(writer.attempts).toBeLessThan(50);
  });

  test("are written together within the window, and the first use of a key soon", async () => {
    vi.stubEnv("LATCHKEY_USAGE_WINDOW_MS", "1000");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const writer = writerOf();
    const useAgain = async () => {
      uses.noteUse(key, USE);
      await uses.settleUses(writer);
      await vi.advanceTimersByTimeAsync(90);
    };
    await useAgain();
    expect(writer.attempts).toBe(1);
    for (let index = 0; index < 9; index += 1) await useAgain();
    expect(writer.attempts).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    vi.useRealTimers();
    await vi.waitFor(async () => expect(await countOf()).toBe(10));
    expect(writer.attempts).toBe(2);
  });

  test.each(["before", "after"] as const)(
    "are sent again when that failed %s they were written, and counted once",
    async (when) => {
      vi.stubEnv("LATCHKEY_USAGE_WINDOW_MS", "60000");
      const writer = writerOf([when, when]);
      uses.noteUse(key, USE);
      await expect(uses.flushUses(writer)).rejects.toThrow("written");
      uses.noteUse(key, USE);
      await expect(uses.flushUses(writer)).rejects.toThrow("written");
      await uses.flushUses(writer);
      expect(await countOf()).toBe(2);
      await uses.flushUses(writer);
      expect(await countOf()).toBe(2);
    },
  );

  test("are tried again by the clock when nobody comes any more", async () => {
    vi.stubEnv("LATCHKEY_USAGE_WINDOW_MS", "1000");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const writer = writerOf(["before"]);
    uses.noteUse(key, USE);
    await uses.settleUses(writer);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(writer.attempts).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    vi.useRealTimers();
    await uses.flushUses(writer);
    expect(await countOf()).toBe(1);
  });

  test("of two hours are two entries, and one hour's last use is the latest", async () => {
    const writer = writerOf();
    for (const at of [AT, AT + 1, AT + HOUR]) uses.noteUse(key, { ...USE, at });
    uses.noteUse(key, { ...USE, at: AT + HOUR + 1, outcome: "EXPIRED", by: null });
    await uses.flushUses(writer);
    const { organizationId } = owner.caller;
    const range = { organizationId, from: AT - HOUR, to: AT + 2 * HOUR, by: "hour" as const, keyId: key.keyId };
    expect(await deployment.call(api.usage.series, range, owner.userId)).toMatchObject({
      items: [
        { count: 2, refused: 0 },
        { count: 2, refused: 1 },
      ],
      lastUse: { at: AT + HOUR, ip: "192.0.2.1" },
    });
  });
});

async function loadUses() {
  vi.resetModules();
  return await import("../../convex/model/usage/keyUses.ts");
}
