import { internal } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { ActionCtx } from "../../_generated/server.js";
import type { Rate } from "../../shared/allowance.ts";
import { latchkeyError, rateLimited, toErrorData } from "../../shared/errors.ts";
import { BCRYPT_TEXT_MAX, readArgon2 } from "../../shared/foreignHash.ts";
import { startHashesOf } from "../../shared/foreignKey.ts";
import { sha256Base64Url } from "../../shared/sha256.ts";
import { ATTEMPTS_PER_WINDOW } from "./slowHashes.ts";

// An imported key with a slow hash is compared with it once, at its first use, and found by a fast one from then on.
// Comparing is what a stranger could make us do again and again, so one at a time does it, few wait, and each hash is
// compared with a few times per minute at most. The plaintext is handed to no other function.

const WAITING_MAX = 8;
/** By then at least one of those who wait has been looked at. */
const TURN_MS = 1_000;
let waiting = 0;
let last: Promise<unknown> = Promise.resolve();

/**
 * Whether the text is that of a key with a slow hash, which then has a fast one. Throws RATE_LIMITED when too many
 * texts were compared with the same hash, and UNAVAILABLE when too many wait to be.
 */
export async function settleFirstUse(ctx: ActionCtx, text: string): Promise<boolean> {
  const startHashes = startHashesOf(text);
  const candidates = await ctx.runQuery(internal.imports.candidates, { startHashes });
  return candidates.length > 0 && (await inTurn(async () => await settle(ctx, candidates, text)));
}

/** Where the limit stands that made `settleFirstUse` refuse; null for anything else that was thrown. */
export function postponementOf(thrown: unknown): Rate | null {
  const refusal = toErrorData(thrown);
  if (refusal?.code === "UNAVAILABLE") {
    return { ok: false, limit: WAITING_MAX, remaining: 0, resetMs: TURN_MS, retryAfterMs: TURN_MS };
  }
  return refusal?.rate === undefined ? null : { ok: false, ...refusal.rate };
}

/** All candidates are looked at: two of them can be imports of the same secret, and only the older one may have it. */
async function settle(ctx: ActionCtx, candidates: readonly Id<"slowHashes">[], text: string): Promise<boolean> {
  const same: Id<"slowHashes">[] = [];
  let isReplaced = false;
  for (const slowHashId of candidates) {
    const attempt = await ctx.runMutation(internal.imports.beginAttempt, { slowHashId });
    if (attempt === null) {
      // Another first use was faster. Whether it was by the same text, looking up its fast hash tells.
      isReplaced = true;
    } else if (attempt.ok) {
      if (await isHashOf(attempt.value, text)) same.push(slowHashId);
    } else if (same.length === 0) {
      const { retryAfterMs } = attempt;
      throw rateLimited({ limit: ATTEMPTS_PER_WINDOW, remaining: 0, resetMs: retryAfterMs, retryAfterMs }, "IMPORTED");
    }
  }
  if (same.length > 0) {
    await ctx.runMutation(internal.imports.settle, { slowHashIds: same, hash: sha256Base64Url(text) });
  }
  return isReplaced || same.length > 0;
}

/** Runs work after all that came before it. */
async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if (waiting >= WAITING_MAX) {
    throw latchkeyError(
      "UNAVAILABLE",
      "Too many imported keys are being looked at for the first time. Try again soon.",
    );
  }
  waiting += 1;
  const before = last;
  const turn = (async () => {
    await before.catch(() => null);
    return await work();
  })();
  last = turn;
  try {
    return await turn;
  } finally {
    waiting -= 1;
  }
}

/** Both libraries give way to other work every few milliseconds. They load when they are first needed. */
async function isHashOf(value: string, text: string): Promise<boolean> {
  const argon2 = readArgon2(value);
  if (argon2 === null) {
    const { compare } = await import("bcryptjs");
    // What lies beyond would be taken for right whatever it is.
    return text.length <= BCRYPT_TEXT_MAX && (await compare(text, value));
  }
  const { argon2iAsync, argon2idAsync } = await import("@noble/hashes/argon2.js");
  const hash = argon2.type === "id" ? argon2idAsync : argon2iAsync;
  const { salt, digest, memoryKib: m, passes: t, lanes: p } = argon2;
  return isEqual(await hash(text, salt, { m, t, p, dkLen: digest.length }), digest);
}

/** Takes the same time wherever they differ. */
function isEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  return left.reduce((difference, byte, index) => difference | (byte ^ (right[index] ?? 0)), 0) === 0;
}
