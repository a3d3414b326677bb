import { EXPIRING_WITHIN_MS } from "#convex/shared/keyStatus.ts";

type Timed = { expiresAt: number | null; notBefore?: number | null; previousSecretValidUntil: number | null };

/** The moments in epoch ms at which what is shown of the key changes without a write: valid, expiring, expired, old secret gone. */
export function statusInstants({ expiresAt, notBefore = null, previousSecretValidUntil }: Timed): number[] {
  const instants = expiresAt === null ? [] : [expiresAt - EXPIRING_WITHIN_MS + 1, expiresAt];
  return [...instants, notBefore, previousSecretValidUntil].filter((instant) => instant !== null);
}
