/** A key counts as expiring when it has less than this long to live, in milliseconds. */
export const EXPIRING_WITHIN_MS = 7 * 24 * 60 * 60 * 1000;

/** Derived at every read and never stored, so that the instant of expiry needs no write. */
export type KeyStatus = "active" | "expiring" | "not-yet-valid" | "disabled" | "expired" | "revoked";

export type KeyLifetime = {
  /** Epoch milliseconds; null never expires. */
  expiresAt: number | null;
  /** When it dies of disuse unless it is used before, epoch milliseconds; null or absent never. */
  idleExpiresAt?: number | null;
  disabledAt?: number | null;
  /** False when a personal key's owner has left, is suspended or holds nothing: as good as disabled. Absent: not asked. */
  ownerActive?: boolean;
  revokedAt?: number | null;
  /** From when on it is good, epoch milliseconds; null or absent from the start. */
  notBefore?: number | null;
};

/**
 * The status at `now` (epoch milliseconds). The order is the precedence; expiry is exact: at `expiresAt` it is dead. Only
 * that date makes it expiring: disuse is not coming nearer while somebody uses the key.
 */
export function keyStatus(key: KeyLifetime, now: number): KeyStatus {
  if (key.revokedAt != null) return "revoked";
  const end = endOf(key);
  if (end !== null && now >= end) return "expired";
  if (isPaused(key)) return "disabled";
  if (key.notBefore != null && now < key.notBefore) return "not-yet-valid";
  if (key.expiresAt !== null && key.expiresAt - now < EXPIRING_WITHIN_MS) return "expiring";
  return "active";
}

/** When its time is up, by its date or of disuse, unless something happens before; null for never. Epoch milliseconds. */
export function endOf({ expiresAt, idleExpiresAt = null }: KeyLifetime): number | null {
  if (expiresAt === null || idleExpiresAt === null) return expiresAt ?? idleExpiresAt;
  return Math.min(expiresAt, idleExpiresAt);
}

/** Dead keys stay visible but can never be used or extended again; their names are free. */
export function isDead(key: KeyLifetime, now: number): boolean {
  const status = keyStatus(key, now);
  return status === "revoked" || status === "expired";
}

/** Whether it may be used at `now`. */
export function isUsable(key: KeyLifetime, now: number): boolean {
  const status = keyStatus(key, now);
  return status === "active" || status === "expiring";
}

/** The next moment after `now` at which the status changes by itself, or null. For one timer in a live view. */
export function nextStatusChange(key: KeyLifetime, now: number): number | null {
  const end = endOf(key);
  if (key.revokedAt != null || (end !== null && now >= end)) return null;
  if (isPaused(key)) return end;
  if (key.notBefore != null && now < key.notBefore) return Math.min(key.notBefore, end ?? Infinity);
  if (key.expiresAt === null || end === null) return end;
  const warnAt = key.expiresAt - EXPIRING_WITHIN_MS + 1;
  return now < warnAt ? Math.min(warnAt, end) : end;
}

/** By hand, or through its owner; neither ends by the clock. */
function isPaused({ disabledAt, ownerActive = true }: KeyLifetime): boolean {
  return disabledAt != null || !ownerActive;
}
