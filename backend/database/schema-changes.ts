import { WHOLE_INDEX } from "../values/ordered-key.ts";
import type { Catalog, Index, Leftover, Table } from "./catalog.ts";
import type { IndexSpec, SchemaProgress, TableSpec, Timestamp } from "./database.ts";
import type { Flusher } from "./flusher.ts";
import type { SnapshotView } from "./snapshot-view.ts";

/** Documents per turn of the event loop: a few milliseconds of work. */
const BACKFILL_CHUNK = 128;
/** Entries that may wait for the disk before the backfill pauses. */
const MAX_BACKLOG = 5000;

export interface SchemaHost {
  readonly catalog: Catalog;
  readonly view: SnapshotView;
  readonly flusher: Flusher;
  latest(): Timestamp;
  ensureTable(mount: string, name: string): Table;
}

/** Brings the indexes of a mount in line with a schema, building new ones while reads and writes go on. */
export class SchemaChanges {
  readonly #host: SchemaHost;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(host: SchemaHost) {
    this.#host = host;
  }

  /** One preparation at a time: two that want different indexes of one name would undo each other's work. */
  prepare(mount: string, tables: readonly TableSpec[], onProgress?: (progress: SchemaProgress) => void): Promise<void> {
    const run = this.#queue.then(() => this.#prepare(mount, tables.map(normalize), onProgress));
    this.#queue = run.catch(() => undefined);
    return run;
  }

  activate(mount: string, specs: readonly TableSpec[]): void {
    const wanted = new Map(specs.map((spec) => [spec.name, normalize(spec).indexes]));
    const { catalog, flusher } = this.#host;
    for (const [name, indexes] of wanted) {
      const table = catalog.table(mount, name);
      const missing = indexes.find((spec) => !table || !findBuilt(table, spec));
      if (!table || missing) throw new Error(`Not prepared: ${mount}/${name}${missing ? `.${missing.name}` : ""}`);
    }
    const leftovers: Leftover[] = [];
    for (const table of catalog.tablesOf(mount)) {
      const live = (wanted.get(table.name) ?? []).map((spec) => findBuilt(table, spec));
      const dropped = new Set([...table.live.values(), ...table.prepared]);
      table.live.clear();
      table.prepared.clear();
      for (const index of live) {
        if (!index) continue;
        table.live.set(index.name, index);
        dropped.delete(index);
      }
      table.indexesChanged();
      for (const index of dropped) leftovers.push(catalog.dropIndex(index));
    }
    flusher.catalogChanged();
    flusher.purgeAfterFlush(leftovers);
  }

  async #prepare(
    mount: string,
    specs: readonly TableSpec[],
    onProgress?: (progress: SchemaProgress) => void,
  ): Promise<void> {
    const { flusher } = this.#host;
    const work = specs.map((spec) => this.#startIndexes(this.#host.ensureTable(mount, spec.name), spec.indexes));
    flusher.catalogChanged();
    const indexesTotal = work.reduce((total, { indexes }) => total + indexes.length, 0);
    let indexesComplete = 0;
    for (const { table, indexes } of work) {
      if (indexes.length === 0) continue;
      await this.#backfill(table, indexes);
      indexesComplete += indexes.length;
      onProgress?.({ indexesComplete, indexesTotal });
    }
    await flusher.settled();
    for (const { indexes } of work) for (const index of indexes) index.isBuilt = true;
  }

  /** From here on every commit maintains the new indexes; what is older is the backfill's part. */
  #startIndexes(table: Table, specs: readonly IndexSpec[]): { table: Table; indexes: Index[] } {
    const { catalog, flusher } = this.#host;
    for (const index of table.prepared) {
      if (index.isBuilt && specs.some((spec) => index.matches(spec))) continue;
      table.prepared.delete(index);
      flusher.purgeAfterFlush([catalog.dropIndex(index)]);
    }
    const missing = specs.filter((spec) => !findBuilt(table, spec));
    const indexes = missing.map((spec) => catalog.createIndex(spec, this.#host.latest()));
    for (const index of indexes) table.prepared.add(index);
    table.indexesChanged();
    return { table, indexes };
  }

  async #backfill(table: Table, indexes: readonly Index[]): Promise<void> {
    const { view, flusher } = this.#host;
    let rest: { readonly lower: string; readonly upper: string } | null = WHOLE_INDEX;
    while (rest) {
      // Within one turn nothing else commits, so these are the latest versions, and a later commit's entries come
      // after them in the flush. Documents inserted behind this point have put themselves into the index.
      const snapshot = this.#host.latest();
      const chunk = view.keys(table.byId, rest, "asc", BACKFILL_CHUNK, snapshot);
      for (const key of chunk.keys) {
        const document = view.documentOfKey(key, snapshot);
        for (const index of indexes) flusher.setEntry(index.id, index.keyOf(document), true);
      }
      rest = chunk.rest;
      if (flusher.backlog > MAX_BACKLOG) await flusher.settled();
      else await new Promise(setImmediate);
      if (flusher.failure) throw flusher.failure;
      if (!indexes.every((index) => table.prepared.has(index))) {
        throw new Error(`The schema of ${table.mount}/${table.name} was changed again while its indexes were built.`);
      }
    }
  }
}

function findBuilt(table: Table, spec: IndexSpec): Index | undefined {
  const live = table.live.get(spec.name);
  if (live?.matches(spec)) return live;
  return [...table.prepared].find((index) => index.isBuilt && index.matches(spec));
}

/** Convex writes the trailing `_creationTime` in some places and leaves it out in others. */
function normalize(spec: TableSpec): TableSpec {
  const indexes = spec.indexes.map(({ name, fields }) => ({
    name,
    fields: fields.at(-1) === "_creationTime" ? fields.slice(0, -1) : fields,
  }));
  return { name: spec.name, indexes };
}
