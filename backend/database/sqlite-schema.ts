import type { DatabaseSync } from "node:sqlite";

/** Of the file's layout; a store of another version is refused. */
export const FORMAT_VERSION = 1;

export const DATABASE_FILE = "database.sqlite3";

/**
 * documents: the current version of every document, as JSON text.
 * index_entries: the current keys of every index; the document's id is the key's end, so nothing else is stored.
 * state: the catalog's JSON and the last times handed out, which must never be handed out again.
 */
export function createSchema(database: DatabaseSync): void {
  database.exec(`
    CREATE TABLE documents (id TEXT NOT NULL UNIQUE, text TEXT NOT NULL);
    CREATE TABLE index_entries (index_id INTEGER NOT NULL, key BLOB NOT NULL, PRIMARY KEY (index_id, key)) WITHOUT ROWID;
    CREATE TABLE state (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    PRAGMA user_version = ${FORMAT_VERSION};
  `);
}
