import { WHOLE_INDEX } from "../values/ordered-key.ts";
import type { Index, Table } from "./catalog.ts";
import type { Timestamp } from "./database.ts";
import type { SnapshotView } from "./snapshot-view.ts";

const CHUNK = 200;

/**
 * Compares the indexes of a table with its documents at one snapshot, which the caller must hold. Adds problems in
 * words and returns the number of documents. Yields to the event loop.
 */
export async function checkTable(
  view: SnapshotView,
  table: Table,
  snapshot: Timestamp,
  problems: string[],
): Promise<number> {
  const indexes = table.maintained.filter((index) => index.isBuilt);
  let documents = 0;
  for (const index of indexes) {
    let entries = 0;
    let rest: { readonly lower: string; readonly upper: string } | null = WHOLE_INDEX;
    while (rest) {
      const chunk = view.keys(index, rest, "asc", CHUNK, snapshot);
      rest = chunk.rest;
      for (const key of chunk.keys) {
        entries += 1;
        const problem = checkEntry(view, index, key, snapshot);
        if (problem) problems.push(`${table.mount}/${table.name}.${index.name}: ${problem}`);
      }
      await new Promise(setImmediate);
    }
    // by_id comes first and counts the documents.
    if (index === table.byId) documents = entries;
    // Keys are unique and each was found to be its own document's, so equal counts mean that none is missing.
    if (entries !== documents) {
      problems.push(`${table.mount}/${table.name}.${index.name} has ${entries} entries for ${documents} documents.`);
    }
  }
  return documents;
}

function checkEntry(view: SnapshotView, index: Index, key: string, snapshot: Timestamp): string | null {
  try {
    const document = view.documentOfKey(key, snapshot);
    return index.keyOf(document) === key ? null : `the entry of ${document.id} does not match the document.`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
