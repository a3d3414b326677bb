import { internal } from "../../_generated/api.js";
import type { ActionCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { sha256Base64Url } from "../../shared/sha256.ts";
import type { BulkItem, BulkVerb } from "./bulk.ts";
import type { Caller } from "../rights/callers.ts";
import { checkReason } from "./changes.ts";
import type { KeyFilter } from "./lists.ts";

/** Keys that one call changes at most, and that one transaction does. */
export const BULK_MAX = 500;
const TRANSACTION_MAX = 100;
/** Keys that a preview shows. */
const SHOWN_MAX = 100;
// Each page looks at 500 keys at most, so a call looks at 20 000.
const PAGES_MAX = 40;

/** Keys by their ids, or all that a filter finds. */
export type BulkWish = {
  verb: BulkVerb;
  selection: { keyIds: readonly string[] } | { filter: KeyFilter; cursor: string | null };
  reason?: string;
  /** How many keys have to be hit, as a preview said. */
  expected?: number;
  /** What a preview answered. Needed to go by a filter. */
  confirm?: string;
};

/**
 * `count`: keys that are changed, or would be. `remaining`: there is more to do than one call does. `nextCursor`: where
 * to go on when a filter has looked at as many keys as one call does and did all that it found; null otherwise.
 */
export type BulkAnswer = { count: number; remaining: boolean; nextCursor: string | null; items: BulkItem[] };

type Found = { items: BulkItem[]; hits: string[]; nextCursor: string | null };

/** Says what a call would do. Throws FORBIDDEN and INVALID_INPUT as the call itself would. */
export async function previewBulk(
  ctx: ActionCtx,
  caller: Caller,
  wish: BulkWish,
): Promise<BulkAnswer & { confirm: string }> {
  checkReason(wish.reason);
  const { items, hits, nextCursor } = await look(ctx, caller, wish);
  const count = hits.length;
  return {
    count,
    ...whatRemains(count, nextCursor),
    items: items.slice(0, SHOWN_MAX),
    confirm: confirmationOf(wish.verb, hits),
  };
}

/**
 * Changes up to 500 keys, 100 in a transaction. What a crash in between leaves undone, the same call does when it is
 * repeated. Throws CONFLICT when other keys would be hit than a preview said.
 */
export async function runBulk(ctx: ActionCtx, caller: Caller, wish: BulkWish): Promise<BulkAnswer> {
  checkReason(wish.reason);
  const { verb, selection, reason, confirm, expected } = wish;
  if ("filter" in selection && confirm === undefined) {
    throw latchkeyError("INVALID_INPUT", "What a filter finds is changed only after a preview of it.", [
      { path: "confirm", message: "Send the confirm of a preview." },
    ]);
  }
  const { items, hits, nextCursor } = await look(ctx, caller, wish);
  const isOther = confirm !== undefined && confirm !== confirmationOf(verb, hits);
  if (isOther || (expected !== undefined && expected !== hits.length)) {
    throw latchkeyError(
      "CONFLICT",
      "Other keys would be hit than the preview said. Look at a new one and decide again.",
    );
  }
  const done = new Map<string, BulkItem>();
  for (const keyIds of inChunks(callerLast(hits.slice(0, BULK_MAX), caller))) {
    const results = await ctx.runMutation(internal.bulk.apply, { caller, verb, keyIds, reason });
    for (const item of results) done.set(item.keyId, item);
  }
  // Of what a filter found, only what was changed is told; of keys that were named, each.
  const told = "filter" in selection ? items.filter(({ keyId }) => done.has(keyId)) : items;
  const results = told.map((item) => done.get(item.keyId) ?? item);
  return {
    count: results.filter(({ outcome }) => outcome === "done").length,
    ...whatRemains(hits.length, nextCursor),
    items: results,
  };
}

/** What would be hit: the ids of the keys that would change, in order. */
async function look(ctx: ActionCtx, caller: Caller, { verb, selection }: BulkWish): Promise<Found> {
  const at = Date.now();
  const items: BulkItem[] = [];
  let nextCursor: string | null = null;
  if ("keyIds" in selection) {
    for (const keyIds of inChunks([...new Set(selection.keyIds)])) {
      items.push(...(await ctx.runQuery(internal.bulk.look, { caller, verb, keyIds, at })));
    }
  } else {
    nextCursor = selection.cursor;
    for (let page = 0; page < PAGES_MAX && (page === 0 || nextCursor !== null); page += 1) {
      const wanted = { caller, verb, filter: selection.filter, cursor: nextCursor, at };
      const found: { items: BulkItem[]; nextCursor: string | null } = await ctx.runQuery(
        internal.bulk.lookByFilter,
        wanted,
      );
      items.push(...found.items);
      nextCursor = found.nextCursor;
    }
  }
  const hits = items.filter(({ outcome }) => outcome === "done").map(({ keyId }) => keyId);
  return { items, hits, nextCursor };
}

function whatRemains(count: number, nextCursor: string | null): Pick<BulkAnswer, "remaining" | "nextCursor"> {
  // More hits than one call changes are found again by the same call.
  if (count > BULK_MAX) return { remaining: true, nextCursor: null };
  return { remaining: nextCursor !== null, nextCursor };
}

/** Names what a call would hit, so that it is refused when that has changed meanwhile. */
function confirmationOf(verb: BulkVerb, hits: readonly string[]): string {
  return sha256Base64Url(encodeURIComponent(JSON.stringify([verb, hits])));
}

/** A key that ends itself among others does so last, since it could not end the rest afterwards. */
function callerLast(keyIds: readonly string[], caller: Caller): string[] {
  if (caller.type === "user" || !keyIds.includes(caller.keyId)) return [...keyIds];
  return [...keyIds.filter((keyId) => keyId !== caller.keyId), caller.keyId];
}

function inChunks(keyIds: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let start = 0; start < keyIds.length; start += TRANSACTION_MAX) {
    chunks.push(keyIds.slice(start, start + TRANSACTION_MAX));
  }
  return chunks;
}
