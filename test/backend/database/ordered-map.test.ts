import { expect, test } from "vitest";
import { OrderedMap } from "#backend/database/ordered-map.ts";
import { seededRandom } from "../values/random-value.ts";

test("it agrees with a sorted array over 20,000 random operations", () => {
  const random = seededRandom(42);
  const map = new OrderedMap<number>();
  const model = new Map<string, number>();
  const randomKey = () => Math.floor(random() * 3000).toString(36);
  for (let step = 0; step < 20_000; step += 1) {
    const key = randomKey();
    if (random() < 0.6) {
      map.set(key, step);
      model.set(key, step);
    } else {
      const isEqual = map.delete(key) === model.delete(key);
      if (!isEqual) expect.fail(`delete of ${key} disagrees in step ${step}`);
    }
    if (step % 200 !== 0) continue;
    expect(map.size).toBe(model.size);
    const [lower, upper] = [randomKey(), randomKey()].toSorted();
    if (lower === undefined || upper === undefined) continue;
    const expected = [...model].filter(([k]) => k >= lower && k < upper).toSorted(([a], [b]) => (a < b ? -1 : 1));
    expect([...map.between(lower, upper)]).toEqual(expected);
    expect(map.firstKey(lower, upper)).toBe(expected[0]?.[0]);
    expect(map.lastKey(lower, upper)).toBe(expected.at(-1)?.[0]);
    expect(map.get(key)).toBe(model.get(key));
  }
});
