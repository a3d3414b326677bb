import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { entryHash, genesisHash } from "../shared/auditChain.ts";
import { latchkeyError } from "../shared/errors.ts";
import { getHead, toChained } from "./audit.ts";

/** Entries that one page looks at, at most. */
export const VERIFY_PAGE_MAX = 1000;

export const vBreak = v.object({
  // Where in the chain: the number that the entry there has or should have. 0 for an entry outside the chain.
  seq: v.number(),
  // Null when the entry is not there.
  entryId: v.union(v.id("audit"), v.null()),
  problem: v.union(
    // No entry has this number, though later ones exist or the head says so.
    v.literal("missing"),
    // A second entry of this number.
    v.literal("duplicate"),
    // It does not name the hash of the entry before.
    v.literal("unlinked"),
    // Its content is not what was hashed.
    v.literal("altered"),
    // It is from before the chain, or was put in past it.
    v.literal("unchained"),
    // The chain does not end where its head says.
    v.literal("head"),
  ),
});
export type ChainBreak = Infer<typeof vBreak>;

export const vChainReport = v.object({
  // Entries of this page that were found right.
  checked: v.number(),
  // The first that is wrong, at which checking ends.
  broken: v.union(vBreak, v.null()),
  // Where to go on; null at the end of the chain or at a break.
  nextCursor: v.union(v.string(), v.null()),
  // The last entry that was found right. Kept elsewhere, it proves later that nothing before it was rewritten.
  last: v.object({ seq: v.number(), hash: v.string() }),
});
export type ChainReport = Infer<typeof vChainReport>;

type Place = { seq: number; hash: string };

/**
 * Checks up to `limit` entries of an organization's audit chain, from its start or from where `cursor` says that
 * an earlier page ended. Throws INVALID_INPUT for a cursor that no page gave.
 */
export async function verifyChain(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  { cursor, limit }: { cursor: string | null; limit: number },
): Promise<ChainReport> {
  const wanted = Math.max(1, Math.min(Math.trunc(limit), VERIFY_PAGE_MAX));
  let last: Place = cursor === null ? { seq: 0, hash: genesisHash(organizationId) } : fromCursor(cursor);
  // Begins with the entry that the earlier page ended with: it may have been changed since, or have a double.
  const found = await ctx.db
    .query("audit")
    .withIndex("by_sequence", (q) => q.eq("organizationId", organizationId).gte("seq", last.seq))
    .take(wanted + 1);
  const entries = cursor === null ? found.slice(0, wanted) : found.slice(1);
  const resumed = cursor === null ? null : problemOfKnown(found[0], last);
  if (resumed !== null) return { checked: 0, broken: resumed, nextCursor: null, last };
  let checked = 0;
  for (const entry of entries) {
    const problem = problemOf(entry, last);
    if (problem !== null) return { checked, broken: problem, nextCursor: null, last };
    last = { seq: last.seq + 1, hash: entry.hash ?? "" };
    checked += 1;
  }
  if (entries.length === wanted) return { checked, broken: null, nextCursor: toCursor(last), last };
  return { checked, broken: await problemAtEnd(ctx, organizationId, last), nextCursor: null, last };
}

function problemOfKnown(entry: Doc<"audit"> | undefined, known: Place): ChainBreak | null {
  if (entry?.seq !== known.seq) return { seq: known.seq, entryId: null, problem: "missing" };
  const same = entry.hash === known.hash;
  return same ? null : { seq: known.seq, entryId: entry._id, problem: "altered" };
}

function problemOf(entry: Doc<"audit">, before: Place): ChainBreak | null {
  const seq = before.seq + 1;
  const { previousHash = "" } = entry;
  if (entry.seq === before.seq) return { seq: before.seq, entryId: entry._id, problem: "duplicate" };
  if (entry.seq !== seq) return { seq, entryId: null, problem: "missing" };
  if (entry.hash !== entryHash(toChained(entry, { seq, previousHash }))) {
    return { seq, entryId: entry._id, problem: "altered" };
  }
  return previousHash === before.hash ? null : { seq, entryId: entry._id, problem: "unlinked" };
}

/** What only shows at the end: entries cut off there, and entries that never were in the chain. */
async function problemAtEnd(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  last: Place,
): Promise<ChainBreak | null> {
  const head = await getHead(ctx, organizationId);
  if (head !== null && head.seq > last.seq) return { seq: last.seq + 1, entryId: null, problem: "missing" };
  const end = head ?? { seq: 0, hash: genesisHash(organizationId) };
  if (end.seq !== last.seq || end.hash !== last.hash) return { seq: last.seq, entryId: null, problem: "head" };
  const outside = await ctx.db
    .query("audit")
    .withIndex("by_sequence", (q) => q.eq("organizationId", organizationId).eq("seq", undefined))
    .first();
  return outside === null ? null : { seq: 0, entryId: outside._id, problem: "unchained" };
}

function toCursor({ seq, hash }: Place): string {
  return `${seq}.${hash}`;
}

function fromCursor(cursor: string): Place {
  const [, seq, hash] = /^([1-9]\d{0,14})\.([0-9a-f]{64})$/.exec(cursor) ?? [];
  if (seq === undefined || hash === undefined) {
    throw latchkeyError("INVALID_INPUT", "Give the nextCursor of an earlier page.", [
      { path: "cursor", message: "No page gave this cursor." },
    ]);
  }
  return { seq: Number(seq), hash };
}
