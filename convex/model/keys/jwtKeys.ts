import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { MAX_JWT_LIFETIME_MS, MIN_JWT_LIFETIME_MS } from "../../shared/jwt.ts";
import { LIFETIME_SLACK_MS, checkExpiry } from "../../shared/limits.ts";
import { limitToGrants } from "../../shared/permissions.ts";
import { maxLifetimeOf } from "../../shared/policy.ts";
import { expand, grantsFrom, grantsOfMember, rightsOfKey } from "../rights/effectiveRights.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { requireKey } from "./rights.ts";
import type { KeyPower } from "./rights.ts";
import { getMember } from "../organizations/members.ts";
import { policyOf, readExpiry } from "../policy/policies.ts";

// A key in the form of a JWT says by itself until when it is good and what for. It is signed before its record is
// written, so what it says is drafted first, and compared with the record in the transaction that writes it.

/** What is signed into a JWT key: what it may do, and its end in epoch milliseconds, a whole second. */
export const vSigned = v.object({ permissions: v.array(v.string()), expiresAt: v.number() });

export type Signed = Infer<typeof vSigned>;

/** What would be signed into a new key of this power. */
export async function draftSigned(ctx: QueryCtx, power: KeyPower): Promise<Signed> {
  const { organizationId, ownerUserId } = power;
  // As for any key: what may touch nothing may do nothing.
  if (power.allowList?.length === 0) return { permissions: [], expiresAt: requireEnd(power) };
  const own = await expand(ctx, organizationId, power.permissions);
  if (power.ownerKind === "personal") {
    const grants = await grantsOfMember(ctx, await getMember(ctx, organizationId, ownerUserId));
    return { permissions: limitToGrants(own, grants), expiresAt: requireEnd(power) };
  }
  const granted = await grantsFrom(ctx, organizationId, { roles: power.roles ?? [], permissions: [], groups: [] });
  const given = granted.filter(({ scope }) => scope === "any").map(({ permission }) => permission);
  return { permissions: [...new Set([...own, ...given])], expiresAt: requireEnd(power) };
}

/** What a new JWT of an existing key says. */
export async function readSigned(ctx: QueryCtx, key: Doc<"keys">): Promise<Signed> {
  const member = key.ownerKind === "service" ? null : await getMember(ctx, key.organizationId, key.ownerUserId);
  const { permissions } = await rightsOfKey(ctx, key, member);
  return { permissions, expiresAt: requireEnd({ expiresAt: await readExpiry(ctx, key) }) };
}

/** Throws CONFLICT when a JWT key's record is not what was signed into it: somebody changed a role or the policy in between. */
export async function requireAsSigned(ctx: QueryCtx, key: Doc<"keys">, signed: Signed | undefined): Promise<void> {
  if (key.format !== "jwt") return;
  if (signed === undefined) throw new Error("A JWT key was minted without being signed");
  const now = await readSigned(ctx, key);
  const held = new Set(now.permissions);
  const isSame = held.size === signed.permissions.length && signed.permissions.every((name) => held.has(name));
  if (isSame && now.expiresAt === signed.expiresAt) return;
  throw latchkeyError("CONFLICT", "The key's rights changed while it was being signed. Try again.");
}

/**
 * The new end of a JWT key that is rotated, which is the only way to give it one: the old is signed into what is out
 * there. Takes the right to change the key. Throws INVALID_INPUT for an opaque key and for what the policy rules out.
 */
export async function renewJwt(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  key: Doc<"keys">,
  wanted: number,
  now: number,
): Promise<{ expiresAt: number; expirySetAt: number }> {
  await requireKey(ctx, caller, key._id, "update");
  if (key.format !== "jwt")
    throw wrongExpiry("Change the expiry of this key by itself: only a JWT key gets it by rotating.");
  const policy = await policyOf(ctx, key.organizationId);
  const member = key.ownerKind === "service" ? null : await getMember(ctx, key.organizationId, key.ownerUserId);
  const maxLifetimeMs = maxLifetimeOf(policy, { kind: key.ownerKind, roleText: member?.role ?? "" });
  const checked = checkExpiry(wanted, now, { ...policy, maxLifetimeMs });
  if (!checked.ok) throw wrongExpiry(checked.problem);
  return { expiresAt: checkJwtEnd(checked.value, now), expirySetAt: now };
}

/** The end of a JWT key's life, in whole seconds as JWTs count. Throws INVALID_INPUT for never, and for less than 7 or more than 365 days. */
export function checkJwtEnd(expiresAt: number | null, now: number): number {
  const lifetime = (expiresAt ?? Infinity) - now;
  if (expiresAt === null || lifetime < MIN_JWT_LIFETIME_MS - LIFETIME_SLACK_MS || lifetime > MAX_JWT_LIFETIME_MS) {
    throw wrongExpiry("A JWT key lives from 7 to 365 days, within what the policy allows.");
  }
  return Math.floor(expiresAt / 1000) * 1000;
}

/** A policy may cut a key's life to any moment; a JWT ends on the second before. */
function requireEnd({ expiresAt }: { expiresAt: number | null }): number {
  if (expiresAt === null) throw new Error("A JWT key has no end");
  return Math.floor(expiresAt / 1000) * 1000;
}

function wrongExpiry(message: string): Error {
  return latchkeyError("INVALID_INPUT", message, [{ path: "expiresAt", message }]);
}
