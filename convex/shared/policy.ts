import { DAY_MS, DEFAULT_LIFETIME_MS, LIVE_KEYS_PER_OWNER, MAX_LIFETIME_MS } from "./limits.ts";
import { roleNamesOf } from "./roles.ts";

/** What an organization allows of its keys. Durations in milliseconds. */
export type Policy = {
  defaultLifetimeMs: number;
  /** Null: no maximum. */
  maxLifetimeMs: number | null;
  /** Maximum lifetimes of the personal keys of members with these roles, instead of `maxLifetimeMs`. */
  maxLifetimeMsByRole: Record<string, number>;
  neverExpiring: boolean;
  liveKeysPerOwner: number;
  /** Ranges that every key is bound to on top of its own; null for none. */
  requiredCidrs: string[] | null;
  idleExpiryMs: number | null;
  deadKeyRetentionMs: number | null;
  auditRetentionMs: number | null;
  rateLimit: { limit: number; windowMs: number } | null;
  /** Counts changes; 0 for an organization that never changed it. */
  version: number;
};

/** What holds until an organization decides otherwise. */
export const DEFAULT_POLICY: Policy = {
  defaultLifetimeMs: DEFAULT_LIFETIME_MS,
  maxLifetimeMs: MAX_LIFETIME_MS,
  maxLifetimeMsByRole: {},
  neverExpiring: false,
  liveKeysPerOwner: LIVE_KEYS_PER_OWNER,
  requiredCidrs: null,
  idleExpiryMs: null,
  deadKeyRetentionMs: null,
  auditRetentionMs: null,
  rateLimit: null,
  version: 0,
};

/** No lifetime, idle time or retention is shorter than this. */
export const SHORTEST_LIFETIME_MS = 60_000;
/** Nor longer: a hundred years. */
export const LONGEST_LIFETIME_MS = 36_500 * DAY_MS;

/** How long a key may live: for a personal key, the longest that any role of its owner is given. Null for no maximum. */
export function maxLifetimeOf(
  policy: Policy,
  owner: { kind: "personal" | "service"; roleText: string },
): number | null {
  if (owner.kind === "service") return policy.maxLifetimeMs;
  const given = roleNamesOf(owner.roleText).flatMap((name) => policy.maxLifetimeMsByRole[name] ?? []);
  return given.length === 0 ? policy.maxLifetimeMs : Math.max(...given);
}

/**
 * When a key dies under this policy, epoch milliseconds, whatever its record says: a tightened policy holds from the
 * next use on, and a key that was to live for ever does so only while that is allowed. Null for never.
 */
export function expiryUnder(
  policy: Policy,
  key: { expiresAt: number | null; expirySetAt: number },
  maxLifetimeMs: number | null,
): number | null {
  const ends = [key.expiresAt];
  if (maxLifetimeMs !== null && !(key.expiresAt === null && policy.neverExpiring)) {
    ends.push(key.expirySetAt + maxLifetimeMs);
  } else if (key.expiresAt === null && !policy.neverExpiring) {
    ends.push(key.expirySetAt + policy.defaultLifetimeMs);
  }
  const known = ends.filter((end) => end !== null);
  return known.length === 0 ? null : Math.min(...known);
}
