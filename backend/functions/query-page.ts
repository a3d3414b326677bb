import type { Transaction } from "../database/database.ts";
import type { JsonObject, JsonValue } from "../values/json.ts";
import type { Execution } from "./execution.ts";
import { decodeCursor, encodeCursor, END_CURSOR, queryFingerprint, type PagePosition } from "./page-cursor.ts";
import { planQuery, type QueryPlan } from "./query-plan.ts";
import { QueryStream } from "./query-stream.ts";

/** Pages of a live query grow with their rows; past this the client is told to split one. */
const SPLIT_ROWS = 1000;
const MAX_ROWS_READ = 16_000;
const MAX_BYTES_READ = 4 * 1024 * 1024;

/**
 * One page of a query, as the JSON text of `1.0/queryPage`'s answer. The first run of a live page ends after `pageSize`
 * documents; its end is recorded in the journal, and later runs end there again whatever was inserted in between.
 */
export function queryPage(execution: Execution, tx: Transaction, request: JsonObject): string {
  if (execution.paginated) {
    throw new Error(
      "This query or mutation function ran multiple paginated queries. Convex only supports a single paginated query in each function.",
    );
  }
  execution.paginated = true;
  const { root } = execution;
  const plan = planQuery(execution.mount, request["query"]);
  const fingerprint = queryFingerprint(execution.mount.path, request["query"] ?? null);
  const limits = readLimits(request);

  const start = typeof request["cursor"] === "string" ? decodeCursor(request["cursor"], fingerprint) : null;
  // Only the root function's page is journaled: the journal belongs to the client's one subscription.
  const journaled = execution.isNested ? null : root.journalIn;
  const endCursor = typeof request["endCursor"] === "string" ? request["endCursor"] : journaled;
  const end = endCursor === null ? null : decodeCursor(endCursor, fingerprint);

  const page = start?.type === "end" ? emptyPage() : readPage(tx, execution, within(plan, start, end), end, limits);
  const continueCursor = encodeCursor(page.position, fingerprint);
  if (!execution.isNested && execution.kind === "query") root.journalOut = continueCursor;
  const splitCursor = page.splitKey === null ? null : encodeCursor({ type: "after", key: page.splitKey }, fingerprint);
  const tail = JSON.stringify({
    isDone: continueCursor === END_CURSOR,
    continueCursor,
    splitCursor,
    pageStatus: page.status,
  });
  return `{"page":[${page.texts.join(",")}],${tail.slice(1)}`;
}

interface PageLimits {
  readonly pageSize: number;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

interface Page {
  readonly texts: string[];
  readonly position: PagePosition;
  readonly splitKey: string | null;
  readonly status: "SplitRecommended" | "SplitRequired" | null;
}

function emptyPage(): Page {
  return { texts: [], position: { type: "end" }, splitKey: null, status: null };
}

function readLimits(request: JsonObject): PageLimits {
  return {
    pageSize: positive(request["pageSize"]) ?? 0,
    rowsRead: Math.min(positive(request["maximumRowsRead"]) ?? MAX_ROWS_READ, MAX_ROWS_READ),
    bytesRead: Math.min(positive(request["maximumBytesRead"]) ?? MAX_BYTES_READ, MAX_BYTES_READ),
  };
}

/** The part of the query's range that lies after `start` and not after `end`, in the query's order. */
function within(plan: QueryPlan, start: PagePosition | null, end: PagePosition | null): QueryPlan {
  const range = { ...plan.range };
  const ascending = plan.order === "asc";
  if (start?.type === "after") {
    if (ascending) range.lower = maximum(range.lower, `${start.key}\0`);
    else range.upper = minimum(range.upper, start.key);
  }
  if (end?.type === "after") {
    if (ascending) range.upper = minimum(range.upper, `${end.key}\0`);
    else range.lower = maximum(range.lower, end.key);
  }
  return { ...plan, range };
}

function readPage(
  tx: Transaction,
  execution: Execution,
  plan: QueryPlan,
  end: PagePosition | null,
  limits: PageLimits,
): Page {
  const stream = new QueryStream(tx, plan, execution.root.budget);
  const texts: string[] = [];
  const keys: string[] = [];
  let rowsRead = 0;
  let bytesRead = 0;
  const split = (position: PagePosition, status: Page["status"]): Page => ({
    texts,
    position,
    splitKey: status === null ? null : (keys[(keys.length - 1) >> 1] ?? null),
    status,
  });
  // A page with a fixed end takes whatever lies before it; only the first run counts to the page size.
  const size = end === null ? limits.pageSize : Infinity;
  while (texts.length < size) {
    const row = stream.step();
    if (row === null) return split(end ?? { type: "end" }, texts.length > SPLIT_ROWS ? "SplitRecommended" : null);
    rowsRead++;
    keys.push(row.key);
    if (row.text !== null) {
      texts.push(row.text);
      bytesRead += row.text.length;
    }
    if (rowsRead >= limits.rowsRead || bytesRead >= limits.bytesRead) {
      // With a fixed end the halves that the client asks for next must meet that end, or rows between would be lost.
      return split(end ?? { type: "after", key: row.key }, "SplitRequired");
    }
  }
  const last = keys.at(-1);
  if (last === undefined) throw new Error("A page holds at least one document: `numItems` must be positive.");
  return split({ type: "after", key: last }, null);
}

function positive(value: JsonValue | undefined): number | null {
  return typeof value === "number" && value > 0 ? value : null;
}

function maximum(a: string, b: string): string {
  return a > b ? a : b;
}

function minimum(a: string, b: string): string {
  return a < b ? a : b;
}
