import type { Value } from "convex/values";

/** A small seeded generator (mulberry32): a failing case can be run again from its seed. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function pick<T>(random: () => number, items: readonly [T, ...T[]]): T {
  return items[Math.floor(random() * items.length)] ?? items[0];
}

const STRINGS = [
  "",
  "a",
  "aa",
  "ab",
  "a\0",
  "a\0b",
  "\0",
  "\0\0",
  "ÿ",
  "é",
  "\u{7f}",
  "\u0800",
  "\uffff",
  "😀",
  "\u{10ffff}",
  "\ud800",
  "\udfff",
  "zz",
] as const;
const NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.5,
  1e300,
  -1e300,
  Infinity,
  -Infinity,
  NaN,
  5e-324,
  -5e-324,
  255,
  256,
  1735689600000.25,
] as const;
const INTEGERS = [0n, 1n, -1n, 255n, 256n, -256n, 2n ** 63n - 1n, -(2n ** 63n)] as const;

/** Any Convex value, biased towards the edges of the ordering. */
export function randomValue(random: () => number, depth = 2): Value {
  const kinds = depth > 0 ? 9 : 7;
  switch (Math.floor(random() * kinds)) {
    case 0:
      return null;
    case 1:
      return pick(random, INTEGERS);
    case 2:
      return random() < 0.7 ? pick(random, NUMBERS) : (random() - 0.5) * 10 ** Math.floor(random() * 20);
    case 3:
      return random() < 0.5;
    case 4:
    case 5:
      return random() < 0.5 ? pick(random, STRINGS) : pick(random, STRINGS) + pick(random, STRINGS);
    case 6:
      return Uint8Array.from({ length: Math.floor(random() * 4) }, () => pick(random, [0, 1, 127, 128, 255])).buffer;
    case 7:
      return Array.from({ length: Math.floor(random() * 4) }, () => randomValue(random, depth - 1));
    default:
      return Object.fromEntries(
        Array.from({ length: Math.floor(random() * 3) }, () => [
          pick(random, ["a", "b", "ab", "B", "a b"]),
          randomValue(random, depth - 1),
        ]),
      );
  }
}
