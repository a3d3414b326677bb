import type { Commit, DocumentChange, Timestamp } from "./database.ts";
import { ConflictError } from "./database.ts";
import type { Catalog } from "./catalog.ts";
import type { DocumentCache } from "./document-cache.ts";
import type { Flusher } from "./flusher.ts";
import type { Overlay } from "./overlay.ts";
import type { Write } from "./own-writes.ts";
import { resolveCommitTs } from "./stored-document.ts";

/** Turns the writes of a validated transaction into new versions: overlay, document cache and the next flush. */
export class CommitWriter {
  readonly #catalog: Catalog;
  readonly #overlay: Overlay;
  readonly #cache: DocumentCache;
  readonly #flusher: Flusher;

  constructor(catalog: Catalog, overlay: Overlay, cache: DocumentCache, flusher: Flusher) {
    this.#catalog = catalog;
    this.#overlay = overlay;
    this.#cache = cache;
    this.#flusher = flusher;
  }

  /** Throws ConflictError, before anything is changed, when a table has been dropped since. */
  requireTables(writes: readonly Write[]): void {
    for (const { table } of writes) {
      if (this.#catalog.tableByNumber(table.number) !== table) {
        throw new ConflictError(`Table ${table.name} was dropped while the transaction ran.`);
      }
    }
  }

  /** `ts` must be later than every commit before. */
  write(ts: Timestamp, writes: readonly Write[]): Commit {
    const touched = new Map<number, string[]>();
    const changes = writes.map((write) => this.#writeDocument(ts, write, touched));
    const commit = { ts, points: changes.map(({ id }) => id), keys: touched, changes };
    this.#overlay.committed(commit);
    return commit;
  }

  #writeDocument(ts: Timestamp, write: Write, touched: Map<number, string[]>): DocumentChange {
    const { table, id, before } = write;
    const after = write.after && resolveCommitTs(write.after, ts);
    this.#overlay.setDocument(id, ts, before, after);
    this.#flusher.setDocument(id, after ? after.text : null);
    if (after) this.#cache.set(after);
    else this.#cache.delete(id);

    for (const index of table.maintained) {
      const oldKey = before ? index.keyOf(before) : null;
      const newKey = after ? index.keyOf(after) : null;
      const keys = touched.get(index.id) ?? [];
      touched.set(index.id, keys);
      if (oldKey !== null) {
        // An unchanged key is touched, too: who scanned it has seen the document.
        this.#overlay.setKey(index.id, oldKey, ts, true, oldKey === newKey);
        if (oldKey !== newKey) this.#flusher.setEntry(index.id, oldKey, false);
        keys.push(oldKey);
      }
      if (newKey !== null && newKey !== oldKey) {
        this.#overlay.setKey(index.id, newKey, ts, false, true);
        this.#flusher.setEntry(index.id, newKey, true);
        keys.push(newKey);
      }
    }
    return { mount: table.mount, table: table.name, id, before, after };
  }
}
