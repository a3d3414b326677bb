import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { Database, KeyRange, Transaction } from "#backend/database/database.ts";
import { openDatabase, openMemoryDatabase } from "#backend/database/open-database.ts";
import type { JsonObject, JsonValue } from "#backend/values/json.ts";
import { afterPrefix, encodeKey, WHOLE_INDEX } from "#backend/values/ordered-key.ts";

const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** An empty folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "database-"));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Closes the database with the test. */
export function closing(database: Database): Database {
  cleanups.push(() => database.close());
  return database;
}

/** Each kind of database, for `describe.each`. */
export const DATABASES = [
  { name: "SQLite", open: (nowMs?: () => number) => closing(openDatabase(temporaryFolder(), { nowMs })) },
  { name: "memory", open: (nowMs?: () => number) => closing(openMemoryDatabase({ nowMs })) },
];

/** The range of rows whose first index fields equal the values. */
export function equalTo(...values: JsonValue[]): KeyRange {
  const prefix = encodeKey(values);
  return { lower: prefix, upper: afterPrefix(prefix) };
}

export const EVERYTHING: KeyRange = WHOLE_INDEX;

/** Runs a transaction and commits it; returns what the callback returned. */
export function inTransaction<T>(database: Database, run: (tx: Transaction) => T): T {
  using tx = database.begin();
  const result = run(tx);
  tx.commit();
  return result;
}

/** One field of every row of a scan, in its order. */
export function fieldsOf(rows: Iterable<{ document: { value: JsonObject } }>, field = "name"): JsonValue[] {
  return Array.from(rows, ({ document }) => document.value[field] ?? null);
}
