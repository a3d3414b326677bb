import { checkCidrs } from "./cidr.ts";
import type { FieldError } from "./errors.ts";
import {
  DAY_MS,
  DEFAULT_LIFETIME_MS,
  LIVE_KEYS_PER_OWNER,
  MAX_LIFETIME_MS,
  checkIdleExpiry,
  checkRateLimit,
} from "./limits.ts";
import type { Checked } from "./limits.ts";
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

/** Everything of it that an organization chooses. */
export type PolicyRules = Omit<Policy, "version">;

/** A wish to change some of it. What is absent stays. */
export type PolicyChange = Partial<PolicyRules>;

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

/** No lifetime is shorter than this. */
export const SHORTEST_LIFETIME_MS = 60_000;
/** No lifetime or retention is longer: a hundred years. */
export const LONGEST_LIFETIME_MS = 36_500 * DAY_MS;
/** Dead keys and audit entries are kept at least this long, so that nobody ends a key and its traces in one go. */
const SHORTEST_KEY_RETENTION_MS = DAY_MS;
const SHORTEST_AUDIT_RETENTION_MS = 30 * DAY_MS;
/** Counting an owner's live keys reads them, so that no policy allows more than this. */
export const LIVE_KEYS_PER_OWNER_MAX = 1_000;
const ROLES_MAX = 64;

/** How long a key may live: for a personal key, the longest that any role of its owner is given. Null for no maximum. */
export function maxLifetimeOf(
  policy: Policy,
  owner: { kind: "personal" | "service"; roleText: string },
): number | null {
  if (owner.kind === "service") return policy.maxLifetimeMs;
  const names = roleNamesOf(owner.roleText);
  // By its entries: a role may be called "constructor", of which every object has one.
  const given = Object.entries(policy.maxLifetimeMsByRole).flatMap(([name, ms]) => (names.includes(name) ? [ms] : []));
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

/** How long a key may go unused: its own limit or the policy's, whichever is shorter. Null for ever. */
export function idleLimitOf(policy: Policy, key: { idleExpiryMs?: number }): number | null {
  const limits = [key.idleExpiryMs ?? null, policy.idleExpiryMs].filter((limit) => limit !== null);
  return limits.length === 0 ? null : Math.min(...limits);
}

/** When a key dies unless it is used before. One that was never used counts from its creation. */
export function idleDeathOf(key: { createdAt: number }, lastUsedAt: number | null, idleLimitMs: number): number {
  return Math.max(lastUsedAt ?? 0, key.createdAt) + idleLimitMs;
}

/**
 * The rules after a change, or every field of it that is wrong. A default lifetime follows a lowered maximum down;
 * one that is chosen above the maximum is refused.
 */
export function changePolicy(
  policy: Policy,
  change: PolicyChange,
): { ok: true; rules: PolicyRules } | { ok: false; fields: FieldError[] } {
  const fields: FieldError[] = [];
  function take<Value>(path: string, checked: Checked<Value>, fallback: Value): Value {
    if (checked.ok) return checked.value;
    fields.push({ path, message: checked.problem });
    return fallback;
  }
  const { version: _version, ...current } = policy;
  const wanted = { ...current, ...change };
  const rules: PolicyRules = {
    defaultLifetimeMs: take("defaultLifetimeMs", checkLifetime(wanted.defaultLifetimeMs), 0),
    maxLifetimeMs: take("maxLifetimeMs", orNull(wanted.maxLifetimeMs, checkLifetime), null),
    maxLifetimeMsByRole: {},
    neverExpiring: wanted.neverExpiring,
    liveKeysPerOwner: take("liveKeysPerOwner", checkLiveKeys(wanted.liveKeysPerOwner), 0),
    requiredCidrs: take("requiredCidrs", orNull(wanted.requiredCidrs, checkCidrs), null),
    idleExpiryMs: take("idleExpiryMs", orNull(wanted.idleExpiryMs, checkIdleExpiry), null),
    deadKeyRetentionMs: take("deadKeyRetentionMs", orNull(wanted.deadKeyRetentionMs, checkKeyRetention), null),
    auditRetentionMs: take("auditRetentionMs", orNull(wanted.auditRetentionMs, checkAuditRetention), null),
    rateLimit: take("rateLimit", orNull(wanted.rateLimit, checkRateLimit), null),
  };
  // In one order, so that the same wish is no change.
  const byRole = Object.entries(wanted.maxLifetimeMsByRole).toSorted(([left], [right]) => (left < right ? -1 : 1));
  if (byRole.length > ROLES_MAX) {
    fields.push({ path: "maxLifetimeMsByRole", message: `Name at most ${ROLES_MAX} roles.` });
  }
  for (const [role, lifetimeMs] of byRole.slice(0, ROLES_MAX)) {
    rules.maxLifetimeMsByRole[role] = take(`maxLifetimeMsByRole.${role}`, checkLifetime(lifetimeMs), 0);
  }
  if (rules.maxLifetimeMs !== null && rules.defaultLifetimeMs > rules.maxLifetimeMs) {
    if (change.defaultLifetimeMs === undefined) rules.defaultLifetimeMs = rules.maxLifetimeMs;
    else fields.push({ path: "defaultLifetimeMs", message: "The default lifetime lies above the maximum." });
  }
  return fields.length === 0 ? { ok: true, rules } : { ok: false, fields };
}

function orNull<Value, Stored>(
  value: Value | null,
  check: (value: Value) => Checked<Stored>,
): Checked<Stored> | { ok: true; value: null } {
  return value === null ? { ok: true, value: null } : check(value);
}

function checkLifetime(lifetimeMs: number): Checked<number> {
  return checkDuration(lifetimeMs, SHORTEST_LIFETIME_MS, "A key may live from one minute to a hundred years.");
}

function checkKeyRetention(retentionMs: number): Checked<number> {
  return checkDuration(
    retentionMs,
    SHORTEST_KEY_RETENTION_MS,
    "Dead keys are kept from one day to a hundred years, or for ever.",
  );
}

function checkAuditRetention(retentionMs: number): Checked<number> {
  return checkDuration(
    retentionMs,
    SHORTEST_AUDIT_RETENTION_MS,
    "Audit entries are kept from 30 days to a hundred years, or for ever.",
  );
}

function checkDuration(durationMs: number, shortest: number, problem: string): Checked<number> {
  if (!Number.isSafeInteger(durationMs)) return { ok: false, problem: "Give the time as whole milliseconds." };
  return durationMs < shortest || durationMs > LONGEST_LIFETIME_MS
    ? { ok: false, problem }
    : { ok: true, value: durationMs };
}

function checkLiveKeys(count: number): Checked<number> {
  if (Number.isSafeInteger(count) && count >= 1 && count <= LIVE_KEYS_PER_OWNER_MAX) return { ok: true, value: count };
  return { ok: false, problem: `An owner may have 1 to ${LIVE_KEYS_PER_OWNER_MAX} live keys.` };
}
