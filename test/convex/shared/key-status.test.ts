import { expect, test } from "vitest";
import { EXPIRING_WITHIN_MS, isDead, keyStatus, nextStatusChange } from "../../../convex/shared/keyStatus.ts";

const NOW = 1_750_000_000_000;
const FAR = NOW + 2 * EXPIRING_WITHIN_MS;

test.each([
  [{ expiresAt: null }, "active"],
  [{ expiresAt: FAR }, "active"],
  [{ expiresAt: NOW + EXPIRING_WITHIN_MS }, "active"],
  [{ expiresAt: NOW + EXPIRING_WITHIN_MS - 1 }, "expiring"],
  [{ expiresAt: NOW + 1 }, "expiring"],
  [{ expiresAt: NOW }, "expired"],
  [{ expiresAt: NOW - 1 }, "expired"],
  [{ expiresAt: FAR, disabledAt: NOW }, "disabled"],
  [{ expiresAt: NOW + 1, disabledAt: NOW }, "disabled"],
  [{ expiresAt: NOW, disabledAt: NOW }, "expired"],
  [{ expiresAt: FAR, revokedAt: NOW }, "revoked"],
  [{ expiresAt: NOW, disabledAt: NOW, revokedAt: NOW }, "revoked"],
  [{ expiresAt: FAR, disabledAt: null, revokedAt: null }, "active"],
  [{ expiresAt: FAR, idleExpiresAt: NOW + 1 }, "active"],
  [{ expiresAt: FAR, idleExpiresAt: NOW }, "expired"],
  [{ expiresAt: null, idleExpiresAt: NOW }, "expired"],
  [{ expiresAt: NOW, idleExpiresAt: FAR }, "expired"],
  [{ expiresAt: NOW + 1, idleExpiresAt: FAR }, "expiring"],
  [{ expiresAt: FAR, idleExpiresAt: NOW, disabledAt: NOW }, "expired"],
  [{ expiresAt: FAR, idleExpiresAt: NOW, revokedAt: NOW }, "revoked"],
  [{ expiresAt: FAR, notBefore: NOW + 1 }, "not-yet-valid"],
] as const)("%j is %s", (key, status) => {
  expect(keyStatus(key, NOW)).toBe(status);
  expect(isDead(key, NOW)).toBe(status === "expired" || status === "revoked");
});

test.each([
  [{ expiresAt: FAR }, "disabled"],
  [{ expiresAt: NOW + 1 }, "disabled"],
  [{ expiresAt: null, notBefore: NOW + 1 }, "disabled"],
  [{ expiresAt: FAR, disabledAt: NOW }, "disabled"],
  [{ expiresAt: NOW }, "expired"],
  [{ expiresAt: FAR, idleExpiresAt: NOW }, "expired"],
  [{ expiresAt: FAR, revokedAt: NOW }, "revoked"],
] as const)("E11: %j of an owner who is not active is %s", (key, status) => {
  expect(keyStatus({ ...key, ownerActive: false }, NOW)).toBe(status);
  expect(keyStatus({ ...key, ownerActive: true }, NOW)).toBe(keyStatus(key, NOW));
});

test("E26 E27 N10: the next change is the exact moment at which the status becomes another", () => {
  for (const key of [
    { expiresAt: FAR },
    { expiresAt: NOW + 5 },
    { expiresAt: FAR, disabledAt: 1 },
    { expiresAt: FAR, idleExpiresAt: NOW + 5 },
    { expiresAt: null, idleExpiresAt: NOW + 5 },
    { expiresAt: NOW + 9, idleExpiresAt: NOW + 5, disabledAt: 1 },
    { expiresAt: null, idleExpiresAt: NOW + 5, notBefore: NOW + 9 },
    { expiresAt: FAR, notBefore: NOW + 5, ownerActive: false },
  ]) {
    const next = nextStatusChange(key, NOW);
    if (next === null) throw new Error("it changes");
    expect(keyStatus(key, next - 1)).toBe(keyStatus(key, NOW));
    expect(keyStatus(key, next)).not.toBe(keyStatus(key, NOW));
  }
  expect(nextStatusChange({ expiresAt: null }, NOW)).toBeNull();
  expect(nextStatusChange({ expiresAt: NOW }, NOW)).toBeNull();
  expect(nextStatusChange({ expiresAt: FAR, idleExpiresAt: NOW }, NOW)).toBeNull();
  expect(nextStatusChange({ expiresAt: FAR, revokedAt: 1 }, NOW)).toBeNull();
});
