import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { entryHash, genesisHash } from "../../shared/auditChain.ts";
import { latchkeyError } from "../../shared/errors.ts";
import { getHead, toChained } from "./trail.ts";
import { judgeParts, readErasures } from "./partVerification.ts";
import { partsBetween, partsOf } from "./persons.ts";
import { lastPruning } from "./retention.ts";

/** Entries that one page looks at, at most. */
export const VERIFY_PAGE_MAX = 1000;

export const vBreak = v.object({
  // Where in the chain: the number that the entry there has or should have. 0 for an entry outside the chain.
  seq: v.number(),
  // Null when the entry is not there.
  entryId: v.union(v.id("audit"), v.null()),
  problem: v.union(
    // No entry has this number, though later ones exist or the head says so, and no pruning said that it would go.
    v.literal("missing"),
    // A second entry of this number, or one that was put back.
    v.literal("duplicate"),
    // It does not name the hash of the entry before.
    v.literal("unlinked"),
    // Its content is not what was hashed.
    v.literal("altered"),
    // What it says of a person is not what was hashed, or is gone though no later entry says that it was erased.
    v.literal("person"),
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
  // Those among them of which a person has been erased.
  erased: v.number(),
  // The first that is wrong, at which checking ends.
  broken: v.union(vBreak, v.null()),
  // Where to go on; null at the end of the chain or at a break.
  nextCursor: v.union(v.string(), v.null()),
  // The last entry that was found right. Kept elsewhere, it proves later that nothing before it was rewritten.
  last: v.object({ seq: v.number(), hash: v.string() }),
  // How many entries from the beginning retention has taken away.
  pruned: v.number(),
});
export type ChainReport = Infer<typeof vChainReport>;

type Place = { seq: number; hash: string };
/** Where a page begins: after `place`, whose entry is still there when it is `known`. */
type Start = { place: Place; known: boolean; pruned: number; problem: ChainBreak | null };

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
  const head = await getHead(ctx, organizationId);
  const { place, known, pruned, problem } = await startOf(ctx, organizationId, head, cursor);
  const start = { checked: 0, erased: 0, last: place, pruned };
  if (problem !== null) return { ...start, broken: problem, nextCursor: null };
  // Begins with the entry that the earlier page ended with: it may have been changed since, or have a double.
  const from = known ? place.seq : Number.MIN_SAFE_INTEGER;
  const found = await ctx.db
    .query("audit")
    .withIndex("by_sequence", (q) => q.eq("organizationId", organizationId).gte("seq", from))
    .take(wanted + 1);
  const resumed = known ? await problemOfKnown(ctx, found[0], place) : null;
  if (resumed !== null) return { ...start, broken: resumed, nextCursor: null };
  const entries = known ? found.slice(1) : found.slice(0, wanted);
  const page = await checkEntries(ctx, organizationId, entries, place);
  if (page.broken !== null) return { ...page, pruned, nextCursor: null };
  if (entries.length === wanted) return { ...page, pruned, nextCursor: toCursor(page.last) };
  return { ...page, pruned, broken: await problemAtEnd(ctx, organizationId, head, page.last), nextCursor: null };
}

/**
 * The chain begins at its first entry, or where retention cut it off. That place is believed only when an entry of
 * the chain says that it would be cut off there or later; its hash is what the first entry after it must name.
 */
async function startOf(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  head: Doc<"auditHeads"> | null,
  cursor: string | null,
): Promise<Start> {
  const genesis = { seq: 0, hash: genesisHash(organizationId) };
  const { seq: pruned, hash } = head?.pruned ?? genesis;
  const anchor: Place = { seq: pruned, hash };
  const given = cursor === null ? null : fromCursor(cursor);
  if (given !== null && given.seq > anchor.seq) return { place: given, known: true, pruned, problem: null };
  const announced = anchor.seq === 0 || ((await lastPruning(ctx, organizationId))?.through ?? 0) >= anchor.seq;
  const cutOff = { seq: 1, entryId: null, problem: "missing" as const };
  if (!announced) return { place: genesis, known: false, pruned: 0, problem: cutOff };
  // The entry that the earlier page ended with may have been pruned since, but not become another one.
  const other = given?.seq === anchor.seq && given.hash !== anchor.hash;
  const altered = { seq: anchor.seq, entryId: null, problem: "altered" as const };
  return { place: anchor, known: false, pruned, problem: other ? altered : null };
}

async function problemOfKnown(
  ctx: QueryCtx,
  entry: Doc<"audit"> | undefined,
  known: Place,
): Promise<ChainBreak | null> {
  if (entry?.seq !== known.seq) return { seq: known.seq, entryId: null, problem: "missing" };
  if (entry.hash !== known.hash) return { seq: known.seq, entryId: entry._id, problem: "altered" };
  const judged = await judgeParts(entry, await partsOf(ctx, entry), readErasures(ctx, entry.organizationId));
  return judged === "wrong" ? { seq: known.seq, entryId: entry._id, problem: "person" } : null;
}

async function checkEntries(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  entries: readonly Doc<"audit">[],
  start: Place,
): Promise<Pick<ChainReport, "checked" | "erased" | "broken" | "last">> {
  const parts = await partsBetween(ctx, organizationId, start.seq + 1, start.seq + entries.length);
  const erasures = readErasures(ctx, organizationId);
  const page = { checked: 0, erased: 0, last: start };
  for (const entry of entries) {
    const seq = page.last.seq + 1;
    const problem = problemOf(entry, page.last);
    if (problem !== null) return { ...page, broken: problem };
    const judged = await judgeParts(entry, parts.get(seq), erasures);
    if (judged === "wrong") return { ...page, broken: { seq, entryId: entry._id, problem: "person" } };
    if (judged === "erased") page.erased += 1;
    page.last = { seq, hash: entry.hash ?? "" };
    page.checked += 1;
  }
  return { ...page, broken: null };
}

function problemOf(entry: Doc<"audit">, before: Place): ChainBreak | null {
  const seq = before.seq + 1;
  const { previousHash = "" } = entry;
  if (entry.seq !== undefined && entry.seq < seq) return { seq: entry.seq, entryId: entry._id, problem: "duplicate" };
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
  head: Doc<"auditHeads"> | null,
  last: Place,
): Promise<ChainBreak | null> {
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
