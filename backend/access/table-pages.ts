import type { Database, Transaction } from "../database/database.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { WHOLE_INDEX } from "../values/ordered-key.ts";

const DEFAULT_PAGE = 100;

/** A page of a mount's table names; one page holds them all. */
export function pageOfTables(database: Database, mount: string): JsonValue {
  const names = database.tables(mount).toSorted();
  return { page: names.map((name) => ({ name })), isDone: true, continueCursor: "end" };
}

/**
 * A page of a table by creation time, for `{table, order, paginationOpts: {cursor, numItems}}`.
 *
 * @throws Error when the arguments have another shape.
 */
export function pageOfTable(tx: Transaction, mount: string, args: JsonObject): JsonValue {
  const { table, order = "desc", paginationOpts } = args;
  if (typeof table !== "string") throw new Error("table must be text");
  if (order !== "asc" && order !== "desc") throw new Error('order must be "asc" or "desc"');
  const { cursor, numItems } = isJsonObject(paginationOpts) ? paginationOpts : { cursor: null, numItems: DEFAULT_PAGE };
  if (typeof numItems !== "number") throw new Error("paginationOpts.numItems must be a number");

  const page: JsonValue[] = [];
  let lastKey = "";
  for (const { key, document } of tx.scan(mount, table, "by_creation_time", rangeAfter(cursor, order), order)) {
    if (page.length >= numItems) return { page, isDone: false, continueCursor: toCursor(lastKey) };
    page.push(document.value);
    lastKey = key;
  }
  return { page, isDone: true, continueCursor: toCursor(lastKey) };
}

function rangeAfter(cursor: JsonValue | undefined, order: "asc" | "desc"): { lower: string; upper: string } {
  if (typeof cursor !== "string" || cursor === "") return { ...WHOLE_INDEX };
  const key = Buffer.from(cursor, "base64url").toString("latin1");
  return order === "asc" ? { lower: `${key}\0`, upper: WHOLE_INDEX.upper } : { lower: WHOLE_INDEX.lower, upper: key };
}

function toCursor(key: string): string {
  return Buffer.from(key, "latin1").toString("base64url");
}
