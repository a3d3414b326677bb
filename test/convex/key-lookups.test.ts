import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { lookUpTogether } from "../../convex/model/verification/keyLookups.ts";

/** Looks up by name what is never there, and counts; `takes` is what a lookup waits for. */
function counting(takes: () => Promise<unknown>) {
  const counts = { begun: 0 };
  const lookUp = (text: string) =>
    lookUpTogether(text, async () => {
      counts.begun += 1;
      await takes();
      return null;
    });
  return { counts, lookUp };
}

/** A call that gets to its lookup a few steps after it came, as every call does. */
async function call(lookUp: (text: string) => Promise<null | object>, text: string): Promise<unknown> {
  await Promise.resolve();
  await Promise.resolve();
  return await lookUp(text);
}

test("calls that come together look a key up once, other keys apart", async () => {
  const { counts, lookUp } = counting(async () => null);
  await Promise.all(Array.from({ length: 32 }, () => call(lookUp, "one")));
  expect(counts.begun).toBe(1);
  await Promise.all(["two", "three", "two"].map((text) => call(lookUp, text)));
  expect(counts.begun).toBe(3);
});

test("a call that comes later looks anew, also while an earlier lookup is under way", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { counts, lookUp } = counting(() => promise);
  const first = call(lookUp, "one");
  await setTimeout();
  const second = call(lookUp, "one");
  await new Promise((later) => setImmediate(later));
  const third = call(lookUp, "one");
  await setTimeout();
  expect(counts.begun).toBe(3);
  resolve();
  expect(await Promise.all([first, second, third])).toEqual([null, null, null]);
});

test("a call that comes right after the lookup's end looks anew", async () => {
  const { counts, lookUp } = counting(async () => null);
  await call(lookUp, "one");
  await call(lookUp, "one");
  expect(counts.begun).toBe(2);
});

test("a lookup that fails fails for those that came together only", async () => {
  let isBroken = true;
  const lookUp = (text: string) =>
    lookUpTogether(text, async () => {
      await Promise.resolve();
      if (isBroken) throw new Error("broken");
      return null;
    });
  const both = await Promise.allSettled([call(lookUp, "one"), call(lookUp, "one")]);
  expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  isBroken = false;
  expect(await call(lookUp, "one")).toBeNull();
});
