import { isWithinCidrs } from "./cidr.ts";
import { idleDeathOf, idleLimitOf } from "./policy.ts";
import type { Policy } from "./policy.ts";

/** What a changed policy does to one key. Pure: the same for a preview in the browser and on the server. */
export const POLICY_EFFECTS = [
  // It is good, or only paused, and its time would be up at once.
  "dies",
  // It would count as unused for too long at once.
  "idle",
  // It is dead under the policy as it is, and would be good again.
  "revives",
  "expiresEarlier",
  "expiresLater",
  // It was to live for ever, which would end.
  "neverExpiringEnds",
  // It could not be used any more from some address from which it can be now.
  "addressesRestricted",
] as const;
export type PolicyEffect = (typeof POLICY_EFFECTS)[number];

/** The policy before and after, and when a key dies under each (epoch milliseconds, null for never). */
export type Side = { policy: Policy; expiresAt: number | null };

type Judged = {
  createdAt: number;
  idleExpiryMs?: number;
  cidrs?: readonly string[];
  /** Null: never, or nobody asked because disuse ends the key under neither policy. */
  lastUsedAt: number | null;
};

/** What happens to a key at `at`, epoch milliseconds, when one policy takes the place of the other. Nothing to a key that is dead either way. */
export function policyEffectsOn(key: Judged, { before, after, at }: { before: Side; after: Side; at: number }) {
  const [was, willBe] = [deathOf(key, before), deathOf(key, after)];
  const [expiry, newExpiry] = [before.expiresAt ?? Infinity, after.expiresAt ?? Infinity];
  if (was <= at) return willBe <= at ? [] : ["revives" as const];
  const effects: PolicyEffect[] = [];
  if (newExpiry <= at) effects.push("dies");
  else if (willBe <= at) effects.push("idle");
  else {
    if (newExpiry < expiry) effects.push("expiresEarlier");
    if (newExpiry > expiry) effects.push("expiresLater");
    if (isNarrowed(key.cidrs ?? null, before.policy.requiredCidrs, after.policy.requiredCidrs)) {
      effects.push("addressesRestricted");
    }
  }
  if (before.expiresAt === null && after.expiresAt !== null) effects.push("neverExpiringEnds");
  return effects;
}

/** Whether its last use says when a key dies, under one of the two policies at least. */
export function mayDieOfDisuse(key: { idleExpiryMs?: number }, before: Policy, after: Policy): boolean {
  return idleLimitOf(before, key) !== null || idleLimitOf(after, key) !== null;
}

function deathOf(key: Judged, { policy, expiresAt }: Side): number {
  const limit = idleLimitOf(policy, key);
  const idleDeath = limit === null ? Infinity : idleDeathOf(key, key.lastUsedAt, limit);
  return Math.min(expiresAt ?? Infinity, idleDeath);
}

/** Whether a key that is bound to its own and the required ranges loses addresses when others are required. */
function isNarrowed(own: readonly string[] | null, before: readonly string[] | null, after: readonly string[] | null) {
  return !isWithinCidrs(intersect(own, before), after);
}

/** The ranges that lie in both lists; null stands for every address. Of two ranges one holds the other or they share nothing. */
function intersect(left: readonly string[] | null, right: readonly string[] | null): readonly string[] | null {
  if (left === null || right === null) return left ?? right;
  return [...within(left, right), ...within(right, left)];
}

function within(inner: readonly string[], outer: readonly string[]): string[] {
  return inner.filter((range) => isWithinCidrs([range], outer));
}
