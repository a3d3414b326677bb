import { getFunctionName, makeFunctionReference } from "convex/server";
import type { FunctionArgs, FunctionReference, FunctionReturnType } from "convex/server";
import { internal } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { ActionCtx } from "../../_generated/server.js";
import type { QuotaState, Rate } from "../../shared/allowance.ts";
import { formatAddress } from "../../shared/cidr.ts";
import { isForeignShaped } from "../../shared/foreignKey.ts";
import type { Json } from "../../shared/json.ts";
import { isJwtKey } from "../../shared/jwt.ts";
import { isKeyText } from "../../shared/keyFormat.ts";
import { sha256Base64Url } from "../../shared/sha256.ts";
import { lookUpTogether } from "./keyLookups.ts";
import { parseKeyState, recallKeyState } from "./keyStates.ts";
import type { KeyState } from "./keyStates.ts";
import { postponementOf, settleFirstUse } from "./firstUses.ts";
import { isLicenseValid, judge } from "./judgement.ts";
import type { Clock, Forbidden, Refusal } from "./judgement.ts";
import type { Sender } from "../usage/gatheredUses.ts";
import { lastNotedUse, noteUse } from "../usage/keyUses.ts";
import { isLimited, takeUse } from "./spending.ts";
import type { Spent } from "./spending.ts";
import type { VerifyQuestion } from "./verifyQuestion.ts";

// Every call with a key passes here, so this file and what it imports stay light: no zod, no tRPC, no better-auth.

const byHash = namedOnce(internal.verification.byHash);
const { stateByHash } = internal.verification;

type KeyFacts = Pick<
  KeyState,
  "keyId" | "organizationId" | "ownerKind" | "ownerUserId" | "name" | "env" | "permissions" | "expiresAt"
> & { licenses: string[]; metadata: { [field: string]: Json } | null };

/** The verdict on a key. One that is not good still says which it is; one that is not ours says nothing. */
export type Verification =
  | ({ valid: true; code: "VALID"; rateLimit: Rate | null; quota: QuotaState | null } & KeyFacts)
  | ({ valid: false; code: Refusal | "INSUFFICIENT_PERMISSIONS" } & KeyFacts)
  | ({ valid: false; code: "FORBIDDEN"; reason: Forbidden } & KeyFacts)
  | ({ valid: false } & Spent & KeyFacts)
  | { valid: false; code: "NOT_FOUND" };

/** A verdict among several: one that may be on an imported key and has to be asked for again leaves the others be. */
export type BatchVerification =
  | Verification
  | { valid: false; code: "RATE_LIMITED"; reason: "IMPORTED"; rateLimit: Rate };

/**
 * The key whose plaintext this is, or null. A wrong shape or checksum costs neither a hash nor a read, unless the text
 * begins as imported keys do. Throws RATE_LIMITED and UNAVAILABLE as `settleFirstUse` does.
 */
export function findKey(ctx: ActionCtx, text: string): Promise<KeyState | null> {
  return lookUpTogether(text, () => lookUp(ctx, text));
}

function lookUp(ctx: ActionCtx, text: string): Promise<KeyState | null> {
  return isKeyShaped(text) ? findState(ctx, sha256Base64Url(text)) : lookUpImported(ctx, text);
}

async function lookUpImported(ctx: ActionCtx, text: string): Promise<KeyState | null> {
  if (!(await beginsAsImported(ctx, text))) return null;
  const hash = sha256Base64Url(text);
  const found = await findState(ctx, hash);
  if (found !== null) return found;
  return (await settleFirstUse(ctx, text)) ? await findState(ctx, hash) : null;
}

/** The beginnings are few and cached, so for nearly every text this is all that is done. */
async function beginsAsImported(ctx: ActionCtx, text: string): Promise<boolean> {
  if (!isForeignShaped(text)) return false;
  const prefixes = await ctx.runQuery(internal.imports.prefixes, {});
  return prefixes.some((prefix) => text.startsWith(prefix));
}

async function findState(ctx: ActionCtx, hash: string): Promise<KeyState | null> {
  const stamp = await ctx.runQuery(byHash, { hash });
  if (stamp === null) return null;
  return recallKeyState(stamp) ?? (await readState(ctx, hash));
}

/** The state of a key that this process does not know yet. It may have changed since it was stamped, and then it is the newer one. */
async function readState(ctx: ActionCtx, hash: string): Promise<KeyState | null> {
  const text = await ctx.runQuery(stateByHash, { hash });
  return text === null ? null : parseKeyState(text);
}

/** The same reference with its name worked out, which one of the generated ones does again at every call. */
function namedOnce<Query extends FunctionReference<"query", "internal">>(query: Query) {
  return makeFunctionReference<"query", FunctionArgs<Query>, FunctionReturnType<Query>>(getFunctionName(query));
}

/** Whether looking it up can be worth it: an opaque key by its checksum, or a JWT that says that it is a key of ours. */
function isKeyShaped(text: string): boolean {
  return isKeyText(text) || isJwtKey(text);
}

/**
 * The clock by which a key is judged. Only a key that may expire by disuse costs a look at its last use, and a
 * promise.
 */
export function readClock(ctx: ActionCtx, key: KeyState, now: number): Clock | Promise<Clock> {
  return key.idleExpiryMs === null ? { now, lastUsedAt: null } : readLastUse(ctx, key, now);
}

async function readLastUse(ctx: ActionCtx, key: KeyState, now: number): Promise<Clock> {
  const written = await ctx.runQuery(internal.usage.lastUse, { usageId: key.usageId });
  const noted = lastNotedUse(key);
  // A use that waits to be written keeps a key alive, too.
  return { now, lastUsedAt: written === null || noted === null ? (written ?? noted) : Math.max(written, noted) };
}

/**
 * Judges a key for an organization, which sees its own keys only: any other is NOT_FOUND, as if it did not
 * exist. A good key counts as used, by whom the question names or else by `sender`; being judged bad costs it nothing.
 * What is counted is written once `settleUses` is called.
 */
export async function verifyKey(
  ctx: ActionCtx,
  organizationId: Id<"organization">,
  question: VerifyQuestion,
  sender: Sender,
): Promise<Verification> {
  const key = await findKey(ctx, question.key);
  if (key === null || key.organizationId !== organizationId) return { valid: false, code: "NOT_FOUND" };
  const read = readClock(ctx, key, Date.now());
  const clock = "now" in read ? read : await read;
  const decided = useIfGood(ctx, key, question, clock);
  const verification = "valid" in decided ? decided : await decided;
  noteVerification({ key, clock }, question, sender, verification);
  return verification;
}

/**
 * Judges several keys, each exactly as `verifyKey` would, and answers in the same order. Of several questions about one
 * key, by whichever of its secrets, the earlier ones have its limits first. What `findKey` would throw is a verdict here.
 */
export async function verifyKeys(
  ctx: ActionCtx,
  organizationId: Id<"organization">,
  questions: readonly VerifyQuestion[],
  sender: Sender,
): Promise<BatchVerification[]> {
  const asked = await Promise.all(
    questions.map(async (question) => ({ question, first: await findOne(ctx, organizationId, question.key) })),
  );
  // The first use of an imported key may take seconds, and what was found before it is old by then.
  const isOld = questions.some(({ key }) => !isKeyShaped(key));
  const now = Date.now();
  const found = await Promise.all(
    asked.map(async ({ question, first }) => {
      const one = isOld && "key" in first ? await findOne(ctx, organizationId, question.key) : first;
      return "verdict" in one ? one : { question, of: { ...one, clock: await readClock(ctx, one.key, now) } };
    }),
  );
  // Nothing is awaited between two of them, so they take from limits in this order.
  return await Promise.all(
    found.map(async (one) => {
      if ("verdict" in one) return one.verdict;
      const { of, question } = one;
      const verification = await useIfGood(ctx, of.key, question, of.clock);
      noteVerification(of, question, sender, verification);
      return verification;
    }),
  );
}

/** A key of the organization, or the verdict where there is none to judge. */
async function findOne(
  ctx: ActionCtx,
  organizationId: Id<"organization">,
  text: string,
): Promise<{ key: KeyState } | { verdict: BatchVerification }> {
  try {
    const key = await findKey(ctx, text);
    if (key !== null && key.organizationId === organizationId) return { key };
    return { verdict: { valid: false, code: "NOT_FOUND" } };
  } catch (thrown) {
    const rateLimit = postponementOf(thrown);
    if (rateLimit === null) throw thrown;
    return { verdict: { valid: false, code: "RATE_LIMITED", reason: "IMPORTED", rateLimit } };
  }
}

/** Counts it as a use of the key. */
function noteVerification(
  { key, clock }: { key: KeyState; clock: Clock },
  question: VerifyQuestion,
  sender: Sender,
  verification: Verification,
): void {
  // Who shows us the key is not who uses it, when we are told.
  const ip = question.ip === null ? sender.ip : formatAddress(question.ip);
  const by = verification.valid ? { ip, agent: sender.agent } : null;
  noteUse(key, { operation: "verify", outcome: verification.code, at: clock.now, tags: question.tags, by });
}

/** Not a promise where no limit has to be asked. */
function useIfGood(
  ctx: ActionCtx,
  key: KeyState,
  question: VerifyQuestion,
  clock: Clock,
): Verification | Promise<Verification> {
  const judgement = judge(key, question, clock);
  if (judgement.code !== "VALID") return { valid: false, ...judgement, ...toFacts(key, clock.now) };
  const plain = plainVerdicts.get(key) ?? keepPlainVerdict(key);
  return plain ?? decideByLimits(ctx, key, question.cost, clock);
}

async function decideByLimits(ctx: ActionCtx, key: KeyState, cost: number, clock: Clock): Promise<Verification> {
  const use = await takeUse(ctx, key, { cost, at: clock.now });
  const facts = toFacts(key, clock.now);
  if (use.spent !== null) return { valid: false, ...use.spent, ...facts };
  const { rateLimit, quota } = use.left;
  return { valid: true, code: "VALID", ...facts, rateLimit, quota };
}

// What is said of a good key is the same each time where neither limits nor the clock have a part in it.
const plainVerdicts = new WeakMap<KeyState, Verification>();
const texts = new WeakMap<Verification, string>();

function keepPlainVerdict(key: KeyState): Verification | undefined {
  if (isLimited(key) || key.licenses.length > 0) return undefined;
  const verdict = { valid: true, code: "VALID", ...toFacts(key, 0), rateLimit: null, quota: null } as const;
  plainVerdicts.set(key, verdict);
  texts.set(verdict, JSON.stringify(verdict));
  return verdict;
}

/** A verdict as JSON text. */
export function writeVerification(verification: Verification): string {
  return texts.get(verification) ?? JSON.stringify(verification);
}

function toFacts(key: KeyState, now: number): KeyFacts {
  const { keyId, organizationId, ownerKind, ownerUserId, name, env, permissions, expiresAt } = key;
  const licenses = key.licenses.filter((license) => isLicenseValid(license, now)).map((license) => license.name);
  const metadata: KeyFacts["metadata"] = key.metadata === null ? null : JSON.parse(key.metadata);
  return { keyId, organizationId, ownerKind, ownerUserId, name, env, permissions, expiresAt, licenses, metadata };
}
