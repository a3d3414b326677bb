import { createHash } from "node:crypto";
import type { JsonValue } from "../values/json.ts";
import { DataFailure } from "./function-failure.ts";

/** The cursor after the last row of a query. */
export const END_CURSOR = "_end_cursor";

/** Where a page ends: after the row with this index key, or after everything. */
export type PagePosition = { readonly type: "end" } | { readonly type: "after"; readonly key: string };

/**
 * Cursors are text without meaning to their holder: the index key of a row and a fingerprint of the query, so that a cursor
 * of one query is refused by another. The same position always has the same text, else every re-run of a page would differ.
 */
export function encodeCursor(position: PagePosition, fingerprint: string): string {
  if (position.type === "end") return END_CURSOR;
  return Buffer.from(fingerprint + position.key, "latin1").toString("base64url");
}

/** Throws the ConvexError that makes the React client start over from the first page. */
export function decodeCursor(cursor: string, fingerprint: string): PagePosition {
  if (cursor === END_CURSOR) return { type: "end" };
  const text = Buffer.from(cursor, "base64url").toString("latin1");
  if (!text.startsWith(fingerprint)) {
    throw new DataFailure(
      "InvalidCursor: Tried to run a query starting from a cursor, but it looks like this cursor is from a different query.",
      { isConvexSystemError: true, paginationError: "InvalidCursor" },
    );
  }
  return { type: "after", key: text.slice(fingerprint.length) };
}

/** Eight characters that tell apart queries by source, order and operators. */
export function queryFingerprint(mount: string, query: JsonValue): string {
  return createHash("sha256")
    .update(mount)
    .update("\0")
    .update(JSON.stringify(query))
    .digest()
    .toString("latin1")
    .slice(0, 8);
}
