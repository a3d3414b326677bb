import { compareValues, type Value } from "convex/values";
import { expect, test } from "vitest";
import { createId } from "#backend/values/document-id.ts";
import { fromConvexValue, type JsonValue } from "#backend/values/json.ts";
import { afterPrefix, encodeKey, fieldAt, idOfKey } from "#backend/values/ordered-key.ts";
import { randomValue, seededRandom } from "./random-value.ts";

function toJson(value: Value | undefined): JsonValue | undefined {
  return value === undefined ? undefined : fromConvexValue(value);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

test("keys order like Convex orders the values, for 40,000 random pairs", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 40_000; round += 1) {
    const a = random() < 0.05 ? undefined : randomValue(random);
    const b = random() < 0.1 ? a : randomValue(random);
    const keyOrder = compareText(encodeKey([toJson(a)]), encodeKey([toJson(b)]));
    expect(keyOrder, JSON.stringify([toJson(a), toJson(b)])).toBe(Math.sign(compareValues(a, b)));
  }
});

test("tuples order by their first difference, whatever follows", () => {
  const random = seededRandom(11);
  for (let round = 0; round < 10_000; round += 1) {
    const a = [randomValue(random, 1), randomValue(random, 1)];
    const b = [random() < 0.5 ? (a[0] ?? null) : randomValue(random, 1), randomValue(random, 1)];
    const expected = Math.sign(compareValues(a[0], b[0])) || Math.sign(compareValues(a[1], b[1]));
    expect(compareText(encodeKey(a.map(toJson)), encodeKey(b.map(toJson)))).toBe(expected);
  }
});

test("byte order in a buffer is the order of the strings", () => {
  const random = seededRandom(3);
  const keys = Array.from({ length: 500 }, () => encodeKey([toJson(randomValue(random))]));
  for (const key of keys) expect(Buffer.from(key, "latin1").toString("latin1")).toBe(key);
  const byText = keys.toSorted(compareText);
  const byBytes = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a, "latin1"), Buffer.from(b, "latin1")));
  expect(byBytes).toEqual(byText);
});

test("a prefix range holds exactly the keys that start with those values", () => {
  const random = seededRandom(5);
  for (let round = 0; round < 20_000; round += 1) {
    const prefixValue = randomValue(random, 1);
    const other = random() < 0.3 ? prefixValue : randomValue(random, 1);
    const prefix = encodeKey([toJson(prefixValue)]);
    const key = encodeKey([toJson(other), toJson(randomValue(random, 1))]);
    const isInside = key >= prefix && key < afterPrefix(prefix);
    expect(isInside).toBe(compareValues(prefixValue, other) === 0);
    expect(key >= afterPrefix(prefix)).toBe(compareValues(other, prefixValue) > 0);
  }
});

test("the id is read back from the end of a key", () => {
  const id = createId(1000);
  expect(idOfKey(encodeKey(["x\u0007y", { $bytes: "BwcH" }, 7, id]))).toBe(id);
});

test("field paths reach into objects and nowhere else", () => {
  expect(fieldAt({ a: { b: 1 } }, "a.b")).toBe(1);
  expect(fieldAt({ a: [1] }, "a.0")).toBeUndefined();
  expect(fieldAt({ a: "text" }, "a.length")).toBeUndefined();
  expect(fieldAt({}, "a")).toBeUndefined();
});

test("a malformed wrapper is an error, not a key", () => {
  expect(() => encodeKey([{ $integer: "AA==" }])).toThrow("Malformed $integer");
  expect(() => encodeKey([{ $float: 1 }])).toThrow("Malformed $float");
});
