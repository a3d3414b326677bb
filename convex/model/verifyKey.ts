import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import type { ActionCtx } from "../_generated/server.js";
import { allows } from "../shared/allowList.ts";
import { allowsAddress, parseAddress } from "../shared/cidr.ts";
import type { SpentRate } from "../shared/errors.ts";
import { parseKey } from "../shared/keyFormat.ts";
import { keyStatus } from "../shared/keyStatus.ts";
import { isSatisfied } from "../shared/permissionExpression.ts";
import { covers } from "../shared/permissions.ts";
import { sha256Base64Url } from "../shared/sha256.ts";
import { noteUse } from "./keyUses.ts";
import type { Sender } from "./keyUses.ts";
import type { VerifyQuestion } from "./verifyQuestion.ts";

// Every call with a key passes here, so this file and what it imports stay light: no zod, no tRPC, no better-auth.

/** A key as one indexed read finds it, not yet judged by the clock: what `verification.byHash` returns. */
export type KeyState = {
  keyId: Id<"keys">;
  organizationId: Id<"organization">;
  ownerKind: "personal" | "service";
  ownerUserId: Id<"user">;
  name: string;
  env: "live" | "test";
  /** What it may do now: for a personal key, cut to what its owner may do. */
  permissions: string[];
  expiresAt: number | null;
  disabledAt: number | null;
  revokedAt: number | null;
  /** When the presented secret stops working after a rotation; null for the current one. */
  secretValidUntil: number | null;
  rateLimit: { limit: number; windowMs: number } | null;
  /** Ranges of addresses from which it may be used; null for anywhere. */
  cidrs: string[] | null;
  /** Resources that it may touch; null for all, empty for none. */
  allowList: string[] | null;
  /** False when a personal key's owner has left, was suspended, or holds no role. */
  ownerActive: boolean;
};

/** Why a key that was found is no good now. Told only to whoever holds its secret, or verifies for its organization. */
export type Refusal = "REVOKED" | "EXPIRED" | "DISABLED";

/** Where a key stands against its own limit after a call; `ok` is whether the call was within it. */
export type Rate = SpentRate & { ok: boolean };

/** What about a call a key was not made for: where the call comes from, or what it touches. */
export type Forbidden = "IP" | "RESOURCE";

type KeyFacts = Pick<
  KeyState,
  "keyId" | "organizationId" | "ownerKind" | "ownerUserId" | "name" | "env" | "permissions" | "expiresAt"
>;

/** The verdict on a key. One that is not good still says which it is; one that is not ours says nothing. */
export type Verification =
  | ({ valid: true; code: "VALID"; rateLimit: Rate | null } & KeyFacts)
  | ({ valid: false; code: Refusal | "INSUFFICIENT_PERMISSIONS" } & KeyFacts)
  | ({ valid: false; code: "FORBIDDEN"; reason: Forbidden } & KeyFacts)
  | ({ valid: false; code: "RATE_LIMITED"; rateLimit: Rate } & KeyFacts)
  | { valid: false; code: "NOT_FOUND" };

/** The key whose plaintext this is, or null. A wrong shape or checksum costs neither a hash nor a read. */
export async function findKey(ctx: ActionCtx, text: string): Promise<KeyState | null> {
  if (parseKey(text) === null) return null;
  return await ctx.runQuery(internal.verification.byHash, { hash: sha256Base64Url(text) });
}

/** Why this key is refused at `now` (epoch milliseconds), or null when it is good. */
export function refusalOf(key: KeyState, now: number): Refusal | null {
  const status = keyStatus(key, now);
  if (status === "revoked") return "REVOKED";
  if (status === "expired") return "EXPIRED";
  // The secret was replaced by a rotation and its grace is over, while the key lives on.
  if (key.secretValidUntil !== null && now >= key.secretValidUntil) return "EXPIRED";
  return status === "disabled" || !key.ownerActive ? "DISABLED" : null;
}

/** Whether the key may be used from there; null for an address that nobody knows. */
export function isAllowedFrom({ cidrs }: KeyState, ip: string | null): boolean {
  return cidrs === null || allowsAddress(cidrs, ip === null ? null : parseAddress(ip));
}

/**
 * Counts one use of a good key: takes from its limit, when it has one, and notes the time unless it was noted
 * just before. Both are done when this returns, so a use that was answered is never lost. A refused use is none.
 */
export async function useKey(ctx: ActionCtx, key: KeyState, now: number, sender: Sender): Promise<Rate | null> {
  const { keyId, rateLimit } = key;
  const rate = rateLimit === null ? null : await ctx.runMutation(internal.rateLimits.consume, { keyId, ...rateLimit });
  if (rate !== null && !rate.ok) return rate;
  await noteUse(ctx, keyId, now, sender);
  return rate;
}

/**
 * Judges a key for an organization, which sees its own keys only: any other is NOT_FOUND, as if it did not
 * exist. A good key counts as used by `sender`; being judged bad costs it nothing.
 */
export async function verifyKey(
  ctx: ActionCtx,
  organizationId: Id<"organization">,
  { key: text, permission, ip, resource }: VerifyQuestion,
  sender: Sender,
): Promise<Verification> {
  const key = await findKey(ctx, text);
  if (key === null || key.organizationId !== organizationId) return { valid: false, code: "NOT_FOUND" };
  const now = Date.now();
  const facts = toFacts(key);
  const refusal = refusalOf(key, now);
  if (refusal !== null) return { valid: false, code: refusal, ...facts };
  if (!allowsAddress(key.cidrs, ip)) return { valid: false, code: "FORBIDDEN", reason: "IP", ...facts };
  if (!isAllowedOn(key, resource)) return { valid: false, code: "FORBIDDEN", reason: "RESOURCE", ...facts };
  if (permission !== null && !isSatisfied(permission, (single) => covers(key.permissions, single))) {
    return { valid: false, code: "INSUFFICIENT_PERMISSIONS", ...facts };
  }
  const rateLimit = await useKey(ctx, key, now, sender);
  if (rateLimit !== null && !rateLimit.ok) return { valid: false, code: "RATE_LIMITED", ...facts, rateLimit };
  return { valid: true, code: "VALID", ...facts, rateLimit };
}

/**
 * Judges several keys, each exactly as `verifyKey` would, and answers in the same order. Questions about the same key
 * are asked one after the other, so that its limit goes to the earlier ones.
 */
export async function verifyKeys(
  ctx: ActionCtx,
  organizationId: Id<"organization">,
  questions: readonly VerifyQuestion[],
  sender: Sender,
): Promise<Verification[]> {
  const lastOf = new Map<string, Promise<unknown>>();
  return await Promise.all(
    questions.map(async (question) => {
      const before = lastOf.get(question.key);
      const verdict = judgeAfter(before, async () => await verifyKey(ctx, organizationId, question, sender));
      lastOf.set(question.key, verdict);
      return await verdict;
    }),
  );
}

async function judgeAfter(
  before: Promise<unknown> | undefined,
  judge: () => Promise<Verification>,
): Promise<Verification> {
  await before;
  return await judge();
}

/** An empty list allows nothing, whether a resource was named or not. */
function isAllowedOn({ allowList }: KeyState, resource: string | null): boolean {
  if (allowList === null) return true;
  return resource === null ? allowList.length > 0 : allows(allowList, resource);
}

function toFacts(key: KeyState): KeyFacts {
  const { keyId, organizationId, ownerKind, ownerUserId, name, env, permissions, expiresAt } = key;
  return { keyId, organizationId, ownerKind, ownerUserId, name, env, permissions, expiresAt };
}
