import type { Doc, Id } from "../../_generated/dataModel.js";
import { internal } from "../../_generated/api.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { NO_REQUEST, SYSTEM, getHead, recordEntry } from "./trail.ts";
import { ERASE_ACTION, forgetErasure } from "./erasure.ts";
import { partsBetween } from "./persons.ts";
import { SWEEP_PAUSE_MS } from "../sweep.ts";

/** Entries are kept at least this long, in milliseconds. */
export const AUDIT_RETENTION_MIN_MS = 30 * 24 * 60 * 60 * 1000;

const PRUNE_ACTION = "audit.prune";
// Each with the persons in it.
const BATCH = 50;
// A clock that was put back leaves entries with a later time before ones with an earlier. So many are looked through.
const CLOCK_SLIPS = 100;

/**
 * `count` entries, up to and with number `through`, are older; 0 and null when none is. Not `done`: those that are
 * not gone yet follow by themselves.
 */
export type Pruning = { count: number; through: number | null; done: boolean };

/**
 * Deletes the entries of an organization from before a time, in epoch milliseconds: a prefix of the chain, which
 * stops at the first entry that is not older. The head keeps the place and the hash where the chain then begins, and
 * an entry says so before the first goes. Call it again whenever: what is under way goes on first, and a dry run only
 * says what there is. Throws INVALID_INPUT for entries younger than 30 days.
 *
 * @example const { count, through } = await pruneAudit(ctx, organizationId, now - policy.auditRetentionMs, { dryRun: true });
 */
export async function pruneAudit(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  before: number,
  { dryRun }: { dryRun: boolean },
): Promise<Pruning> {
  const youngest = Date.now() - AUDIT_RETENTION_MIN_MS;
  if (!(before <= youngest)) {
    throw latchkeyError("INVALID_INPUT", "Audit entries are kept for at least 30 days.", [
      { path: "before", message: "Choose a time at least 30 days ago." },
    ]);
  }
  const head = await getHead(ctx, organizationId);
  if (head === null) return { count: 0, through: null, done: true };
  const gone = head.pruned?.seq ?? 0;
  const old = await lastBefore(ctx, head, before);
  const announced = Math.max(head.pruned?.through ?? 0, gone);
  const through = Math.max(announced, old?.seq ?? 0);
  if (through === gone) return { count: 0, through: null, done: true };
  const count = through - gone;
  if (dryRun) return { count, through, done: true };
  // What was announced goes first: nothing may go of which no entry says so.
  const target = announced > gone ? announced : through;
  if (announced === gone && old !== null) await announce(ctx, old, { before, through, count });
  await deleteNext(ctx, head, target);
  const done = count <= BATCH && target === through;
  if (!done) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.audit.prune, { organizationId, before });
  return { count, through, done };
}

/** What the last pruning that the chain tells of was to take away. */
export async function lastPruning(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
): Promise<{ through: number } | null> {
  const entry = await ctx.db
    .query("audit")
    .withIndex("by_action", (q) => q.eq("organizationId", organizationId).eq("action", PRUNE_ACTION).gt("seq", 0))
    .order("desc")
    .first();
  const after: unknown = entry === null ? null : JSON.parse(entry.after ?? "null");
  if (typeof after !== "object" || after === null || !("through" in after)) return null;
  return typeof after.through === "number" ? { through: after.through } : null;
}

/** The last entry before the first one that is not older. */
async function lastBefore(
  ctx: QueryCtx,
  { organizationId, seq: end }: Doc<"auditHeads">,
  before: number,
): Promise<Doc<"audit"> | null> {
  const younger = await ctx.db
    .query("audit")
    .withIndex("by_organization", (q) => q.eq("organizationId", organizationId).gte("at", before))
    .take(CLOCK_SLIPS);
  const first = Math.min(end + 1, ...younger.map(({ seq }) => seq ?? Infinity));
  return await ctx.db
    .query("audit")
    .withIndex("by_sequence", (q) => q.eq("organizationId", organizationId).gt("seq", 0).lt("seq", first))
    .order("desc")
    .first();
}

async function announce(
  ctx: MutationCtx,
  { organizationId, hash }: Doc<"audit">,
  { before, through, count }: { before: number; through: number; count: number },
): Promise<void> {
  await recordEntry(ctx, organizationId, SYSTEM, NO_REQUEST, {
    action: PRUNE_ACTION,
    targetKind: "organization",
    targetId: organizationId,
    before: null,
    after: { before, count, through, hash: hash ?? null },
  });
}

/** Deletes the next entries up to a place with all that belongs to them, and has the chain begin after them. */
async function deleteNext(ctx: MutationCtx, head: Doc<"auditHeads">, through: number): Promise<void> {
  const { organizationId, pruned } = head;
  const entries = await ctx.db
    .query("audit")
    .withIndex("by_sequence", (q) =>
      q
        .eq("organizationId", organizationId)
        .gt("seq", pruned?.seq ?? 0)
        .lte("seq", through),
    )
    .take(BATCH);
  const { seq = through, hash = "" } = entries.at(-1) ?? {};
  for (const { persons, subjects } of (await partsBetween(ctx, organizationId, entries[0]?.seq ?? seq, seq)).values()) {
    for (const { row } of [...persons, ...subjects]) await ctx.db.delete("auditPersons", row._id);
  }
  for (const entry of entries) {
    if (entry.action === ERASE_ACTION) await forgetErasure(ctx, entry);
    await ctx.db.delete("audit", entry._id);
  }
  await ctx.db.patch("auditHeads", head._id, { pruned: { seq, hash, through } });
}
