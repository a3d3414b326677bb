import { EXPIRING_WITHIN_MS, endOf } from "#convex/shared/keyStatus.ts";

type Timed = {
  expiresAt: number | null;
  idleExpiresAt?: number | null;
  notBefore?: number | null;
  previousSecretValidUntil: number | null;
};

/** The moments in epoch ms at which what is shown of the key changes without a write: valid, expiring, expired, old secret gone. */
export function statusInstants(key: Timed): number[] {
  const { expiresAt, notBefore = null, previousSecretValidUntil } = key;
  const end = endOf(key);
  const warning = expiresAt === null ? null : expiresAt - EXPIRING_WITHIN_MS + 1;
  return [warning, end, notBefore, previousSecretValidUntil]
    .filter((instant) => instant !== null)
    .filter((instant) => end === null || instant <= end);
}
