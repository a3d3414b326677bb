import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { partDigest } from "../../shared/auditChain.ts";
import type { PersonPart, SubjectPart } from "../../shared/auditChain.ts";

// The parts of entries that tell of people. Every query on their table is here.

/** A part with what commits its entry to it. */
export type Part<Content extends PersonPart | SubjectPart> = { salt: string; part: Content; digest: string };

/** The rows of one entry. There is at most one of each kind, unless somebody put more in. */
export type EntryParts = {
  persons: { row: Doc<"auditPersons">; part: PersonPart }[];
  subjects: { row: Doc<"auditPersons">; part: SubjectPart }[];
};

const SALT_BYTES = 16;
// An entry has two rows at most; a third shows that one is too many.
const ROWS_PER_ENTRY = 2;
const NONE: EntryParts = { persons: [], subjects: [] };

/** A part as it is stored, under a salt of its own. */
export function toPart<Content extends PersonPart | SubjectPart>(part: Content): Part<Content> {
  const bytes = crypto.getRandomValues(new Uint8Array(SALT_BYTES));
  const salt = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { salt, part, digest: partDigest(salt, part) };
}

export async function insertPart(
  ctx: MutationCtx,
  entry: { organizationId: Id<"organization">; seq: number; personId: string | null },
  { salt, part }: Part<PersonPart | SubjectPart>,
): Promise<void> {
  await ctx.db.insert("auditPersons", { ...entry, salt, part });
}

/** The rows of one entry. */
export async function partsOf(ctx: QueryCtx, { organizationId, seq = 0 }: Doc<"audit">): Promise<EntryParts> {
  return (await partsBetween(ctx, organizationId, seq, seq)).get(seq) ?? NONE;
}

/**
 * The rows of a stretch of the chain, both ends included, by their entries' places; what an entry has none of is
 * absent. Reads one row more than there can be: from the first entry with too many on, the rest may be missing.
 */
export async function partsBetween(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  first: number,
  last: number,
): Promise<Map<number, EntryParts>> {
  const rows = await ctx.db
    .query("auditPersons")
    .withIndex("by_entry", (q) => q.eq("organizationId", organizationId).gte("seq", first).lte("seq", last))
    .take(Math.max(0, last - first + 1) * ROWS_PER_ENTRY + 1);
  const found = new Map<number, EntryParts>();
  for (const row of rows) {
    const parts = found.get(row.seq) ?? { persons: [], subjects: [] };
    if ("email" in row.part) parts.subjects.push({ row, part: row.part });
    else parts.persons.push({ row, part: row.part });
    found.set(row.seq, parts);
  }
  return found;
}

/** The parts about one person, by user id or address, in entries below a place. */
export async function partsAbout(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  personId: string,
  { below, limit }: { below: number; limit: number },
): Promise<Doc<"auditPersons">[]> {
  return await ctx.db
    .query("auditPersons")
    .withIndex("by_person", (q) => q.eq("organizationId", organizationId).eq("personId", personId).lt("seq", below))
    .take(limit);
}

/** Where the newest part about a person is; 0 when there is none. */
export async function lastPartAbout(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  personId: string,
): Promise<number> {
  const row = await ctx.db
    .query("auditPersons")
    .withIndex("by_person", (q) => q.eq("organizationId", organizationId).eq("personId", personId))
    .order("desc")
    .first();
  return row?.seq ?? 0;
}
