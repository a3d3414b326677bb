import { DAY_MS, HOUR_MS } from "./limits.ts";
import type { Quota, RateLimit } from "./limits.ts";

/**
 * The arithmetic of limits: token buckets and quotas. Pure, and in whole numbers only, so that a thousand calls take
 * exactly what one of a thousand takes. Times are epoch milliseconds.
 */

const WEEK_MS = 7 * DAY_MS;
const A_MONDAY = Date.UTC(1970, 0, 5);

/** Where a caller stands against a rate limit after a call; `ok` is whether the call was within it. */
export type Rate = {
  ok: boolean;
  limit: number;
  remaining: number;
  /** Until all of it is back. */
  resetMs: number;
  /** Until the same call would pass; 0 when it passed. */
  retryAfterMs: number;
};

/** Where a key stands against its quota after a call. `refillAt` is null when nothing ever comes back. */
export type QuotaState = { limit: number; remaining: number; refillAt: number | null };

/** What is left of a rate limit, in parts of which a call costs `windowMs`: a millisecond brings `limit` of them back. */
export type Bucket = { left: number; windowMs: number; at: number };

/** What is used of a quota since its last refill. `setAt` tells which schedule `refillAt` belongs to. */
export type QuotaCount = { used: number; setAt: number; refillAt: number | null };

/** A quota and when its refill was chosen, from which monthly ones count. */
export type AnchoredQuota = Quota & { setAt: number };

/**
 * The bucket at `now`: full when it is new, otherwise with what came back since. A changed limit holds from here on: a
 * lower one caps what is left, and what is left stays the same share of calls when the window changes.
 */
export function fillBucket(bucket: Bucket | null, { limit, windowMs }: RateLimit, now: number): Bucket {
  const full = limit * windowMs;
  if (bucket === null) return { left: full, windowMs, at: now };
  // Clocks of two processes differ; a step back gives nothing twice.
  const at = Math.max(now, bucket.at);
  const left = bucket.windowMs === windowMs ? bucket.left : Math.floor((bucket.left / bucket.windowMs) * windowMs);
  const back = Math.min(at - bucket.at, windowMs) * limit;
  return { left: Math.min(full, left + back), windowMs, at };
}

/** How a call of this cost fares with a filled bucket, and the bucket after it. A refused call takes nothing. */
export function takeFromBucket(
  bucket: Bucket,
  { limit, windowMs }: RateLimit,
  cost: number,
): { rate: Rate; bucket: Bucket } {
  const price = cost * windowMs;
  const ok = price <= bucket.left;
  const left = ok ? bucket.left - price : bucket.left;
  const rate = {
    ok,
    limit,
    remaining: Math.floor(left / windowMs),
    resetMs: Math.ceil((limit * windowMs - left) / limit),
    retryAfterMs: ok ? 0 : Math.ceil((price - left) / limit),
  };
  return { rate, bucket: { ...bucket, left } };
}

/**
 * The count at `now`: nothing used when it is new or has been refilled. Under a changed quota what was used stays used,
 * except for what the old schedule had given back before the new one began. A use that asked before the change and comes
 * after it finds the count of the new schedule and leaves it alone.
 */
export function refillQuota(count: QuotaCount | null, quota: AnchoredQuota, now: number): QuotaCount {
  if (count !== null && count.setAt > quota.setAt) return count;
  const current = count?.setAt === quota.setAt ? count : underNewSchedule(count, quota);
  if (current.refillAt === null || now < current.refillAt) return current;
  return { used: 0, setAt: quota.setAt, refillAt: nextRefill(quota, now) };
}

/** How a call of this cost fares with a refilled count, and the count after it. A refused call takes nothing. */
export function takeFromQuota(
  count: QuotaCount,
  { limit }: Quota,
  cost: number,
): { ok: boolean; quota: QuotaState; count: QuotaCount } {
  const left = Math.max(0, limit - count.used);
  const ok = cost <= left;
  const quota = { limit, remaining: ok ? left - cost : left, refillAt: count.refillAt };
  return { ok, quota, count: ok ? { ...count, used: count.used + cost } : count };
}

/**
 * When a quota comes back next, after `after`, in UTC: at the next full hour, midnight or Monday's beginning, or at
 * midnight on the day of the month on which it was set. A month without that day has it on its last one. Null for never.
 */
export function nextRefill({ refill, setAt }: AnchoredQuota, after: number): number | null {
  if (refill === "never") return null;
  if (refill === "hourly") return (Math.floor(after / HOUR_MS) + 1) * HOUR_MS;
  if (refill === "daily") return (Math.floor(after / DAY_MS) + 1) * DAY_MS;
  if (refill === "weekly") return (Math.floor((after - A_MONDAY) / WEEK_MS) + 1) * WEEK_MS + A_MONDAY;
  const day = new Date(setAt).getUTCDate();
  const date = new Date(after);
  const inThisMonth = onDayOf(date.getUTCFullYear(), date.getUTCMonth(), day);
  return inThisMonth > after ? inThisMonth : onDayOf(date.getUTCFullYear(), date.getUTCMonth() + 1, day);
}

function underNewSchedule(count: QuotaCount | null, quota: AnchoredQuota): QuotaCount {
  const wasRefilled = count === null || (count.refillAt !== null && count.refillAt <= quota.setAt);
  return { used: wasRefilled ? 0 : count.used, setAt: quota.setAt, refillAt: nextRefill(quota, quota.setAt) };
}

function onDayOf(year: number, month: number, day: number): number {
  // The day before the first of the next month is the last of this one.
  const last = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(day, last));
}
