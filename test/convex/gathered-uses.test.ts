import { describe, expect, test } from "vitest";
import { GatheredUses, TURNS } from "../../convex/model/usage/gatheredUses.ts";
import type { KeyState } from "../../convex/model/verification/keyStates.ts";
import type { UsageEntry } from "../../convex/model/usage/counts.ts";
import { seededRandom } from "../helpers/seeded-random.ts";

const AT = Date.UTC(2026, 4, 4, 22, 30);

function useOf(uses: GatheredUses, name: string): void {
  uses.add(keyOf(name), { operation: "verify", outcome: "VALID", at: AT, by: null });
}

function keyOf(name: string): KeyState {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is gathered looks at these fields only
  return { keyId: name, organizationId: "organization", ownerKind: "service", usageId: `${name} usage` } as KeyState;
}

const countOf = (entries: UsageEntry[]) =>
  entries.flatMap((entry) => entry.counts).reduce((sum, { count }) => sum + count, 0);

describe("E31 uses that wait to be written", () => {
  test("of a thousand keys at one moment are given out evenly, and all before the time is over", () => {
    const uses = new GatheredUses();
    for (let index = 0; index < 1_000; index += 1) useOf(uses, `key ${index}`);
    const sizes = Array.from({ length: TURNS }, () => uses.takeDue().length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_000);
    expect(Math.max(...sizes)).toBe(1_000 / TURNS);
    expect(uses.isEmpty).toBe(true);
  });

  test("go out in the same time when turns are missed", () => {
    const uses = new GatheredUses();
    for (let index = 0; index < 1_000; index += 1) useOf(uses, `key ${index}`);
    const sizes = Array.from({ length: TURNS / 5 }, () => uses.takeDue(5).length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(1_000);
    expect(Math.max(...sizes)).toBe(5_000 / TURNS);
    expect(uses.isEmpty).toBe(true);
  });

  test("of one key that is used all the time are one entry each time that its time is over", () => {
    const uses = new GatheredUses();
    const given = Array.from({ length: 10 * TURNS }, () => {
      useOf(uses, "busy");
      return uses.takeDue();
    }).filter((entries) => entries.length > 0);
    expect(given.length).toBeLessThanOrEqual(11);
    expect(countOf([...given.flat(), ...uses.takeAll()])).toBe(10 * TURNS);
  });

  test("whenever they come, are counted once and wait no longer than they may", () => {
    const { random } = seededRandom(4);
    const uses = new GatheredUses();
    const since = new Map<string, number>();
    let noted = 0;
    let counted = 0;
    let longest = 0;
    for (let turn = 0; turn < 2_000; turn += 1) {
      const busy = Math.sin(turn / 90) > 0 ? 40 : 2;
      for (let use = Math.floor(random() * busy); use > 0; use -= 1) {
        const name = `key ${Math.floor(random() * 500)}`;
        useOf(uses, name);
        noted += 1;
        if (!since.has(name)) since.set(name, turn);
      }
      for (const entry of uses.takeDue()) {
        longest = Math.max(longest, turn - (since.get(entry.keyId) ?? turn));
        since.delete(entry.keyId);
        counted += countOf([entry]);
      }
    }
    expect(counted + countOf(uses.takeAll())).toBe(noted);
    expect(longest).toBe(TURNS - 1);
  });

  test("that are a key's first go out with the next turn", () => {
    const uses = new GatheredUses();
    const by = { ip: null, agent: null };
    for (const name of ["new", "newer"]) uses.add(keyOf(name), { operation: "whoami", outcome: "OK", at: AT, by });
    expect(uses.takeDue().map(({ keyId, lastUse }) => ({ keyId, lastUse }))).toEqual([
      { keyId: "new", lastUse: { at: AT } },
      { keyId: "newer", lastUse: { at: AT } },
    ]);
    uses.add(keyOf("new"), { operation: "whoami", outcome: "OK", at: AT + 1, by });
    expect(uses.takeDue()).toEqual([]);
  });
});
