import { DEFAULT_LIFETIME_MS, LIFETIME_PRESETS_DAYS, MAX_LIFETIME_MS } from "#convex/shared/limits.ts";

export const DAY_MS = 24 * 60 * 60 * 1000;

/** What the form holds: so many days from now, or the end of a day ("2027-01-31") in this machine's time zone. */
export type Expiry = { kind: "days"; days: number } | { kind: "date"; date: string };

export const presetDays: readonly number[] = LIFETIME_PRESETS_DAYS;
export const defaultExpiry: Expiry = { kind: "days", days: DEFAULT_LIFETIME_MS / DAY_MS };

/** The moment in epoch ms, or null when the date is missing, past, or beyond the longest lifetime. */
export function toExpiresAt(expiry: Expiry, now: number): number | null {
  if (expiry.kind === "days") return now + expiry.days * DAY_MS;
  const [year, month, day] = expiry.date.split("-").map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  const end = new Date(year, month - 1, day, 23, 59, 59, 999).getTime();
  if (!Number.isFinite(end) || end <= now || expiry.date > lastDate(now)) return null;
  // The last day that the picker offers ends after the limit does; the limit wins.
  return Math.min(end, now + MAX_LIFETIME_MS);
}

/** The first day that can be chosen: today, since a key may live until tonight. */
export function firstDate(now: number): string {
  return toDate(now);
}

/** The last day that can be chosen. */
export function lastDate(now: number): string {
  return toDate(now + MAX_LIFETIME_MS);
}

/** The local calendar day of a moment, as a date input writes it. */
function toDate(at: number): string {
  const date = new Date(at);
  const month = String(date.getMonth() + 1).padStart(2, "0");
  return `${date.getFullYear()}-${month}-${String(date.getDate()).padStart(2, "0")}`;
}
