import { ConvexError, v } from "convex/values";
import type { DatabaseReader, DatabaseWriter } from "../_generated/server.js";
import { authIndexes } from "./tables.ts";
import type { authTables } from "./tables.ts";
import { indexable, matches } from "./where.ts";
import type { Clause, Row } from "./where.ts";

export type AuthTable = keyof typeof authTables;
export type StoredRow = Row & { _id: string };

type Range = {
  eq(field: string, value: Row[string]): Range;
  gt(field: string, value: Row[string]): Range;
  gte(field: string, value: Row[string]): Range;
  lte(field: string, value: Row[string]): Range;
};
type Rows = AsyncIterable<StoredRow> & { take(limit: number): Promise<StoredRow[]> };

/** The database as better-auth needs it, which names tables, indexes and fields at run time. Only its own tables can be named. */
export type Rowbase = {
  get(table: AuthTable, id: string): Promise<StoredRow | null>;
  normalizeId(table: AuthTable, id: string): string | null;
  query(table: AuthTable): Rows & { withIndex(name: string, range: (q: Range) => unknown): Rows };
  insert(table: AuthTable, row: Row): Promise<string>;
  patch(table: AuthTable, id: string, change: Row): Promise<void>;
  delete(table: AuthTable, id: string): Promise<void>;
};

/** The same database without the compile-time knowledge of what is in which table. For queries it only reads. */
export function toRowbase(db: DatabaseReader | DatabaseWriter): Rowbase {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return db as unknown as Rowbase;
}

export const vAuthTable = v.union(
  v.literal("account"),
  v.literal("apikey"),
  v.literal("invitation"),
  v.literal("jwks"),
  v.literal("member"),
  v.literal("organization"),
  v.literal("session"),
  v.literal("user"),
  v.literal("verification"),
);

// A condition that no index answers reads the table, up to here. Past it, better an error than a slow surprise.
const SCAN_MAX = 2_000;

/** The rows that meet the conditions, in the order of an index that answers them best. Stops at `limit`. */
export async function findRows(
  db: Rowbase,
  table: AuthTable,
  where: readonly Clause[],
  limit = Infinity,
): Promise<StoredRow[]> {
  const found: StoredRow[] = [];
  let seen = 0;
  for await (const row of candidates(db, table, where)) {
    seen += 1;
    if (matches(row, where)) found.push(row);
    if (found.length >= limit) break;
    if (seen >= SCAN_MAX)
      throw new Error(`A query on ${table} by ${describe(where)} reads too many rows: add an index`);
  }
  return found;
}

/** Refuses a row that another one makes impossible. In a mutation this holds against every concurrent one, too. */
export async function requireUnique(db: Rowbase, table: AuthTable, row: Row, self?: string): Promise<void> {
  for (const { name, fields, unique } of authIndexes[table]) {
    if (!unique || fields.some((field) => row[field] === undefined || row[field] === null)) continue;
    const existing = await db
      .query(table)
      .withIndex(name, (q) =>
        equals(
          q,
          fields.map((field) => [field, row[field]] as const),
        ),
      )
      .take(2);
    if (existing.some((other) => other._id !== self)) {
      throw new ConvexError({
        code: "CONFLICT",
        message: `There is already such a row in ${table} (${fields.join(", ")}).`,
      });
    }
  }
}

async function* candidates(db: Rowbase, table: AuthTable, where: readonly Clause[]): AsyncGenerator<StoredRow> {
  const conditions = indexable(where);
  const byId = conditions.get("_id eq") ?? conditions.get("_id in");
  if (byId !== undefined) {
    const ids = Array.isArray(byId.value) ? byId.value : [byId.value];
    for (const id of new Set(ids)) {
      const known = typeof id === "string" ? db.normalizeId(table, id) : null;
      const row = known === null ? null : await db.get(table, known);
      if (row !== null) yield row;
    }
    return;
  }

  const best = authIndexes[table]
    .map((index) => ({ index, pinned: pinnedPrefix(index.fields, conditions) }))
    .toSorted((a, b) => b.pinned.length - a.pinned.length)[0];
  if (best !== undefined && best.pinned.length > 0) {
    yield* db.query(table).withIndex(best.index.name, (q) => equals(q, best.pinned));
    return;
  }

  for (const { name, fields } of authIndexes[table]) {
    const [field] = fields;
    if (field === undefined) continue;
    const list = conditions.get(`${field} in`);
    if (list !== undefined && Array.isArray(list.value)) {
      for (const value of new Set<string | number>(list.value)) {
        yield* db.query(table).withIndex(name, (q) => q.eq(field, value));
      }
      return;
    }
    const below = conditions.get(`${field} lt`) ?? conditions.get(`${field} lte`);
    const above = conditions.get(`${field} gt`) ?? conditions.get(`${field} gte`);
    if (below !== undefined) {
      yield* db.query(table).withIndex(name, (q) => q.gt(field, null).lte(field, below.value));
      return;
    }
    if (above !== undefined) {
      yield* db.query(table).withIndex(name, (q) => q.gte(field, above.value));
      return;
    }
  }
  yield* db.query(table);
}

/** The leading fields of an index that the conditions fix, with their values. */
function pinnedPrefix(fields: readonly string[], conditions: Map<string, Clause>): (readonly [string, Row[string]])[] {
  const pinned: (readonly [string, Row[string]])[] = [];
  for (const field of fields) {
    const clause = conditions.get(`${field} eq`);
    if (clause === undefined) break;
    pinned.push([field, clause.value ?? undefined]);
  }
  return pinned;
}

function equals(range: Range, pairs: readonly (readonly [string, Row[string]])[]): Range {
  return pairs.reduce((narrowed, [field, value]) => narrowed.eq(field, value), range);
}

function describe(where: readonly Clause[]): string {
  return where.map((clause) => `${clause.field} ${clause.operator}`).join(" and ") || "nothing";
}
