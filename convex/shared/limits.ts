/** Bounds on what a key may be. Durations in milliseconds. The forms show these and the server enforces them. */

export const HOUR_MS = 60 * 60 * 1000;
export const DAY_MS = 24 * HOUR_MS;

export const NAME_MAX_LENGTH = 100;
export const DESCRIPTION_MAX_LENGTH = 500;
export const REASON_MAX_LENGTH = 500;
export const TAG_MAX_LENGTH = 40;
export const TAGS_MAX = 16;
export const PERMISSIONS_MAX = 64;
export const LIVE_KEYS_PER_OWNER = 100;

export const DEFAULT_LIFETIME_MS = 30 * DAY_MS;
export const MAX_LIFETIME_MS = 365 * DAY_MS;
export const LIFETIME_PRESETS_DAYS = [7, 30, 90, 180, 365] as const;
// A form that offers "365 days" computes the moment before the server does; both count as the same year.
export const LIFETIME_SLACK_MS = 5 * 60 * 1000;

export const MAX_ROTATION_GRACE_MS = 30 * DAY_MS;
export const ROTATION_GRACE_PRESETS_MS = [0, 60 * 60 * 1000, DAY_MS, 7 * DAY_MS] as const;
/** Secrets of one key that may be alive at once: the current one and those in their grace period. */
export const SECRETS_MAX = 5;

export const RATE_LIMIT_MAX = 1_000_000;
export const RATE_WINDOW_MIN_MS = 1_000;
export const RATE_WINDOW_MAX_MS = 24 * HOUR_MS;

export const QUOTA_MAX = 1_000_000_000;
export const IDLE_EXPIRY_MIN_MS = 60 * 60 * 1000;
export const IDLE_EXPIRY_MAX_MS = 3_650 * DAY_MS;
export const METADATA_MAX_BYTES = 4_096;
/** Roles of one service key, and single resources on which it holds permissions. */
export const ROLES_MAX = 16;
export const RESOURCE_PERMISSIONS_MAX = 64;

/** A key's last use is written at most this often; the first use is written at once. */
export const LAST_USED_INTERVAL_MS = 5_000;

/** A value that passed, or why it did not, in words for the person who typed it. */
export type Checked<Value> = { ok: true; value: Value } | { ok: false; problem: string };

/** Trimmed, NFC, 1 to 100 characters, nothing invisible. `nameKey` is its form for comparing: two names that look alike clash. */
export function checkName(raw: string): Checked<{ name: string; nameKey: string }> {
  const name = raw.normalize("NFC").trim();
  if (name.length === 0) return problem("Give the key a name.");
  if (length(name) > NAME_MAX_LENGTH) return problem(`Use at most ${NAME_MAX_LENGTH} characters.`);
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(name)) return problem("Leave out control and invisible characters.");
  return { ok: true, value: { name, nameKey: foldName(name) } };
}

/** The form of a name, or of a search text, in which case and compatibility variants are the same. */
export function foldName(name: string): string {
  return name.normalize("NFKC").toLowerCase().replaceAll(/\s+/gu, " ").trim();
}

/** Free text such as a description or a reason: NFC and trimmed; line breaks and tabs are its only control characters. */
export function checkText(raw: string, maxLength: number): Checked<string> {
  const text = raw.normalize("NFC").trim();
  if (length(text) > maxLength) return problem(`Use at most ${maxLength} characters.`);
  if (/[^\P{Cc}\n\r\t]/u.test(text)) return problem("Leave out control characters.");
  return { ok: true, value: text };
}

/** Labels for grouping: trimmed, without repeats, in the order given. */
export function checkTags(raw: readonly string[]): Checked<string[]> {
  const tags = [...new Set(raw.map((tag) => tag.normalize("NFC").trim()))];
  if (tags.length > TAGS_MAX) return problem(`Use at most ${TAGS_MAX} tags.`);
  if (!tags.every((tag) => isTag(tag, TAG_MAX_LENGTH))) {
    return problem(`A tag has 1 to ${TAG_MAX_LENGTH} visible characters.`);
  }
  return { ok: true, value: tags };
}

/** What every tag matches: no control or invisible characters. As JSON Schema takes it, too. */
export const TAG_PATTERN = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;

/** Whether text is a tag as it stands, of at most so many characters. */
export function isTag(text: string, maxLength: number): boolean {
  return length(text) <= maxLength && TAG_PATTERN.test(text);
}

/**
 * The moment a key dies. `wanted` is epoch milliseconds, undefined for the policy's default lifetime, or null for
 * never, where the policy allows it. `maxLifetimeMs` is the policy's maximum for this owner, null for none.
 */
export function checkExpiry(
  wanted: number | null | undefined,
  now: number,
  policy: { defaultLifetimeMs: number; maxLifetimeMs: number | null; neverExpiring: boolean },
): Checked<number | null> {
  const { defaultLifetimeMs, maxLifetimeMs, neverExpiring } = policy;
  const longest = maxLifetimeMs ?? Infinity;
  if (wanted === undefined) return { ok: true, value: now + Math.min(defaultLifetimeMs, longest) };
  if (wanted === null) {
    if (neverExpiring) return { ok: true, value: null };
    return problem(`A key has to expire: this organization allows ${inDays(maxLifetimeMs)}.`);
  }
  if (!Number.isSafeInteger(wanted)) return problem("Give the expiry as whole milliseconds since 1970.");
  if (wanted <= now) return problem("The expiry lies in the past.");
  if (wanted > now + longest + LIFETIME_SLACK_MS) return problem(`A key may live ${inDays(maxLifetimeMs)}.`);
  return { ok: true, value: Math.min(wanted, now + longest) };
}

/** "at most 365 days", for people. */
function inDays(durationMs: number | null): string {
  if (durationMs === null) return "as long as you choose";
  const days = durationMs / DAY_MS;
  if (days >= 1) return `at most ${Math.floor(days)} ${Math.floor(days) === 1 ? "day" : "days"}`;
  return `at most ${Math.max(1, Math.floor(durationMs / 60_000))} minutes`;
}

/** How long the old secret still works after a rotation, 0 for not at all. */
export function checkGrace(graceMs: number): Checked<number> {
  if (!Number.isSafeInteger(graceMs) || graceMs < 0) return problem("Give the grace period as whole milliseconds.");
  if (graceMs > MAX_ROTATION_GRACE_MS) return problem("A grace period lasts at most 30 days.");
  return { ok: true, value: graceMs };
}

/** Requests per window. */
export function checkRateLimit(rate: {
  limit: number;
  windowMs: number;
}): Checked<{ limit: number; windowMs: number }> {
  if (!Number.isSafeInteger(rate.limit) || rate.limit < 1 || rate.limit > RATE_LIMIT_MAX) {
    return problem(`Allow 1 to ${RATE_LIMIT_MAX} requests.`);
  }
  if (
    !Number.isSafeInteger(rate.windowMs) ||
    rate.windowMs < RATE_WINDOW_MIN_MS ||
    rate.windowMs > RATE_WINDOW_MAX_MS
  ) {
    return problem("The window lasts from one second to one day.");
  }
  return { ok: true, value: { limit: rate.limit, windowMs: rate.windowMs } };
}

export type RateLimit = { limit: number; windowMs: number };
/** How often a quota can come back, the most often first. */
export const REFILLS = ["hourly", "daily", "weekly", "monthly", "never"] as const;
export type Quota = { limit: number; refill: (typeof REFILLS)[number] };

/** Whether a limit allows no more than another one does, at once and over time. Null is no limit. */
export function isWithinRate(wanted: RateLimit | null, own: RateLimit | null): boolean {
  if (own === null) return true;
  if (wanted === null || wanted.limit > own.limit) return false;
  return wanted.limit / wanted.windowMs <= own.limit / own.windowMs;
}

/** Whether a quota gives no more uses, no more often, than another one. Null is no quota. */
export function isWithinQuota(wanted: Quota | null, own: Quota | null): boolean {
  if (own === null) return true;
  return wanted !== null && wanted.limit <= own.limit && REFILLS.indexOf(wanted.refill) >= REFILLS.indexOf(own.refill);
}

/** Uses until the next refill. */
export function checkQuota(quota: Quota): Checked<Quota> {
  if (!Number.isSafeInteger(quota.limit) || quota.limit < 1 || quota.limit > QUOTA_MAX) {
    return problem(`Allow 1 to ${QUOTA_MAX} uses.`);
  }
  return { ok: true, value: { limit: quota.limit, refill: quota.refill } };
}

/** From when on a key is good: before it dies, and at most a year ahead. Null for at once. */
export function checkNotBefore(
  wanted: number | null,
  { expiresAt, now }: { expiresAt: number | null; now: number },
): Checked<number | null> {
  if (wanted === null) return { ok: true, value: null };
  if (!Number.isSafeInteger(wanted)) return problem("Give the moment as whole milliseconds since 1970.");
  if (expiresAt !== null && wanted >= expiresAt) return problem("The key would expire before it is valid.");
  if (wanted > now + MAX_LIFETIME_MS) return problem("A key becomes valid within 365 days.");
  return { ok: true, value: wanted };
}

/** How long a key may go unused. */
export function checkIdleExpiry(idleExpiryMs: number): Checked<number> {
  if (!Number.isSafeInteger(idleExpiryMs)) return problem("Give the time as whole milliseconds.");
  if (idleExpiryMs < IDLE_EXPIRY_MIN_MS || idleExpiryMs > IDLE_EXPIRY_MAX_MS) {
    return problem("A key may go unused for one hour to ten years.");
  }
  return { ok: true, value: idleExpiryMs };
}

/** Metadata as it is stored: the JSON text of an object, at most 4 KiB. */
export function checkMetadata(text: string): Checked<string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return problem("Metadata has to be a JSON object.");
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    return problem("Metadata has to be a JSON object.");
  }
  const compact = JSON.stringify(parsed);
  if (new TextEncoder().encode(compact).length > METADATA_MAX_BYTES) {
    return problem(`Metadata may hold ${METADATA_MAX_BYTES} bytes of JSON.`);
  }
  return { ok: true, value: compact };
}

function problem(text: string): { ok: false; problem: string } {
  return { ok: false, problem: text };
}

/** Counts what a person counts: an emoji is one character, not two. */
function length(text: string): number {
  return Array.from(text).length;
}
