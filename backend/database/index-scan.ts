import type { Index } from "./catalog.ts";
import type { Document, ScanRow, Timestamp } from "./database.ts";
import type { OrderedMap } from "./ordered-map.ts";
import type { KeyRange, ReadSet } from "./read-set.ts";
import type { ScanOrder, SnapshotView } from "./snapshot-view.ts";

/** Most reads want a row or two; those that go on want many. */
const FIRST_CHUNK = 8;
const CHUNK_GROWTH = 8;
const MAX_CHUNK = 512;

export interface ScanSource {
  readonly view: SnapshotView;
  readonly snapshot: Timestamp;
  readonly reads: ReadSet;
  /** Asked anew for each row, as the transaction may write while it scans. */
  ownEntries(): OrderedMap<Document | null> | undefined;
  /** Counts a row, and throws when the transaction is over. */
  onRow(document: Document): void;
}

/** Walks one index at one snapshot with the transaction's own writes merged in, recording just what it has passed. */
export class IndexScan implements IterableIterator<ScanRow> {
  readonly #source: ScanSource;
  readonly #index: Index;
  readonly #order: ScanOrder;
  /** What is left to walk. */
  readonly #left: KeyRange;
  readonly #recorded: KeyRange;
  #chunk: readonly string[] = [];
  #position = 0;
  #rest: { readonly lower: string; readonly upper: string } | null;
  #chunkSize = FIRST_CHUNK;
  #isDone = false;

  constructor(source: ScanSource, index: Index, range: KeyRange, order: ScanOrder) {
    this.#source = source;
    this.#index = index;
    this.#order = order;
    this.#left = { lower: range.lower, upper: range.upper };
    this.#rest = this.#left.lower < this.#left.upper ? range : null;
    const start = order === "asc" ? range.lower : range.upper;
    this.#recorded = { lower: start, upper: start };
    source.reads.addRange(index.id, this.#recorded);
  }

  [Symbol.iterator](): this {
    return this;
  }

  next(): IteratorResult<ScanRow, undefined> {
    if (this.#isDone) return { done: true, value: undefined };
    for (;;) {
      const committed = this.#committedKey();
      const entries = this.#source.ownEntries();
      const own = entries && this.#ownKey(entries);
      const key = this.#nearer(committed, own);
      if (key === undefined) return this.#finish();
      if (key === committed) this.#position += 1;
      this.#pass(key);
      const document = key === own ? entries?.get(key) : this.#source.view.documentOfKey(key, this.#source.snapshot);
      if (!document) continue;
      this.#source.onRow(document);
      return { done: false, value: { key, document } };
    }
  }

  return(): IteratorResult<ScanRow, undefined> {
    this.#isDone = true;
    return { done: true, value: undefined };
  }

  #committedKey(): string | undefined {
    while (this.#position >= this.#chunk.length) {
      if (!this.#rest) return undefined;
      const { view, snapshot } = this.#source;
      const { keys, rest } = view.keys(this.#index, this.#rest, this.#order, this.#chunkSize, snapshot);
      this.#chunk = keys;
      this.#position = 0;
      this.#rest = rest;
      this.#chunkSize = Math.min(this.#chunkSize * CHUNK_GROWTH, MAX_CHUNK);
    }
    return this.#chunk[this.#position];
  }

  #ownKey(entries: OrderedMap<Document | null>): string | undefined {
    const { lower, upper } = this.#left;
    return this.#order === "asc" ? entries.firstKey(lower, upper) : entries.lastKey(lower, upper);
  }

  #nearer(a: string | undefined, b: string | undefined): string | undefined {
    if (a === undefined) return b;
    if (b === undefined) return a;
    return a < b === (this.#order === "asc") ? a : b;
  }

  #pass(key: string): void {
    if (this.#order === "asc") {
      this.#left.lower = `${key}\0`;
      this.#recorded.upper = this.#left.lower;
    } else {
      this.#left.upper = key;
      this.#recorded.lower = key;
    }
  }

  #finish(): IteratorResult<ScanRow, undefined> {
    this.#isDone = true;
    if (this.#order === "asc") this.#recorded.upper = this.#left.upper;
    else this.#recorded.lower = this.#left.lower;
    return { done: true, value: undefined };
  }
}
