import type { Document, Timestamp } from "./database.ts";
import { OrderedMap } from "./ordered-map.ts";
import type { KeyRange, ReadSet, TouchedKeys } from "./read-set.ts";

/** One version of something, newest first. The oldest in a chain is the pre-image: what held before the first change. */
interface Version<T> {
  readonly ts: Timestamp;
  readonly value: T;
  previous: Version<T> | null;
}

export interface KnownKey {
  readonly key: string;
  readonly isPresent: boolean;
}

interface IndexChanges {
  readonly keys: OrderedMap<Version<boolean>>;
  /** Of the latest change, so that most validations need not look at the keys. */
  lastTs: Timestamp;
}

const BEFORE_ALL: Timestamp = -1;

/**
 * What the store may not know yet, or must not be asked any more: every document and index key changed by a commit that
 * is not on disk, or is newer than the oldest running snapshot. Each has its pre-image, so for such a key the store is
 * never consulted and it does not matter whether a flush has happened meanwhile.
 */
export class Overlay {
  readonly #documents = new Map<string, Version<Document | null>>();
  readonly #indexes = new Map<number, IndexChanges>();
  /** Commits that still have something above, oldest first, from `#historyStart` on. */
  #history: (TouchedKeys & { readonly ts: Timestamp })[] = [];
  #historyStart = 0;

  /** The document as of the snapshot, null when it did not exist then, undefined when the store has the answer. */
  document(id: string, snapshot: Timestamp): Document | null | undefined {
    const newest = this.#documents.get(id);
    return newest && valueAt(newest, snapshot);
  }

  /** Records a new version; `before` is the one it takes the place of. */
  setDocument(id: string, ts: Timestamp, before: Document | null, after: Document | null): void {
    const previous = this.#documents.get(id) ?? { ts: BEFORE_ALL, value: before, previous: null };
    this.#documents.set(id, { ts, value: after, previous });
  }

  /** Records that a key appeared, went, or had its document changed. */
  setKey(index: number, key: string, ts: Timestamp, before: boolean, after: boolean): void {
    let changes = this.#indexes.get(index);
    if (!changes) {
      changes = { keys: new OrderedMap(), lastTs: ts };
      this.#indexes.set(index, changes);
    }
    changes.lastTs = ts;
    const previous = changes.keys.get(key) ?? { ts: BEFORE_ALL, value: before, previous: null };
    changes.keys.set(key, { ts, value: after, previous });
  }

  /** The first `limit` known keys of the range in scan order, with whether they existed at the snapshot. */
  keys(index: number, range: KeyRange, order: "asc" | "desc", limit: number, snapshot: Timestamp): KnownKey[] {
    const known: KnownKey[] = [];
    const keys = this.#indexes.get(index)?.keys;
    if (!keys) return known;
    let { lower, upper } = range;
    while (known.length < limit) {
      const key = order === "asc" ? keys.firstKey(lower, upper) : keys.lastKey(lower, upper);
      const version = key === undefined ? undefined : keys.get(key);
      if (key === undefined || !version) break;
      known.push({ key, isPresent: valueAt(version, snapshot) });
      if (order === "asc") lower = `${key}\0`;
      else upper = key;
    }
    return known;
  }

  /** True when a commit after the snapshot touched what was read. Holds for snapshots not yet given to `prune`. */
  hasChanged(reads: ReadSet, snapshot: Timestamp): boolean {
    for (const point of reads.points) {
      const version = this.#documents.get(point);
      if (version && version.ts > snapshot) return true;
    }
    for (const [index, ranges] of reads.ranges()) {
      const changes = this.#indexes.get(index);
      if (!changes || changes.lastTs <= snapshot) continue;
      for (const range of ranges) {
        for (const [, version] of changes.keys.between(range.lower, range.upper))
          if (version.ts > snapshot) return true;
      }
    }
    return false;
  }

  /** To be called once per commit, after its documents and keys were set. */
  committed(commit: TouchedKeys & { readonly ts: Timestamp }): void {
    this.#history.push(commit);
  }

  /** Forgets what is on disk and older than every running snapshot: all versions at or before `horizon` but the last. */
  prune(horizon: Timestamp): void {
    for (;;) {
      const commit = this.#history[this.#historyStart];
      if (!commit || commit.ts > horizon) break;
      this.#historyStart += 1;
      for (const point of commit.points) {
        const version = this.#documents.get(point);
        if (version && !cut(version, horizon)) this.#documents.delete(point);
      }
      for (const [index, touched] of commit.keys) {
        const keys = this.#indexes.get(index)?.keys;
        if (!keys) continue;
        for (const key of touched) {
          const version = keys.get(key);
          if (version && !cut(version, horizon)) keys.delete(key);
        }
        if (keys.size === 0) this.#indexes.delete(index);
      }
    }
    if (this.#historyStart > 1000 && this.#historyStart * 2 > this.#history.length) {
      this.#history = this.#history.slice(this.#historyStart);
      this.#historyStart = 0;
    }
  }

  /** How many documents and keys are held; for tests and diagnostics. */
  get size(): number {
    let size = this.#documents.size;
    for (const { keys } of this.#indexes.values()) size += keys.size;
    return size;
  }
}

function valueAt<T>(newest: Version<T>, snapshot: Timestamp): T {
  let version = newest;
  while (version.ts > snapshot && version.previous) version = version.previous;
  return version.value;
}

/** Drops versions no snapshot from the horizon on can see; false when even the newest need not be kept. */
function cut<T>(newest: Version<T>, horizon: Timestamp): boolean {
  if (newest.ts <= horizon) return false;
  let version = newest;
  while (version.ts > horizon && version.previous) version = version.previous;
  version.previous = null;
  return true;
}
