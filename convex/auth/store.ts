import { v } from "convex/values";
import { internalMutation, internalQuery } from "../_generated/server.js";
import { findRows, requireUnique, toRowbase, vAuthTable } from "./rows.ts";
import type { AuthTable, Rowbase, StoredRow } from "./rows.ts";
import { vClause } from "./where.ts";
import type { Row } from "./where.ts";
import { auditMembership, vOrigin } from "./membershipAudit.ts";
import { settleRemoval } from "./removals.ts";

// What auth/adapter.ts runs, each call one transaction. better-auth's own rules live in better-auth; here are
// only storage, uniqueness, and the audit entries that must not come apart from what they tell of.

const vRow = v.record(v.string(), v.any());
const vTarget = { table: vAuthTable, where: v.array(vClause) };
const vSort = v.object({ field: v.string(), direction: v.union(v.literal("asc"), v.literal("desc")) });

export const find = internalQuery({
  args: { ...vTarget, limit: v.number(), offset: v.optional(v.number()), sortBy: v.optional(vSort) },
  returns: v.array(vRow),
  handler: async (ctx, { table, where, limit, offset = 0, sortBy }) => {
    // Sorting needs all of them, a page without order only the first.
    const rows = await findRows(toRowbase(ctx.db), table, where, sortBy === undefined ? offset + limit : Infinity);
    if (sortBy !== undefined) rows.sort((a, b) => compare(a[sortBy.field], b[sortBy.field], sortBy.direction));
    return rows.slice(offset, offset + limit);
  },
});

export const count = internalQuery({
  args: vTarget,
  returns: v.number(),
  handler: async (ctx, { table, where }) => (await findRows(toRowbase(ctx.db), table, where)).length,
});

export const create = internalMutation({
  args: { table: vAuthTable, data: vRow, origin: vOrigin },
  returns: vRow,
  handler: async (ctx, { table, data, origin }) => {
    const row = withoutNulls(data);
    await requireUnique(toRowbase(ctx.db), table, row);
    const created = await read(toRowbase(ctx.db), table, await toRowbase(ctx.db).insert(table, row));
    await auditMembership(ctx, origin, table, null, created);
    return created;
  },
});

/** Updates every matching row, or only the first. Answers the rows as they are then. */
export const update = internalMutation({
  args: { ...vTarget, data: vRow, only: v.union(v.literal("first"), v.literal("all")), origin: vOrigin },
  returns: v.array(vRow),
  handler: async (ctx, { table, where, data, only, origin }) => {
    const rows = await findRows(toRowbase(ctx.db), table, where, only === "first" ? 1 : Infinity);
    const changed: StoredRow[] = [];
    for (const row of rows) {
      const after = await change(toRowbase(ctx.db), table, row, data);
      await auditMembership(ctx, origin, table, row, after);
      changed.push(after);
    }
    return changed;
  },
});

/** Deletes every matching row, or only the first. Answers what was deleted: of two callers at once, one gets the row. */
export const remove = internalMutation({
  args: { ...vTarget, only: v.union(v.literal("first"), v.literal("all")), origin: vOrigin },
  returns: v.array(vRow),
  handler: async (ctx, { table, where, only, origin }) => {
    const rows = await findRows(toRowbase(ctx.db), table, where, only === "first" ? 1 : Infinity);
    for (const row of rows) {
      await toRowbase(ctx.db).delete(table, row._id);
      await auditMembership(ctx, origin, table, row, null);
      await settleRemoval(ctx, origin, table, row);
    }
    return rows;
  },
});

/** Adds to numbers of the first matching row, and only if it still matches, in one step. */
export const increment = internalMutation({
  args: { ...vTarget, increment: v.record(v.string(), v.number()), data: vRow, origin: vOrigin },
  returns: v.union(vRow, v.null()),
  handler: async (ctx, { table, where, increment: deltas, data, origin }) => {
    const [row] = await findRows(toRowbase(ctx.db), table, where, 1);
    if (row === undefined) return null;
    const sums = Object.entries(deltas).map(([field, delta]) => [field, toNumber(row[field]) + delta]);
    const after = await change(toRowbase(ctx.db), table, row, { ...data, ...Object.fromEntries(sums) });
    await auditMembership(ctx, origin, table, row, after);
    return after;
  },
});

async function change(db: Rowbase, table: AuthTable, row: StoredRow, data: Row): Promise<StoredRow> {
  // Null takes the field away: the tables know absent fields, not null ones.
  const patch = Object.fromEntries(Object.entries(data).map(([field, value]) => [field, value ?? undefined]));
  await requireUnique(db, table, { ...row, ...patch }, row._id);
  await db.patch(table, row._id, patch);
  return await read(db, table, row._id);
}

async function read(db: Rowbase, table: AuthTable, id: string): Promise<StoredRow> {
  const row: StoredRow | null = await db.get(table, id);
  if (row === null) throw new Error(`A row that was just written to ${table} is not there`);
  return row;
}

function withoutNulls(data: Row): Row {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== null && value !== undefined));
}

function toNumber(value: Row[string]): number {
  return typeof value === "number" ? value : 0;
}

function compare(a: Row[string], b: Row[string], direction: "asc" | "desc"): number {
  const [first, second] = direction === "asc" ? [a, b] : [b, a];
  const [low, high] = [first ?? "", second ?? ""];
  if (low === high) return 0;
  return low < high ? -1 : 1;
}
