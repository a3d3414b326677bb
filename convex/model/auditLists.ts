import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { latchkeyError } from "../shared/errors.ts";
import type { ResolvedCaller } from "./callers.ts";
import { callerScope } from "./callers.ts";

/** Entries that one page may hold. */
export const LIST_PAGE_MAX = 200;
export const EXPORT_PAGE_MAX = 1000;
// With several filters at once, a page looks at this many entries at most; the cursor goes on from there.
const SCAN_MAX = 1000;

export const vAuditFilter = v.object({
  action: v.optional(v.string()),
  // The id of a user or a key.
  actorId: v.optional(v.string()),
  targetId: v.optional(v.string()),
});
export type AuditFilter = Infer<typeof vAuditFilter>;

/** What an entry says, for every reader. Times are epoch milliseconds; `before` and `after` are JSON text. */
export const auditEntryFields = {
  at: v.number(),
  actor: v.object({
    type: v.union(v.literal("user"), v.literal("key"), v.literal("system")),
    id: v.string(),
    name: v.string(),
  }),
  action: v.string(),
  targetKind: v.string(),
  targetId: v.string(),
  before: v.union(v.string(), v.null()),
  after: v.union(v.string(), v.null()),
  reason: v.union(v.string(), v.null()),
  requestId: v.string(),
  ip: v.union(v.string(), v.null()),
  agent: v.union(v.string(), v.null()),
};

/** An entry with its place in the chain. */
export const vAuditEntry = v.object({
  id: v.string(),
  organizationId: v.string(),
  seq: v.number(),
  ...auditEntryFields,
  previousHash: v.string(),
  hash: v.string(),
});
export type AuditEntry = Infer<typeof vAuditEntry>;
export type AuditPage = { items: AuditEntry[]; nextCursor: string | null };

/** Throws FORBIDDEN unless the caller holds `audit:read` on the whole organization now. */
export function requireAuditReader(caller: ResolvedCaller): void {
  if (callerScope(caller, "audit:read") === "any") return;
  throw latchkeyError("FORBIDDEN", "This takes the permission audit:read. Ask an admin of the organization for it.");
}

/**
 * A page of entries, newest first. With more than one filter a page may be short, even empty, and not the last.
 * Throws INVALID_INPUT for a cursor that no page gave.
 */
export async function listEntries(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  { filter, cursor, limit }: { filter: AuditFilter; cursor: string | null; limit: number },
): Promise<AuditPage> {
  const wanted = toBounded(limit, LIST_PAGE_MAX);
  const items: AuditEntry[] = [];
  let seen = 0;
  for await (const entry of narrowest(ctx, organizationId, filter, before(cursor)).order("desc")) {
    seen += 1;
    if (matches(entry, filter)) items.push(toEntry(entry));
    if (items.length >= wanted || seen >= SCAN_MAX) return { items, nextCursor: String(entry.seq) };
  }
  return { items, nextCursor: null };
}

/** A page of all entries in the order of the chain. Throws INVALID_INPUT for a cursor that no page gave. */
export async function exportEntries(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  { cursor, limit }: { cursor: string | null; limit: number },
): Promise<AuditPage> {
  const wanted = toBounded(limit, EXPORT_PAGE_MAX);
  const after = cursor === null ? 0 : fromCursor(cursor);
  const entries = await ctx.db
    .query("audit")
    .withIndex("by_sequence", (q) => q.eq("organizationId", organizationId).gt("seq", after))
    .take(wanted);
  const last = entries.at(-1)?.seq;
  const more = entries.length === wanted && last !== undefined;
  return { items: entries.map(toEntry), nextCursor: more ? String(last) : null };
}

/** The entries below a place in the chain, by the index that leaves out most. */
function narrowest(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  { action, actorId, targetId }: AuditFilter,
  below: number,
) {
  const entries = ctx.db.query("audit");
  // Entries from before the chain have no number, which sorts before every number.
  if (targetId !== undefined) {
    return entries.withIndex("by_target", (q) =>
      q.eq("organizationId", organizationId).eq("targetId", targetId).gt("seq", 0).lt("seq", below),
    );
  }
  if (actorId !== undefined) {
    return entries.withIndex("by_actor", (q) =>
      q.eq("organizationId", organizationId).eq("actor.id", actorId).gt("seq", 0).lt("seq", below),
    );
  }
  if (action !== undefined) {
    return entries.withIndex("by_action", (q) =>
      q.eq("organizationId", organizationId).eq("action", action).gt("seq", 0).lt("seq", below),
    );
  }
  return entries.withIndex("by_sequence", (q) => q.eq("organizationId", organizationId).gt("seq", 0).lt("seq", below));
}

function matches(entry: Doc<"audit">, { action, actorId, targetId }: AuditFilter): boolean {
  if (targetId !== undefined && entry.targetId !== targetId) return false;
  if (actorId !== undefined && entry.actor.id !== actorId) return false;
  return action === undefined || entry.action === action;
}

function toEntry(entry: Doc<"audit">): AuditEntry {
  const { _id, _creationTime, seq = 0, previousHash = "", hash = "", reason, ip, agent, ...rest } = entry;
  const optional = { reason: reason ?? null, ip: ip ?? null, agent: agent ?? null };
  return { id: _id, ...rest, ...optional, seq, previousHash, hash };
}

function before(cursor: string | null): number {
  return cursor === null ? Number.MAX_SAFE_INTEGER : fromCursor(cursor);
}

function toBounded(limit: number, max: number): number {
  return Math.max(1, Math.min(Math.trunc(limit), max));
}

function fromCursor(cursor: string): number {
  if (/^[1-9]\d{0,14}$/.test(cursor)) return Number(cursor);
  throw latchkeyError("INVALID_INPUT", "Give the nextCursor of an earlier page.", [
    { path: "cursor", message: "No page gave this cursor." },
  ]);
}
