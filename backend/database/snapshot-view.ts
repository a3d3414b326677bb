import { idOfKey } from "../values/ordered-key.ts";
import type { Index } from "./catalog.ts";
import type { Document, Timestamp } from "./database.ts";
import type { DocumentCache } from "./document-cache.ts";
import type { Overlay } from "./overlay.ts";
import type { KeyRange } from "./read-set.ts";
import type { Store } from "./store.ts";
import { StoredDocument } from "./stored-document.ts";

export type ScanOrder = "asc" | "desc";

export interface KeyChunk {
  /** In scan order; may be empty although more follows. */
  readonly keys: readonly string[];
  /** The range in which the scan goes on; null when it is complete. */
  readonly rest: { readonly lower: string; readonly upper: string } | null;
}

/** Committed data at any snapshot that is still held: the store's current versions with the overlay on top. */
export class SnapshotView {
  readonly #store: Store;
  readonly #overlay: Overlay;
  readonly #cache: DocumentCache;

  constructor(store: Store, overlay: Overlay, cache: DocumentCache) {
    this.#store = store;
    this.#overlay = overlay;
    this.#cache = cache;
  }

  document(id: string, snapshot: Timestamp): Document | null {
    const known = this.#overlay.document(id, snapshot);
    if (known !== undefined) return known;
    const cached = this.#cache.get(id);
    if (cached) return cached;
    const text = this.#store.read(id);
    if (text === null) return null;
    const document = new StoredDocument(id, text);
    this.#cache.set(document);
    return document;
  }

  /** The document an index key belongs to; throws when there is none, as that means a damaged index. */
  documentOfKey(key: string, snapshot: Timestamp): Document {
    const document = this.document(idOfKey(key), snapshot);
    if (!document) throw new Error(`An index entry names document ${idOfKey(key)}, which does not exist.`);
    return document;
  }

  /** The first (or, descending, the last) keys, about `limit`, within the range that existed at the snapshot. */
  keys(index: Index, range: KeyRange, order: ScanOrder, limit: number, snapshot: Timestamp): KeyChunk {
    // Merged at once and not while the caller goes on: by then the overlay may have handed keys over to the store.
    const stored = this.#store.scan(index.id, range.lower, range.upper, order, limit);
    const known = this.#overlay.keys(index.id, range, order, limit, snapshot);
    // Beyond the end of either list (unless it holds all there is) the other one alone would be half the truth.
    const storedEnd = stored.length < limit ? undefined : stored.at(-1);
    const knownEnd = known.length < limit ? undefined : known.at(-1)?.key;
    const compare: Comparison = order === "asc" ? ascending : descending;
    const end = nearer(storedEnd, knownEnd, compare);
    const rest = end === undefined ? null : beyond(end, range, order);
    if (known.length === 0) return { keys: stored, rest };

    const isWithin = (key: string) => end === undefined || compare(key, end) <= 0;
    const overridden = new Set(known.map(({ key }) => key));
    const keys = stored.filter((key) => !overridden.has(key) && isWithin(key));
    for (const { key, isPresent } of known) if (isPresent && isWithin(key)) keys.push(key);
    keys.sort(compare);
    return { keys, rest };
  }
}

type Comparison = (a: string, b: string) => number;

function nearer(a: string | undefined, b: string | undefined, compare: Comparison): string | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return compare(a, b) <= 0 ? a : b;
}

function beyond(end: string, range: KeyRange, order: ScanOrder): KeyRange {
  return order === "asc" ? { lower: `${end}\0`, upper: range.upper } : { lower: range.lower, upper: end };
}

function ascending(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function descending(a: string, b: string): number {
  return ascending(b, a);
}
