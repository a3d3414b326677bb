import type { Leftover } from "./catalog.ts";
import { DatabaseFailedError, type Timestamp } from "./database.ts";
import type { Store, StoreState } from "./store.ts";

class Batch {
  readonly documents = new Map<string, string | null>();
  readonly entries = new Map<number, Map<string, boolean>>();
  readonly leftovers: Leftover[] = [];
  readonly done = Promise.withResolvers<void>();
  changesCatalog = false;
  size = 0;

  constructor() {
    // Often nobody waits for a batch, and a failure is reported to the database's owner anyway.
    this.done.promise.catch(() => undefined);
  }
}

export interface FlusherHooks {
  /** Asked when a batch is sent; commits may join it until then. */
  currentState(): { catalog(): string; lastTs: Timestamp; lastCreationTime: number };
  onFlushed(ts: Timestamp): void;
  onPurged(leftover: Leftover): void;
  onFailed(error: Error): void;
}

/**
 * Group commit: gathers what the commits of a turn (and of the time the previous flush took) have changed and gives it
 * to the store as one batch. One batch is on its way at a time, so batches reach the disk in commit order.
 */
export class Flusher {
  readonly #store: Store;
  readonly #hooks: FlusherHooks;
  #flushedTs: Timestamp;
  #pending: Batch | null = null;
  #inFlight: Batch | null = null;
  #inFlightTs: Timestamp = 0;
  #failure: DatabaseFailedError | null = null;

  constructor(store: Store, hooks: FlusherHooks) {
    this.#store = store;
    this.#flushedTs = store.initialState.lastTs;
    this.#hooks = hooks;
    store.onFailure((error) => this.#fail(error));
  }

  get failure(): DatabaseFailedError | null {
    return this.#failure;
  }

  /** Everything up to this commit is on disk. */
  get flushedTs(): Timestamp {
    return this.#flushedTs;
  }

  /** Index entries and documents waiting for the next batch. */
  get backlog(): number {
    return this.#pending?.size ?? 0;
  }

  setDocument(id: string, text: string | null): void {
    const batch = this.#open();
    batch.documents.set(id, text);
    batch.size += 1;
  }

  setEntry(index: number, key: string, isPresent: boolean): void {
    const batch = this.#open();
    const entries = batch.entries.get(index);
    if (entries) entries.set(key, isPresent);
    else batch.entries.set(index, new Map([[key, isPresent]]));
    batch.size += 1;
  }

  catalogChanged(): void {
    this.#open().changesCatalog = true;
  }

  /** To be deleted once the catalog that no longer refers to it is on disk, lest a crash leave a gap in a live index. */
  purgeAfterFlush(leftovers: readonly Leftover[]): void {
    this.#open().leftovers.push(...leftovers);
  }

  durable(ts: Timestamp): Promise<void> | undefined {
    if (this.#failure) return Promise.reject(this.#failure);
    if (ts <= this.#flushedTs) return undefined;
    if (this.#inFlight && ts <= this.#inFlightTs) return this.#inFlight.done.promise;
    return this.#pending?.done.promise ?? this.#inFlight?.done.promise;
  }

  /** Resolves when everything handed in so far is on disk. */
  async settled(): Promise<void> {
    if (this.#failure) throw this.#failure;
    await (this.#pending ?? this.#inFlight)?.done.promise;
  }

  #open(): Batch {
    if (!this.#pending) {
      this.#pending = new Batch();
      if (!this.#inFlight) setImmediate(() => this.#send());
    }
    return this.#pending;
  }

  #send(): void {
    const batch = this.#pending;
    if (!batch || this.#inFlight || this.#failure) return;
    this.#pending = null;
    this.#inFlight = batch;
    const current = this.#hooks.currentState();
    const { lastTs, lastCreationTime } = current;
    this.#inFlightTs = lastTs;
    const state: StoreState = { catalog: batch.changesCatalog ? current.catalog() : null, lastTs, lastCreationTime };
    this.#store.apply({ state, documents: batch.documents, entries: batch.entries }).then(
      () => this.#flushed(batch),
      (error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))),
    );
  }

  #flushed(batch: Batch): void {
    if (this.#failure) return;
    this.#flushedTs = this.#inFlightTs;
    this.#inFlight = null;
    this.#send();
    batch.done.resolve();
    this.#hooks.onFlushed(this.#flushedTs);
    for (const leftover of batch.leftovers) {
      this.#store.purge(leftover).then(
        () => this.#hooks.onPurged(leftover),
        (error: unknown) => this.#fail(error instanceof Error ? error : new Error(String(error))),
      );
    }
  }

  #fail(cause: Error): void {
    if (this.#failure) return;
    this.#failure = new DatabaseFailedError(`The database could not be written: ${cause.message}`, { cause });
    this.#inFlight?.done.reject(this.#failure);
    this.#pending?.done.reject(this.#failure);
    this.#hooks.onFailed(this.#failure);
  }
}
