import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { pseudonymOf } from "../../shared/auditChain.ts";
import { latchkeyError } from "../../shared/errors.ts";
import { partsBetween, partsOf } from "./persons.ts";
import type { EntryParts } from "./persons.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { callerScope } from "../rights/callers.ts";

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

/**
 * What an entry says, for every reader. Times are epoch milliseconds; `before` and `after` are JSON text. Of an
 * erased person there is a pseudonym and nothing else.
 */
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
  // The address of whom an invitation is for.
  subject: v.union(v.string(), v.null()),
  // Whether the personal part, or the subject, has been taken out.
  erased: v.boolean(),
};

/** An entry with its place in the chain, and with all that checking it takes. */
export const vAuditEntry = v.object({
  id: v.string(),
  format: v.number(),
  organizationId: v.string(),
  seq: v.number(),
  ...auditEntryFields,
  personId: v.union(v.string(), v.null()),
  personDigest: v.union(v.string(), v.null()),
  personSalt: v.union(v.string(), v.null()),
  subjectDigest: v.union(v.string(), v.null()),
  subjectSalt: v.union(v.string(), v.null()),
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
  const found: Doc<"audit">[] = [];
  let seen = 0;
  let nextCursor: string | null = null;
  for await (const entry of narrowest(ctx, organizationId, filter, before(cursor)).order("desc")) {
    seen += 1;
    if (matches(entry, filter)) found.push(entry);
    if (found.length < wanted && seen < SCAN_MAX) continue;
    nextCursor = String(entry.seq);
    break;
  }
  const items = await Promise.all(found.map(async (entry) => toEntry(entry, await partsOf(ctx, entry))));
  return { items, nextCursor };
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
  const [first = 0, last = 0] = [entries[0]?.seq, entries.at(-1)?.seq];
  const parts = await partsBetween(ctx, organizationId, first, last);
  const items = entries.map((entry) => toEntry(entry, parts.get(entry.seq ?? 0)));
  return { items, nextCursor: entries.length === wanted ? String(last) : null };
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

/** What a stored entry says to every reader. */
export function toFacts(entry: Doc<"audit">, { persons, subjects }: EntryParts = { persons: [], subjects: [] }) {
  const { at, actor, action, targetKind, targetId, before: was, after: is, reason = null, requestId } = entry;
  const [person, subject] = [persons[0]?.part ?? null, subjects[0]?.part ?? null];
  const gone = entry.personDigest !== null && person === null;
  const { ip, agent } = person ?? { ip: null, agent: null };
  return {
    at,
    actor: actor.type === "user" ? { ...actor, name: nameOf(actor.id, person?.name ?? null, gone) } : actor,
    action,
    targetKind,
    targetId,
    before: was,
    after: is,
    reason,
    requestId,
    ip,
    agent,
    subject: subject?.email ?? null,
    erased: gone || (entry.subjectDigest !== null && subject === null),
  };
}

function nameOf(userId: string, name: string | null, gone: boolean): string {
  if (name !== null) return name;
  return gone ? `erased ${pseudonymOf(userId)}` : pseudonymOf(userId);
}

function toEntry(entry: Doc<"audit">, parts: EntryParts | undefined): AuditEntry {
  const { _id: id, format, organizationId, seq = 0, previousHash = "", hash = "" } = entry;
  const { personId, personDigest, subjectDigest } = entry;
  const personSalt = parts?.persons[0]?.row.salt ?? null;
  const subjectSalt = parts?.subjects[0]?.row.salt ?? null;
  const place = { id, format, organizationId, seq, previousHash, hash };
  return { ...place, ...toFacts(entry, parts), personId, personDigest, personSalt, subjectDigest, subjectSalt };
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
