import type { KeyRange } from "../database/database.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { WHOLE_INDEX } from "../values/ordered-key.ts";
import { toKeyRange } from "./index-range.ts";
import type { LoadedMount } from "./loaded-mount.ts";
import { compileFilter } from "./query-filter.ts";
import { readableTable, type ReadableTable } from "./readable-table.ts";

/** A query as the engine runs it: one index scan, then filters and limits in order. */
export interface QueryPlan {
  readonly table: ReadableTable;
  readonly index: string;
  readonly range: KeyRange;
  readonly order: "asc" | "desc";
  readonly operators: readonly QueryOperator[];
}

export type QueryOperator =
  | { readonly type: "filter"; keeps(document: JsonObject): boolean }
  | { readonly type: "limit"; readonly count: number };

/** Decodes the `query` of a host call. Throws on search queries, unknown indexes and malformed expressions. */
export function planQuery(mount: LoadedMount, query: JsonValue | undefined): QueryPlan {
  if (!isJsonObject(query) || !isJsonObject(query["source"]) || !Array.isArray(query["operators"])) {
    throw new Error("Malformed query.");
  }
  const { source } = query;
  const operators = query["operators"].map(toOperator);
  const order = source["order"] === "desc" ? "desc" : "asc";
  const { type, tableName, indexName } = source;
  if (type === "FullTableScan" && typeof tableName === "string") {
    const table = readableTable(mount, tableName);
    return { table, index: "by_creation_time", range: { ...WHOLE_INDEX }, order, operators };
  }
  if (type === "IndexRange" && typeof indexName === "string") {
    const dot = indexName.indexOf(".");
    const table = readableTable(mount, indexName.slice(0, dot));
    const index = table.index(indexName.slice(dot + 1));
    if (index === undefined) throw new Error(`Index ${indexName} not found.`);
    const range = toKeyRange(index, indexName, source["range"] ?? []);
    return { table, index: index.name, range, order, operators };
  }
  if (type === "Search") {
    throw new Error(`Search indexes are not supported by this backend (query on ${JSON.stringify(indexName)}).`);
  }
  throw new Error("Malformed query.");
}

function toOperator(operator: JsonValue): QueryOperator {
  if (isJsonObject(operator)) {
    if (typeof operator["limit"] === "number") return { type: "limit", count: operator["limit"] };
    if (operator["filter"] !== undefined) {
      return { type: "filter", keeps: compileFilter(operator["filter"]) };
    }
  }
  throw new Error("Malformed query operator.");
}
