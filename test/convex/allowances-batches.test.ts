import { expect, test } from "vitest";
import { GroupCommit } from "../../convex/model/groupCommit.ts";
import type { Writer } from "../../convex/model/groupCommit.ts";

/** Nothing here writes to a database. */
const nobody: Writer = {
  runMutation: async () => {
    throw new Error("there is no database here");
  },
};

/** Batches as they are written, each held until it is let go. */
function heldWrites(atOnce?: number) {
  const held: { items: number[]; done: (results: string[]) => void; fail: (error: Error) => void }[] = [];
  const commits = new GroupCommit<number, string>(
    3,
    async (_writer, items) => {
      const { promise, resolve, reject } = Promise.withResolvers<string[]>();
      held.push({ items, done: resolve, fail: reject });
      return await promise;
    },
    atOnce,
  );
  return { held, join: async (item: number) => await commits.join(nobody, item) };
}

const turn = async () => await new Promise((resolve) => setImmediate(resolve));

test("what comes while a batch is written goes together, first come first served, and each gets its own result", async () => {
  const { held, join } = heldWrites();
  const first = join(1);
  await turn();
  const others = [2, 3, 4, 5].map(join);
  await turn();
  expect(held.map(({ items }) => items)).toEqual([[1]]);
  held[0]?.done(["one"]);
  expect(await first).toBe("one");
  await turn();
  // Three at most: the fourth waits for the next.
  expect(held.map(({ items }) => items)).toEqual([[1], [2, 3, 4]]);
  held[1]?.done(["two", "three", "four"]);
  await turn();
  held[2]?.done(["five"]);
  expect(await Promise.all(others)).toEqual(["two", "three", "four", "five"]);
  expect(held[2]?.items).toEqual([5]);
});

test("as many batches are written at once as may be, and the next waits for the oldest", async () => {
  const { held, join } = heldWrites(2);
  const first = join(1);
  await turn();
  const second = join(2);
  await turn();
  const others = [3, 4].map(join);
  await turn();
  expect(held.map(({ items }) => items)).toEqual([[1], [2]]);
  held[1]?.done(["two"]);
  expect(await second).toBe("two");
  await turn();
  expect(held).toHaveLength(2);
  held[0]?.done(["one"]);
  expect(await first).toBe("one");
  await turn();
  held[2]?.done(["three", "four"]);
  expect(await Promise.all(others)).toEqual(["three", "four"]);
});

test("a batch that fails is told to all in it, and the next one is written", async () => {
  const { held, join } = heldWrites();
  const doomed = [1, 2].map(join);
  const told = Promise.allSettled(doomed);
  await turn();
  const next = join(3);
  held[0]?.fail(new Error("the disk is full"));
  expect((await told).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  await turn();
  held[1]?.done(["three"]);
  expect(await next).toBe("three");
});
