import type { Index, Table } from "./catalog.ts";
import type { Document } from "./database.ts";
import { OrderedMap } from "./ordered-map.ts";

/** What a transaction has done to one document: `before` is committed at its snapshot, `after` what it wants. */
export interface Write {
  readonly table: Table;
  readonly id: string;
  readonly before: Document | null;
  readonly after: Document | null;
}

/** The uncommitted writes of one transaction, with an undo log for savepoints and, for scans, their index keys. */
export class OwnWrites {
  readonly #writes = new Map<string, Write>();
  readonly #undo: { readonly id: string; readonly previous: Write | undefined }[] = [];
  /** Per scanned index, by key: the document there, or null where the committed entry is hidden. */
  readonly #indexes = new Map<Index, OrderedMap<Document | null>>();
  readonly #tables = new Set<Table>();

  get size(): number {
    return this.#writes.size;
  }

  get(id: string): Write | undefined {
    return this.#writes.get(id);
  }

  all(): IterableIterator<Write> {
    return this.#writes.values();
  }

  set(write: Write): void {
    const previous = this.#writes.get(write.id);
    this.#undo.push({ id: write.id, previous });
    this.#tables.add(write.table);
    this.#writes.set(write.id, write);
    this.#reindex(write.table, previous ? previous.after : write.before, write.after);
  }

  /** A position for `rollback`. */
  get position(): number {
    return this.#undo.length;
  }

  rollback(position: number): void {
    while (this.#undo.length > position) {
      const undone = this.#undo.pop();
      const write = undone && this.#writes.get(undone.id);
      if (!undone || !write) return;
      const { previous } = undone;
      if (previous) this.#writes.set(undone.id, previous);
      else this.#writes.delete(undone.id);
      this.#reindex(write.table, write.after, previous ? previous.after : write.before);
    }
  }

  /** Own entries of an index; undefined when the transaction has not written to its table. */
  entries(table: Table, index: Index): OrderedMap<Document | null> | undefined {
    if (!this.#tables.has(table)) return undefined;
    let entries = this.#indexes.get(index);
    if (!entries) {
      // Most transactions never scan what they have written, so keys are worked out at the first scan only.
      entries = new OrderedMap();
      this.#indexes.set(index, entries);
      for (const write of this.#writes.values()) {
        if (write.table === table) move(entries, index, write.before, write.after);
      }
    }
    return entries;
  }

  #reindex(table: Table, from: Document | null, to: Document | null): void {
    if (this.#indexes.size === 0) return;
    for (const index of table.maintained) {
      const entries = this.#indexes.get(index);
      if (entries) move(entries, index, from, to);
    }
  }
}

function move(entries: OrderedMap<Document | null>, index: Index, from: Document | null, to: Document | null): void {
  if (from) entries.set(index.keyOf(from), null);
  if (to) entries.set(index.keyOf(to), to);
}
