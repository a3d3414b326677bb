import { expect, test } from "vitest";
import { RecentMap } from "../../../convex/shared/recentMap.ts";

test("keeps the values that were used last, and at most twice as many as it must", () => {
  const map = new RecentMap<number>(100);
  for (let index = 0; index < 10_000; index += 1) {
    map.set(`n${index}`, index);
    expect(map.get("n0")).toBe(0);
  }
  const kept = Array.from({ length: 10_000 }, (_, index) => map.get(`n${index}`)).filter(
    (value) => value !== undefined,
  );
  expect(kept.length).toBeLessThanOrEqual(200);
  for (let index = 9_950; index < 10_000; index += 1) expect(map.get(`n${index}`)).toBe(index);
  expect(map.get("n5000")).toBeUndefined();
});
