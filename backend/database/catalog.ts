import { encodeKey, fieldAt } from "../values/ordered-key.ts";
import type { Document, IndexSpec, Timestamp } from "./database.ts";

// Two-byte varints up to 16,383, which makes ids exactly 32 characters.
const FIRST_TABLE_NUMBER = 1001;

/** One index of one table. Its id is never used again, so leftovers of a dropped index can harm nobody. */
export class Index {
  readonly id: number;
  readonly name: string;
  readonly fields: readonly string[];
  /** Snapshots before this cannot use the index: changes between them and its creation were not recorded in it. */
  readonly since: Timestamp;
  /** True once every document of the table is in it. */
  isBuilt: boolean;

  constructor(id: number, spec: IndexSpec, since: Timestamp, isBuilt: boolean) {
    this.id = id;
    this.name = spec.name;
    this.fields = spec.fields;
    this.since = since;
    this.isBuilt = isBuilt;
  }

  /** The document's place in this index: its fields' values, then creation time and id, which make it unique. */
  keyOf(document: Document): string {
    if (this.name === "by_id") return encodeKey([document.id]);
    if (this.fields.length === 0) return encodeKey([document.creationTime, document.id]);
    const values = this.fields.map((field) => fieldAt(document.value, field));
    values.push(document.creationTime, document.id);
    return encodeKey(values);
  }

  matches(spec: IndexSpec): boolean {
    return this.name === spec.name && this.fields.join(",") === spec.fields.join(",");
  }
}

/** A table of one mount with the indexes that readers see (`live`) and those a schema change is building. */
export class Table {
  readonly number: number;
  readonly mount: string;
  readonly name: string;
  readonly byId: Index;
  readonly byCreationTime: Index;
  readonly live = new Map<string, Index>();
  readonly prepared = new Set<Index>();
  #maintained: readonly Index[] | undefined;

  constructor(number: number, mount: string, name: string, byId: number, byCreationTime: number) {
    this.number = number;
    this.mount = mount;
    this.name = name;
    this.byId = new Index(byId, { name: "by_id", fields: [] }, 0, true);
    this.byCreationTime = new Index(byCreationTime, { name: "by_creation_time", fields: [] }, 0, true);
  }

  /** Every index a write has to keep up to date. */
  get maintained(): readonly Index[] {
    this.#maintained ??= [this.byId, this.byCreationTime, ...this.live.values(), ...this.prepared];
    return this.#maintained;
  }

  /** To be called after a change of `live` or `prepared`. */
  indexesChanged(): void {
    this.#maintained = undefined;
  }

  index(name: string): Index | undefined {
    if (name === "by_creation_time") return this.byCreationTime;
    if (name === "by_id") return this.byId;
    return this.live.get(name);
  }
}

/** Entries to delete in the background; with `documents` (only for a by_id index) the documents they name, too. */
export interface Leftover {
  readonly index: number;
  readonly documents: boolean;
}

interface CatalogJson {
  nextTable: number;
  nextIndex: number;
  tables: {
    number: number;
    mount: string;
    name: string;
    byId: number;
    byCreationTime: number;
    indexes: { id: number; name: string; fields: readonly string[] }[];
  }[];
  leftovers: Leftover[];
}

/** Which tables and indexes exist. Kept in memory and stored as one JSON text, as it is small and rarely changes. */
export class Catalog {
  readonly #byName = new Map<string, Map<string, Table>>();
  readonly #byNumber = new Map<number, Table>();
  readonly #leftovers = new Set<Leftover>();
  #nextTable = FIRST_TABLE_NUMBER;
  #nextIndex = 1;

  static fromText(text: string | null): Catalog {
    const catalog = new Catalog();
    if (text === null) return catalog;
    // Written by toText below in the same format version, which the store checks when it opens the file.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const json = JSON.parse(text) as CatalogJson;
    catalog.#nextTable = json.nextTable;
    catalog.#nextIndex = json.nextIndex;
    for (const entry of json.tables) {
      const table = new Table(entry.number, entry.mount, entry.name, entry.byId, entry.byCreationTime);
      for (const index of entry.indexes) table.live.set(index.name, new Index(index.id, index, 0, true));
      catalog.#add(table);
    }
    for (const leftover of json.leftovers) catalog.#leftovers.add(leftover);
    return catalog;
  }

  /** Unfinished indexes are written as leftovers: after a crash their entries go, and the next push builds them anew. */
  toText(): string {
    const tables = [...this.#byNumber.values()];
    const unfinished = tables.flatMap((table) =>
      [...table.prepared].map(({ id }) => ({ index: id, documents: false })),
    );
    const json: CatalogJson = {
      nextTable: this.#nextTable,
      nextIndex: this.#nextIndex,
      tables: tables.map((table) => ({
        number: table.number,
        mount: table.mount,
        name: table.name,
        byId: table.byId.id,
        byCreationTime: table.byCreationTime.id,
        indexes: [...table.live.values()].map(({ id, name, fields }) => ({ id, name, fields })),
      })),
      leftovers: [...this.#leftovers, ...unfinished],
    };
    return JSON.stringify(json);
  }

  table(mount: string, name: string): Table | undefined {
    return this.#byName.get(mount)?.get(name);
  }

  tableByNumber(number: number): Table | undefined {
    return this.#byNumber.get(number);
  }

  tablesOf(mount: string): Table[] {
    return [...(this.#byName.get(mount)?.values() ?? [])];
  }

  mounts(): string[] {
    return [...this.#byName.keys()];
  }

  leftovers(): Leftover[] {
    return [...this.#leftovers];
  }

  createTable(mount: string, name: string): Table {
    const table = new Table(this.#nextTable++, mount, name, this.#nextIndex++, this.#nextIndex++);
    this.#add(table);
    return table;
  }

  createIndex(spec: IndexSpec, since: Timestamp): Index {
    return new Index(this.#nextIndex++, spec, since, false);
  }

  dropMount(mount: string): Leftover[] {
    const dropped: Leftover[] = [];
    for (const table of this.tablesOf(mount)) {
      this.#byNumber.delete(table.number);
      for (const index of table.maintained) dropped.push(this.dropIndex(index, index === table.byId));
      table.prepared.clear();
    }
    this.#byName.delete(mount);
    return dropped;
  }

  /** Remembers that the entries of an index nobody uses any more are to be deleted. */
  dropIndex(index: Index, documents = false): Leftover {
    const leftover = { index: index.id, documents };
    this.#leftovers.add(leftover);
    return leftover;
  }

  leftoverGone(leftover: Leftover): void {
    this.#leftovers.delete(leftover);
  }

  #add(table: Table): void {
    const tables = this.#byName.get(table.mount) ?? new Map<string, Table>();
    tables.set(table.name, table);
    this.#byName.set(table.mount, tables);
    this.#byNumber.set(table.number, table);
  }
}
