import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { isWithinAllowList } from "../shared/allowList.ts";
import { isWithinCidrs } from "../shared/cidr.ts";
import { latchkeyError, missingKey } from "../shared/errors.ts";
import type { FieldError } from "../shared/errors.ts";
import { VERB_PERMISSION, beyondGranted, beyondRoles } from "../shared/permissions.ts";
import type { KeyVerb } from "../shared/permissions.ts";
import { callerScope } from "./callers.ts";
import type { ResolvedCaller } from "./callers.ts";

/** The parts of a key that decide how much power it gives. */
export type KeyPower = Pick<
  Doc<"keys">,
  "ownerKind" | "ownerUserId" | "permissions" | "expiresAt" | "env" | "rateLimit" | "cidrs" | "allowList"
>;

/**
 * The key if the caller may do this to it. A key that is missing, foreign or out of the caller's sight is
 * NOT_FOUND in the same words; one that it sees but may not touch so is FORBIDDEN.
 */
export async function requireKey(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  keyIdText: string,
  verb: Exclude<KeyVerb, "create">,
): Promise<Doc<"keys">> {
  const keyId = ctx.db.normalizeId("keys", keyIdText);
  const key = keyId === null ? null : await ctx.db.get("keys", keyId);
  if (key === null || key.organizationId !== caller.organizationId) throw missingKey();
  if (mayAct(caller, key, verb)) return key;
  if (!mayAct(caller, key, "read")) throw missingKey();
  throw latchkeyError("FORBIDDEN", `You may see this key but not ${verb} it. Ask an admin of the organization.`);
}

/** Whether the caller may do this to that key of its organization. */
export function mayAct(caller: ResolvedCaller, key: Doc<"keys">, verb: Exclude<KeyVerb, "create">): boolean {
  const own = key.ownerKind === "personal" && key.ownerUserId === caller.userId;
  // Leaving or losing a role must not strand a credential with nobody who may end it.
  if (own && verb === "revoke" && caller.key === null) return true;
  const scope = callerScope(caller, VERB_PERMISSION[verb]);
  return scope === "any" || (scope === "own" && own);
}

/** Refuses to create a key for this owner: FORBIDDEN without the right, INVALID_INPUT for an owner who is no member. */
export async function requireCreate(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  owner: { kind: "personal" | "service"; userId: Id<"user">; isMember: boolean },
): Promise<void> {
  const scope = callerScope(caller, "keys:create");
  if (scope === null) throw latchkeyError("FORBIDDEN", "You may not create keys in this organization. Ask an admin.");
  const own = owner.kind === "personal" && owner.userId === caller.userId;
  if (scope === "own" && !own) {
    throw latchkeyError("FORBIDDEN", "You may create personal keys for yourself only. Ask an admin for this one.");
  }
  if (!owner.isMember) {
    throw latchkeyError("INVALID_INPUT", "The owner of a key has to be a member of the organization.", [
      { path: "ownerUserId", message: "Choose a member of this organization." },
    ]);
  }
}

/**
 * Nobody grants what they do not hold: the power of a key that would come to life by creating, rotating or
 * enabling it must lie within the caller's own. A calling key, besides, never makes one that is owned by
 * another, lives longer, is of the other environment or may be used faster, from elsewhere or on other resources.
 * Throws FORBIDDEN.
 */
export function requireWithinPower(caller: ResolvedCaller, power: KeyPower): void {
  const beyond =
    caller.key === null
      ? beyondRoles(power.permissions, caller.roles, power.ownerKind === "service" ? "any" : "own")
      : beyondGranted(power.permissions, caller.key.permissions);
  if (beyond.length > 0) {
    const fields: FieldError[] = beyond.map((permission) => ({
      path: `permissions.${power.permissions.indexOf(permission)}`,
      message: `You do not hold ${permission}.`,
    }));
    throw latchkeyError("FORBIDDEN", `You cannot grant what you do not hold: ${beyond.join(", ")}.`, fields);
  }
  if (caller.key === null) return;

  const { record } = caller.key;
  if (power.ownerKind !== record.ownerKind || power.ownerUserId !== record.ownerUserId) {
    throw latchkeyError("FORBIDDEN", "A key can make keys for its own owner only.");
  }
  if (power.env !== record.env) {
    throw latchkeyError("FORBIDDEN", `A ${record.env} key can make ${record.env} keys only.`);
  }
  if (record.expiresAt !== null && (power.expiresAt === null || power.expiresAt > record.expiresAt)) {
    throw latchkeyError("FORBIDDEN", "A key cannot make a key that outlives it. Choose an earlier expiry.");
  }
  if (record.rateLimit !== null && !isWithinRate(power.rateLimit, record.rateLimit)) {
    throw latchkeyError("FORBIDDEN", "A key cannot make a key with a higher rate limit than its own.");
  }
  if (!isWithinCidrs(power.cidrs ?? null, record.cidrs ?? null)) {
    throw latchkeyError(
      "FORBIDDEN",
      "A key cannot make a key that works from addresses where it does not work itself.",
    );
  }
  if (!isWithinAllowList(power.allowList ?? null, record.allowList ?? null)) {
    throw latchkeyError("FORBIDDEN", "A key cannot make a key for resources that it may not touch itself.");
  }
}

function isWithinRate(wanted: Doc<"keys">["rateLimit"], own: NonNullable<Doc<"keys">["rateLimit"]>): boolean {
  if (wanted === null || wanted.limit > own.limit) return false;
  return wanted.limit / wanted.windowMs <= own.limit / own.windowMs;
}
