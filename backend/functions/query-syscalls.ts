import type { JsonObject } from "../values/json.ts";
import { WHOLE_INDEX } from "../values/ordered-key.ts";
import type { Execution } from "./execution.ts";
import { queryPage } from "./query-page.ts";
import { planQuery } from "./query-plan.ts";
import { QueryStream } from "./query-stream.ts";
import { readableTable } from "./readable-table.ts";
import { requireTransaction } from "./syscall-scope.ts";

export const querySyncCalls = {
  "1.0/queryStream": (execution: Execution, { query }: JsonObject): string => {
    const tx = requireTransaction(execution);
    const stream = new QueryStream(tx, planQuery(execution.mount, query), execution.root.budget);
    return JSON.stringify({ queryId: execution.openStream(stream) });
  },

  "1.0/queryCleanup": (execution: Execution, { queryId }: JsonObject): string => {
    if (typeof queryId === "number") execution.closeStream(queryId);
    return "true";
  },
};

export const queryCalls = {
  "1.0/queryStreamNext": (execution: Execution, { queryId }: JsonObject): string => {
    const stream = typeof queryId === "number" ? execution.stream(queryId) : undefined;
    if (stream === undefined) throw new Error("This query is closed and can't emit any more values.");
    const text = stream.next();
    return text === null ? '{"value":null,"done":true}' : `{"value":${text},"done":false}`;
  },

  "1.0/queryPage": (execution: Execution, request: JsonObject): string =>
    queryPage(execution, requireTransaction(execution), request),

  "1.0/count": (execution: Execution, { table }: JsonObject): string => {
    if (typeof table !== "string") throw new Error("count needs a table.");
    const stream = new QueryStream(
      requireTransaction(execution),
      {
        table: readableTable(execution.mount, table),
        index: "by_creation_time",
        range: { ...WHOLE_INDEX },
        order: "asc",
        operators: [],
      },
      execution.root.budget,
    );
    let count = 0;
    while (stream.next() !== null) count++;
    return JSON.stringify(count);
  },
};
