import { DatabaseSync, type StatementSync } from "node:sqlite";
import { join } from "node:path";
import { Catalog, type Table } from "../backend/database/catalog.ts";
import { noteClosed } from "../backend/database/closing-note.ts";
import type { Document } from "../backend/database/database.ts";
import { DATABASE_FILE } from "../backend/database/sqlite-schema.ts";
import { makeDocument } from "../backend/database/stored-document.ts";
import { createId } from "../backend/values/document-id.ts";
import { parseJsonObject, type JsonObject } from "../backend/values/json.ts";

const ROWS_AT_ONCE = 40;
const BATCH = 30_000;

/**
 * Adds documents to the file of a backend that is closed: the same ids, texts and index entries that its commits would write, but
 * nothing is safe until `finish`, and nobody can read meanwhile. Ten times as fast, which a million keys need.
 */
export class BulkWriter {
  readonly #file: string;
  readonly #database: DatabaseSync;
  readonly #catalog: Catalog;
  readonly #documents: [string, string][] = [];
  readonly #entries = new Map<number, string[]>();
  readonly #inserts = new Map<string, StatementSync>();
  #lastCreationTime: number;

  constructor(folder: string) {
    this.#file = join(folder, DATABASE_FILE);
    this.#database = new DatabaseSync(this.#file);
    this.#database.exec(`
      PRAGMA journal_mode = OFF;
      PRAGMA synchronous = OFF;
      PRAGMA cache_size = -4194304;
      BEGIN;
    `);
    this.#catalog = Catalog.fromText(this.#state("catalog"));
    this.#lastCreationTime = Number(this.#state("lastCreationTime"));
  }

  /** The fields of a stored document, without those of the system. */
  read(id: string): JsonObject {
    const row = this.#database.prepare("SELECT text FROM documents WHERE id = ?").get(id);
    if (row === undefined) throw new Error(`there is no document ${id}`);
    const fields = Object.entries(parseJsonObject(String(row.text))).filter(([name]) => !name.startsWith("_"));
    return Object.fromEntries(fields);
  }

  /** An id for a document that is added later, so that others can refer to it. */
  newId(table: string): string {
    return createId(this.#table(table).number);
  }

  add(table: string, id: string, fields: JsonObject): void {
    // As the backend's clock does: later than every other.
    this.#lastCreationTime = Math.max(this.#lastCreationTime + 1 / 1024, Date.now());
    const target = this.#table(table);
    const document = makeDocument(target.number, id, this.#lastCreationTime, Object.entries(fields));
    this.#documents.push([id, document.text]);
    this.#addEntries(target, document);
    if (this.#documents.length >= BATCH) this.#write();
  }

  /** Writes the rest and closes the file. */
  finish(): void {
    this.#write();
    this.#database
      .prepare("UPDATE state SET value = ? WHERE name = 'lastCreationTime'")
      .run(String(this.#lastCreationTime));
    this.#database.exec("COMMIT; PRAGMA synchronous = FULL; PRAGMA journal_mode = WAL;");
    this.#database.close();
    noteClosed(this.#file);
  }

  #addEntries(table: Table, document: Document): void {
    for (const index of table.maintained) {
      const keys = this.#entries.get(index.id);
      if (keys === undefined) this.#entries.set(index.id, [index.keyOf(document)]);
      else keys.push(index.keyOf(document));
    }
  }

  #write(): void {
    // In order, neighbours land on the same pages.
    const documents = this.#documents.toSorted(([a], [b]) => (a < b ? -1 : 1));
    this.#documents.length = 0;
    this.#insert("documents (id, text)", documents);
    for (const [index, keys] of this.#entries) {
      const rows = keys.toSorted().map((key): [number, Buffer] => [index, Buffer.from(key, "latin1")]);
      this.#insert("index_entries (index_id, key)", rows);
    }
    this.#entries.clear();
  }

  #insert(target: string, rows: readonly (readonly (string | number | Buffer)[])[]): void {
    for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
      const some = rows.slice(start, start + ROWS_AT_ONCE);
      const text = `INSERT INTO ${target} VALUES ${some.map(() => "(?, ?)").join(", ")}`;
      const insert = this.#inserts.get(text) ?? this.#database.prepare(text);
      this.#inserts.set(text, insert);
      insert.run(...some.flat());
    }
  }

  #table(name: string): Table {
    const table = this.#catalog.table("", name);
    if (table === undefined) throw new Error(`there is no table ${name}`);
    return table;
  }

  #state(name: string): string {
    const row = this.#database.prepare("SELECT value FROM state WHERE name = ?").get(name);
    if (row === undefined) throw new Error(`the database has no ${name} yet`);
    return String(row.value);
  }
}
