import type { Database, TableSpec, Transaction } from "../database/database.ts";
import { encodeKey, afterPrefix } from "../values/ordered-key.ts";

export const SYSTEM_MOUNT = "_system";
const TABLE = "_session_requests";

/**
 * Results of mutations by the client session and request that asked for them. Written in the mutation's own transaction,
 * read when a client that lost its connection asks again, deleted after some days.
 */
export const sessionRequestsTable: TableSpec = {
  name: TABLE,
  indexes: [{ name: "by_request", fields: ["sessionId", "requestId"] }],
};

export interface SessionRequest {
  readonly sessionId: string;
  readonly requestId: number;
}

export interface StoredResult {
  /** JSON text. */
  readonly value: string;
  readonly logLines: readonly string[];
}

const KEEP_MS = 5 * 24 * 60 * 60 * 1000;
const SWEEP_BATCH = 500;

/** Notes the result of a request, to be committed together with its effects. */
export function storeResult(tx: Transaction, request: SessionRequest, result: StoredResult): void {
  const { sessionId, requestId } = request;
  tx.insert(SYSTEM_MOUNT, TABLE, { sessionId, requestId, value: result.value, logLines: [...result.logLines] });
}

/** The result of a request that was carried out before, or null. */
export function findResult(database: Database, request: SessionRequest): StoredResult | null {
  using tx = database.begin();
  const prefix = encodeKey([request.sessionId, request.requestId]);
  const range = { lower: prefix, upper: afterPrefix(prefix) };
  for (const { document } of tx.scan(SYSTEM_MOUNT, TABLE, "by_request", range, "asc")) {
    const { value, logLines } = document.value;
    if (typeof value !== "string") continue;
    const lines = Array.isArray(logLines) ? logLines.filter((line) => typeof line === "string") : [];
    return { value, logLines: lines };
  }
  return null;
}

/** Deletes a batch of results that no client will ask for any more. Returns how many; ask again until it is none. */
export function sweepResults(database: Database, now: number): number {
  using tx = database.begin();
  const range = { lower: "", upper: encodeKey([now - KEEP_MS]) };
  const ids: string[] = [];
  for (const { document } of tx.scan(SYSTEM_MOUNT, TABLE, "by_creation_time", range, "asc")) {
    ids.push(document.id);
    if (ids.length >= SWEEP_BATCH) break;
  }
  for (const id of ids) tx.remove(SYSTEM_MOUNT, id);
  tx.commit();
  return ids.length;
}
