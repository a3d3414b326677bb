import { expect, test } from "vitest";
import { ReadSet, type KeyRange } from "#backend/database/read-set.ts";
import { ReadIndex } from "#backend/subscriptions/read-index.ts";
import { encodeKey } from "#backend/values/ordered-key.ts";
import { seededRandom } from "../values/random-value.ts";

interface Reader {
  readonly reads: ReadSet;
  readonly points: readonly string[];
  readonly ranges: readonly { readonly index: number; readonly range: KeyRange }[];
}

const random = seededRandom(99);
const randomKey = () => encodeKey([Math.floor(random() * 400)]);

function randomReader(): Reader {
  const points = Array.from({ length: Math.floor(random() * 3) }, () => `id${Math.floor(random() * 300)}`);
  const ranges = Array.from({ length: Math.floor(random() * 4) }, () => {
    const [lower, upper] = [randomKey(), randomKey()].toSorted();
    // Many readers of one list have the very same range, and some ranges are empty.
    const range =
      random() < 0.2 ? { lower: encodeKey([5]), upper: encodeKey([9]) } : { lower: lower ?? "", upper: upper ?? "" };
    return { index: Math.floor(random() * 3), range };
  });
  const reads = new ReadSet();
  for (const point of points) reads.addPoint(point);
  for (const { index, range } of ranges) reads.addRange(index, { ...range });
  return { reads, points, ranges };
}

function isAffected(reader: Reader, points: readonly string[], keys: ReadonlyMap<number, readonly string[]>): boolean {
  if (reader.points.some((point) => points.includes(point))) return true;
  return reader.ranges.some(({ index, range }) => {
    return keys.get(index)?.some((key) => range.lower <= key && key < range.upper) ?? false;
  });
}

test("the index finds exactly what a look at every one of thousands of random ranges finds", () => {
  const index = new ReadIndex<Reader>();
  const readers = new Set<Reader>();
  let found = 0;
  for (let step = 0; step < 6000; step += 1) {
    if (random() < 0.65) {
      const reader = randomReader();
      readers.add(reader);
      index.add(reader, reader.reads);
    } else {
      const reader = [...readers][Math.floor(random() * readers.size)];
      if (!reader) continue;
      readers.delete(reader);
      index.remove(reader, reader.reads);
    }
    if (step % 60 !== 0) continue;
    const points = [`id${Math.floor(random() * 300)}`];
    const keys = new Map([0, 1].map((id) => [id, [randomKey(), randomKey()]]));
    const expected = new Set([...readers].filter((reader) => isAffected(reader, points, keys)));
    expect(index.affected({ points, keys })).toEqual(expected);
    for (const reader of readers) {
      const isAlike = reader.reads.overlaps({ points, keys }) === expected.has(reader);
      if (!isAlike) expect.fail(`ReadSet.overlaps disagrees in step ${step}`);
    }
    found += expected.size;
  }
  expect(readers.size).toBeGreaterThan(1500);
  expect(found).toBeGreaterThan(2000);
  for (const reader of readers) index.remove(reader, reader.reads);
  expect(index.isEmpty).toBe(true);
});

test("bounds are half-open: the lower one is inside, the upper one is not", () => {
  const index = new ReadIndex<string>();
  const reads = new ReadSet();
  reads.addRange(1, { lower: "b", upper: "d" });
  index.add("reader", reads);
  const affected = (key: string) => index.affected({ points: [], keys: new Map([[1, [key]]]) }).has("reader");
  expect(["a", "a\u00ff", "b", "c\u00ff", "d", "e"].map(affected)).toEqual([false, false, true, true, false, false]);
});

test("a read set merges ranges that touch or overlap", () => {
  const reads = new ReadSet();
  for (const [lower, upper] of [
    ["e", "g"],
    ["a", "c"],
    ["c", "d"],
    ["f", "h"],
    ["x", "x"],
  ] as const) {
    reads.addRange(1, { lower, upper });
  }
  expect(reads.ranges().get(1)).toEqual([
    { lower: "a", upper: "d" },
    { lower: "e", upper: "h" },
  ]);
  reads.addRange(1, { lower: "d", upper: "e" });
  expect(reads.ranges().get(1)).toEqual([{ lower: "a", upper: "h" }]);
  expect(reads.rangeCount).toBe(1);
});

test("with 5,000 cached reads a commit costs microseconds, not a walk over all of them", () => {
  const index = new ReadIndex<number>();
  for (let reader = 0; reader < 5000; reader += 1) {
    const reads = new ReadSet();
    reads.addPoint(`id${reader}`);
    for (const table of [1, 2]) {
      reads.addRange(table, { lower: encodeKey([`org${reader}`]), upper: `${encodeKey([`org${reader}`])}\u00ff` });
    }
    index.add(reader, reads);
  }
  const commits = 5000;
  let found = 0;
  const before = process.cpuUsage();
  for (let n = 0; n < commits; n += 1) {
    const key = encodeKey([`org${n}`, n]);
    const touched = { points: [`id${n}`, "other"], keys: new Map([1, 2, 3, 4, 5].map((table) => [table, [key]])) };
    found += index.affected(touched).size;
  }
  expect(found).toBe(commits);
  const { user, system } = process.cpuUsage(before);
  console.log(`invalidation among 5,000 cached reads: ${((user + system) / commits).toFixed(1)} µs of CPU per commit`);
  // A linear walk takes well over a hundred.
  expect((user + system) / commits).toBeLessThan(100);
});
