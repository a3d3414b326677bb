import { allows } from "../../shared/allowList.ts";
import { allowsAddress } from "../../shared/cidr.ts";
import type { Address } from "../../shared/cidr.ts";
import { keyStatus } from "../../shared/keyStatus.ts";
import { isSatisfied } from "../../shared/permissionExpression.ts";
import { covers } from "../../shared/permissions.ts";
import { idleDeathOf } from "../../shared/policy.ts";
import type { KeyState } from "./keyStates.ts";
import type { VerifyQuestion } from "./verifyQuestion.ts";

// The rules by which a key passes or not, in the order in which they are asked. Verification stops at the first that
// refuses; `keys.explain` shows them all. Every call with a key passes here, so this file stays light.

/** Why a key is no good by itself. Told only to whoever holds its secret, or verifies for its organization. */
export type Refusal = "REVOKED" | "EXPIRED" | "DISABLED" | "NOT_YET_VALID";

/** What about a call a key was not made for: where it comes from, what it touches, or a license that the key lacks. */
export type Forbidden = "IP" | "RESOURCE" | "LICENSE";

export type Judgement =
  | { code: "VALID" }
  | { code: Refusal }
  | { code: "FORBIDDEN"; reason: Forbidden }
  | { code: "INSUFFICIENT_PERMISSIONS" };

/** What a key is asked for, apart from its own state. */
export type Asked = Pick<VerifyQuestion, "permission" | "ip" | "resource" | "license">;

/** The moment and the key's last use before it, both epoch milliseconds; the use is asked for only where idle keys expire. */
export type Clock = { now: number; lastUsedAt: number | null };

/** Judges a key by its state, the clock and what is asked. Limits are another matter: they change by being asked. */
export function judge(key: KeyState, asked: Asked, clock: Clock): Judgement {
  const refusal = refusalOf(key, clock);
  if (refusal !== null) return { code: refusal };
  if (!isAllowedFrom(key, asked.ip)) return { code: "FORBIDDEN", reason: "IP" };
  if (!isAllowedOn(key, asked.resource)) return { code: "FORBIDDEN", reason: "RESOURCE" };
  if (asked.license !== null && !holdsLicense(key, asked.license, clock.now)) {
    return { code: "FORBIDDEN", reason: "LICENSE" };
  }
  return isPermitted(key, asked) ? { code: "VALID" } : { code: "INSUFFICIENT_PERMISSIONS" };
}

/** Why this key is refused, or null when it is good. */
export function refusalOf(key: KeyState, { now, lastUsedAt }: Clock): Refusal | null {
  const status = keyStatus(key, now);
  if (status === "revoked") return "REVOKED";
  if (status === "expired") return "EXPIRED";
  // The secret was replaced by a rotation and its grace is over, while the key lives on.
  if (key.secretValidUntil !== null && now >= key.secretValidUntil) return "EXPIRED";
  if (key.idleExpiryMs !== null && now >= idleDeathOf(key, lastUsedAt, key.idleExpiryMs)) return "EXPIRED";
  if (status === "disabled") return "DISABLED";
  return status === "not-yet-valid" ? "NOT_YET_VALID" : null;
}

/** Whether the key may be used from there; null for an address that nobody knows. */
export function isAllowedFrom({ cidrs }: KeyState, ip: Address | null): boolean {
  return cidrs.every((ranges) => allowsAddress(ranges, ip));
}

/** An empty list allows nothing, whether a resource was named or not. */
export function isAllowedOn({ allowList }: KeyState, resource: string | null): boolean {
  if (allowList === null) return true;
  return resource === null ? allowList.length > 0 : allows(allowList, resource);
}

/** Whether the key holds a license that is valid at `now`. */
export function holdsLicense({ licenses }: KeyState, name: string, now: number): boolean {
  return licenses.some((license) => license.name === name && isLicenseValid(license, now));
}

export function isLicenseValid(
  { validFrom, validUntil }: { validFrom: number | null; validUntil: number | null },
  now: number,
): boolean {
  return (validFrom === null || now >= validFrom) && (validUntil === null || now < validUntil);
}

/** Whether the key may do what is asked: everywhere, or on the very resource. */
export function isPermitted(key: KeyState, { permission, resource }: Asked): boolean {
  if (permission === null) return true;
  const onResource =
    resource === null
      ? []
      : key.resourcePermissions.filter((entry) => entry.resource === resource).flatMap((entry) => entry.permissions);
  return isSatisfied(
    permission,
    (single) => covers(key.permissions, single) || (onResource.length > 0 && covers(onResource, single)),
  );
}
