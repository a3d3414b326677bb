import { describe, expect, test } from "vitest";
import {
  fillBucket,
  nextRefill,
  refillQuota,
  takeFromBucket,
  takeFromQuota,
} from "../../../convex/shared/allowance.ts";
import type { AnchoredQuota, Bucket, QuotaCount } from "../../../convex/shared/allowance.ts";
import type { RateLimit } from "../../../convex/shared/limits.ts";

const START = Date.UTC(2026, 0, 31, 15);
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Takes `cost` at `at` and keeps what is left. */
function bucketOf(limit: RateLimit) {
  let bucket: Bucket | null = null;
  let rule = limit;
  return {
    change: (changed: RateLimit) => void (rule = changed),
    take(at: number, cost = 1) {
      const taken = takeFromBucket(fillBucket(bucket, rule, at), rule, cost);
      bucket = taken.bucket;
      return taken.rate;
    },
  };
}

function utc(month: number, day: number, hour = 0): number {
  return Date.UTC(2026, month - 1, day, hour);
}

function monthly(setAt: number): AnchoredQuota {
  return { limit: 10, refill: "monthly", setAt };
}

/** Takes `cost` at `now` and keeps the count. */
function countOf() {
  let count: QuotaCount | null = null;
  return (quota: AnchoredQuota, now: number, cost = 1) => {
    const taken = takeFromQuota(refillQuota(count, quota, now), quota, cost);
    count = taken.count;
    return { ok: taken.ok, ...taken.quota };
  };
}

describe("a rate limit", () => {
  test("T1 100 per minute is 100 per minute: the 101st waits 600 ms, and after a minute there are 100 again", () => {
    const bucket = bucketOf({ limit: 100, windowMs: MINUTE });
    for (let call = 1; call <= 100; call += 1) {
      expect(bucket.take(START)).toMatchObject({ ok: true, remaining: 100 - call, retryAfterMs: 0 });
    }
    expect(bucket.take(START)).toEqual({
      ok: false,
      limit: 100,
      remaining: 0,
      resetMs: MINUTE,
      retryAfterMs: 600,
    });
    expect(bucket.take(START + 599)).toMatchObject({ ok: false, retryAfterMs: 1 });
    expect(bucket.take(START + 600)).toMatchObject({ ok: true, remaining: 0 });
    expect(bucket.take(START + 600)).toMatchObject({ ok: false });
    const later = Array.from({ length: 101 }, () => bucket.take(START + 600 + MINUTE).ok);
    expect(later.filter(Boolean)).toHaveLength(100);
  });

  test("the wait that it names is exact for any cost, and one millisecond less is not enough", () => {
    const bucket = bucketOf({ limit: 7, windowMs: 10_000 });
    bucket.take(START, 7);
    const { retryAfterMs } = bucket.take(START, 3);
    expect(retryAfterMs).toBe(Math.ceil((3 * 10_000) / 7));
    expect(bucket.take(START + retryAfterMs - 1, 3).ok).toBe(false);
    expect(bucket.take(START + retryAfterMs, 3)).toMatchObject({ ok: true, remaining: 0 });
  });

  test("a lowered limit caps what is left, a raised one fills faster, and a clock that steps back gives nothing", () => {
    const bucket = bucketOf({ limit: 100, windowMs: MINUTE });
    expect(bucket.take(START, 20).remaining).toBe(80);
    bucket.change({ limit: 10, windowMs: MINUTE });
    expect(bucket.take(START).remaining).toBe(9);
    bucket.change({ limit: 100, windowMs: MINUTE });
    expect(bucket.take(START).remaining).toBe(8);
    expect(bucket.take(START - DAY).remaining).toBe(7);
    expect(bucket.take(START + MINUTE / 10).remaining).toBe(16);
    bucket.change({ limit: 100, windowMs: 1_000 });
    expect(bucket.take(START + MINUTE / 10).remaining).toBe(15);
  });

  test("the largest limit counts in whole numbers still", () => {
    const bucket = bucketOf({ limit: 1_000_000, windowMs: DAY });
    expect(bucket.take(START, 999_999).remaining).toBe(1);
    expect(bucket.take(START).remaining).toBe(0);
    expect(bucket.take(START).retryAfterMs).toBe(Math.ceil(DAY / 1_000_000));
    expect(bucket.take(START + 100 * 365 * DAY).remaining).toBe(999_999);
  });
});

describe("a quota", () => {
  test("set on the 31st comes back on the last day of shorter months, and on the 31st again", () => {
    const quota = monthly(START);
    const days: string[] = [];
    for (let next = nextRefill(quota, START), index = 0; next !== null && index < 12; index += 1) {
      days.push(new Date(next).toISOString().slice(0, 16));
      next = nextRefill(quota, next);
    }
    expect(days.map((day) => day.slice(5, 10))).toEqual([
      "02-28",
      "03-31",
      "04-30",
      "05-31",
      "06-30",
      "07-31",
      "08-31",
      "09-30",
      "10-31",
      "11-30",
      "12-31",
      "01-31",
    ]);
    expect(days.every((day) => day.endsWith("T00:00"))).toBe(true);
    expect(nextRefill(quota, Date.UTC(2028, 1, 10))).toBe(Date.UTC(2028, 1, 29));
  });

  test.each([
    ["on the day it was set, later that day", utc(3, 15, 10), utc(3, 15, 11), utc(4, 15)],
    ["the moment before the refill", utc(3, 15, 10), utc(4, 15) - 1, utc(4, 15)],
    ["at the very moment of the refill", utc(3, 15, 10), utc(4, 15), utc(5, 15)],
    ["at the end of the year", utc(3, 15), utc(12, 20), Date.UTC(2027, 0, 15)],
  ])("a monthly one, %s", (_when, setAt, after, expected) => {
    expect(nextRefill(monthly(setAt), after)).toBe(expected);
  });

  test.each([
    ["hourly", utc(3, 15, 10), utc(3, 15, 11)],
    ["hourly", utc(3, 15, 10) - 1, utc(3, 15, 10)],
    ["hourly", Date.UTC(2026, 11, 31, 23, 30), Date.UTC(2027, 0, 1)],
    // 2026-03-16 is a Monday.
    ["weekly", utc(3, 15, 10), utc(3, 16)],
    ["weekly", utc(3, 16) - 1, utc(3, 16)],
    ["weekly", utc(3, 16), utc(3, 23)],
    ["weekly", utc(3, 18, 5), utc(3, 23)],
    ["weekly", Date.UTC(2026, 11, 30), Date.UTC(2027, 0, 4)],
  ] as const)("T1 an %s one from %i on comes back at %i", (refill, after, expected) => {
    expect(nextRefill({ limit: 1, refill, setAt: START }, after)).toBe(expected);
    expect(new Date(expected).getUTCDay() === 1 || refill === "hourly").toBe(true);
  });

  test("a daily one comes back at midnight UTC, and one that never does never", () => {
    const daily: AnchoredQuota = { limit: 1, refill: "daily", setAt: START };
    expect(nextRefill(daily, START)).toBe(utc(2, 1));
    expect(nextRefill(daily, utc(2, 1))).toBe(utc(2, 2));
    expect(nextRefill({ ...daily, refill: "never" }, START)).toBeNull();
  });

  test("is taken from until it is used up, and is whole again at the refill, however long ago that was", () => {
    const take = countOf();
    const quota = monthly(utc(1, 31));
    expect(take(quota, utc(2, 1), 7)).toEqual({ ok: true, limit: 10, remaining: 3, refillAt: utc(2, 28) });
    expect(take(quota, utc(2, 1), 4)).toEqual({ ok: false, limit: 10, remaining: 3, refillAt: utc(2, 28) });
    expect(take(quota, utc(2, 28) - 1, 3)).toMatchObject({ ok: true, remaining: 0 });
    expect(take(quota, utc(2, 28) - 1)).toMatchObject({ ok: false });
    expect(take(quota, utc(2, 28))).toEqual({ ok: true, limit: 10, remaining: 9, refillAt: utc(3, 31) });
    expect(take(quota, utc(11, 2))).toEqual({ ok: true, limit: 10, remaining: 9, refillAt: utc(11, 30) });
  });

  test("that is changed keeps what was used: raised, lowered below it, and with another refill", () => {
    const take = countOf();
    const quota: AnchoredQuota = { limit: 10, refill: "never", setAt: START };
    expect(take(quota, START, 6)).toMatchObject({ remaining: 4 });
    expect(take({ ...quota, limit: 100 }, START)).toMatchObject({ ok: true, remaining: 93 });
    expect(take({ ...quota, limit: 5 }, START)).toMatchObject({ ok: false, remaining: 0 });
    expect(take({ ...quota, limit: 10 }, START)).toMatchObject({ ok: true, remaining: 2 });
    const daily: AnchoredQuota = { limit: 10, refill: "daily", setAt: START + MINUTE };
    expect(take(daily, START + 2 * MINUTE)).toMatchObject({ ok: true, remaining: 1, refillAt: utc(2, 1) });
    const never: AnchoredQuota = { ...daily, refill: "never", setAt: START + 3 * MINUTE };
    expect(take(never, utc(2, 5))).toMatchObject({ ok: true, remaining: 0, refillAt: null });
  });

  test("what the old schedule had given back before a change stays given back", () => {
    const take = countOf();
    const daily: AnchoredQuota = { limit: 10, refill: "daily", setAt: START };
    expect(take(daily, START, 10)).toMatchObject({ remaining: 0 });
    expect(take({ ...daily, refill: "never", setAt: utc(2, 3) }, utc(2, 4))).toMatchObject({ ok: true, remaining: 9 });
  });

  test("a use that asked before a change and comes after it gives nothing back", () => {
    const take = countOf();
    const hourly: AnchoredQuota = { limit: 10, refill: "hourly", setAt: START };
    const never: AnchoredQuota = { limit: 11, refill: "never", setAt: START + MINUTE };
    expect(take(hourly, START, 10)).toMatchObject({ ok: true, remaining: 0 });
    expect(take(never, START + 2 * MINUTE)).toMatchObject({ ok: true, remaining: 0 });
    expect(take(hourly, START + DAY)).toMatchObject({ ok: false, remaining: 0 });
    expect(take(never, START + DAY)).toMatchObject({ ok: false, remaining: 0 });
  });

  test("a cost of nothing always passes and takes nothing", () => {
    const take = countOf();
    const quota = monthly(START);
    take(quota, START, 10);
    expect(take(quota, START, 0)).toMatchObject({ ok: true, remaining: 0 });
  });
});
