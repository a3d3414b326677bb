import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import type { ActionCtx } from "../_generated/server.js";
import type { SpentRate } from "../shared/errors.ts";
import type { Json } from "../shared/json.ts";
import { isJwtKey } from "../shared/jwt.ts";
import { parseKey } from "../shared/keyFormat.ts";
import { sha256Base64Url } from "../shared/sha256.ts";
import type { KeyState } from "./keyStates.ts";
import { isLicenseValid, judge } from "./judgement.ts";
import type { Clock, Forbidden, Refusal } from "./judgement.ts";
import { noteUse } from "./keyUses.ts";
import type { Sender } from "./keyUses.ts";
import type { VerifyQuestion } from "./verifyQuestion.ts";

// Every call with a key passes here, so this file and what it imports stay light: no zod, no tRPC, no better-auth.

/** Where a key stands against its own limit after a call; `ok` is whether the call was within it. */
export type Rate = SpentRate & { ok: boolean };

type KeyFacts = Pick<
  KeyState,
  "keyId" | "organizationId" | "ownerKind" | "ownerUserId" | "name" | "env" | "permissions" | "expiresAt"
> & { licenses: string[]; metadata: { [field: string]: Json } | null };

/** The verdict on a key. One that is not good still says which it is; one that is not ours says nothing. */
export type Verification =
  | ({ valid: true; code: "VALID"; rateLimit: Rate | null } & KeyFacts)
  | ({ valid: false; code: Refusal | "INSUFFICIENT_PERMISSIONS" } & KeyFacts)
  | ({ valid: false; code: "FORBIDDEN"; reason: Forbidden } & KeyFacts)
  | ({ valid: false; code: "RATE_LIMITED"; rateLimit: Rate } & KeyFacts)
  | { valid: false; code: "NOT_FOUND" };

/** The key whose plaintext this is, or null. A wrong shape or checksum costs neither a hash nor a read. */
export async function findKey(ctx: ActionCtx, text: string): Promise<KeyState | null> {
  if (!isKeyShaped(text)) return null;
  return await ctx.runQuery(internal.verification.byHash, { hash: sha256Base64Url(text) });
}

/**
 * Both at once: a key that calls and one that it asks about. Undefined when either has a wrong shape, which is for
 * `findKey` to say.
 */
export async function findKeys(
  ctx: ActionCtx,
  { caller, target }: { caller: string; target: string },
): Promise<{ caller: KeyState | null; target: KeyState | null } | undefined> {
  if (!isKeyShaped(caller) || !isKeyShaped(target)) return undefined;
  return await ctx.runQuery(internal.verification.byHashes, {
    caller: sha256Base64Url(caller),
    target: sha256Base64Url(target),
  });
}

/** Whether looking it up can be worth it: an opaque key by its checksum, or a JWT that says that it is a key of ours. */
function isKeyShaped(text: string): boolean {
  return parseKey(text) !== null || isJwtKey(text);
}

/** The clock by which a key is judged. Only a key that may expire by disuse costs a look at its last use. */
export async function readClock(ctx: ActionCtx, key: KeyState, now: number): Promise<Clock> {
  if (key.idleExpiryMs === null) return { now, lastUsedAt: null };
  return { now, lastUsedAt: await ctx.runQuery(internal.usage.lastUse, { keyId: key.keyId }) };
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
 * exist. A good key counts as used by `sender`; being judged bad costs it nothing. `found` spares the search.
 */
export async function verifyKey(
  ctx: ActionCtx,
  organizationId: Id<"organization">,
  question: VerifyQuestion,
  sender: Sender,
  found?: { key: KeyState | null },
): Promise<Verification> {
  const key = found === undefined ? await findKey(ctx, question.key) : found.key;
  if (key === null || key.organizationId !== organizationId) return { valid: false, code: "NOT_FOUND" };
  const now = Date.now();
  const clock = key.idleExpiryMs === null ? { now, lastUsedAt: null } : await readClock(ctx, key, now);
  const judgement = judge(key, question, clock);
  const facts = toFacts(key, now);
  if (judgement.code !== "VALID") return { valid: false, ...judgement, ...facts };
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

function toFacts(key: KeyState, now: number): KeyFacts {
  const { keyId, organizationId, ownerKind, ownerUserId, name, env, permissions, expiresAt } = key;
  const licenses = key.licenses.filter((license) => isLicenseValid(license, now)).map((license) => license.name);
  const metadata: KeyFacts["metadata"] = key.metadata === null ? null : JSON.parse(key.metadata);
  return { keyId, organizationId, ownerKind, ownerUserId, name, env, permissions, expiresAt, licenses, metadata };
}
