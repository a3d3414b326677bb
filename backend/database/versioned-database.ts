import { Catalog, type Table } from "./catalog.ts";
import { Clock } from "./clock.ts";
import { CommitWriter } from "./commit-writer.ts";
import {
  ConflictError,
  type Commit,
  type Database,
  type IndexSpec,
  type SchemaProgress,
  type TableSpec,
  type Timestamp,
  type Transaction,
} from "./database.ts";
import { DocumentCache } from "./document-cache.ts";
import { Flusher } from "./flusher.ts";
import { checkTable } from "./integrity.ts";
import { OptimisticTransaction, type TransactionHost } from "./optimistic-transaction.ts";
import { Overlay } from "./overlay.ts";
import type { Write } from "./own-writes.ts";
import { missingTablePoint, type ReadSet } from "./read-set.ts";
import { SchemaChanges } from "./schema-changes.ts";
import { SnapshotView } from "./snapshot-view.ts";
import { Snapshots } from "./snapshots.ts";
import type { Store } from "./store.ts";

export interface DatabaseOptions {
  /** Epoch milliseconds. Default `Date.now`. */
  nowMs?: () => number;
  /** Memory for decoded documents, default 64 MiB. */
  cacheBytes?: number;
  /** Called when the store is closed. */
  onClosed?: () => void;
}

/** The database over any store: many versions in memory, the current one in the store. */
export class VersionedDatabase implements Database {
  readonly #store: Store;
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #overlay = new Overlay();
  readonly #snapshots = new Snapshots();
  readonly #flusher: Flusher;
  readonly #view: SnapshotView;
  readonly #writer: CommitWriter;
  readonly #schema: SchemaChanges;
  readonly #host: TransactionHost;
  readonly #commitListeners = new Set<(commit: Commit) => void>();
  readonly #failureListeners = new Set<(error: Error) => void>();
  readonly #onClosed: () => void;
  #closing: Promise<void> | null = null;

  constructor(store: Store, options: DatabaseOptions = {}) {
    const { initialState } = store;
    this.#store = store;
    this.#onClosed = options.onClosed ?? (() => undefined);
    this.#catalog = Catalog.fromText(initialState.catalog);
    this.#clock = new Clock(options.nowMs ?? Date.now, initialState.lastTs, initialState.lastCreationTime);
    this.#flusher = new Flusher(store, {
      currentState: () => ({
        catalog: () => this.#catalog.toText(),
        lastTs: this.#clock.lastTs,
        lastCreationTime: this.#clock.lastCreationTime,
      }),
      onFlushed: () => this.#prune(),
      onPurged: (leftover) => {
        this.#catalog.leftoverGone(leftover);
        this.#flusher.catalogChanged();
      },
      onFailed: (error) => {
        for (const listener of this.#failureListeners) listener(error);
      },
    });
    const cache = new DocumentCache(options.cacheBytes ?? 64 * 1024 * 1024);
    this.#view = new SnapshotView(store, this.#overlay, cache);
    this.#writer = new CommitWriter(this.#catalog, this.#overlay, cache, this.#flusher);
    this.#schema = new SchemaChanges({
      catalog: this.#catalog,
      view: this.#view,
      flusher: this.#flusher,
      latest: () => this.latest,
      ensureTable: (mount, name) => this.#ensureTable(mount, name),
    });
    this.#host = {
      view: this.#view,
      table: (mount, name) => this.#catalog.table(mount, name),
      tableByNumber: (number) => this.#catalog.tableByNumber(number),
      ensureTable: (mount, name) => this.#ensureTable(mount, name),
      nextCreationTime: () => this.#clock.nextCreationTime(),
      commit: (snapshot, reads, writes) => this.#commit(snapshot, reads, writes),
      release: (snapshot) => {
        if (this.#snapshots.release(snapshot)) this.#prune();
      },
    };
    const leftovers = this.#catalog.leftovers();
    if (leftovers.length > 0) this.#flusher.purgeAfterFlush(leftovers);
  }

  get latest(): Timestamp {
    return this.#clock.lastTs;
  }

  begin(): Transaction {
    this.#requireRunning();
    const snapshot = this.latest;
    this.#snapshots.take(snapshot);
    return new OptimisticTransaction(this.#host, snapshot);
  }

  durable(ts: Timestamp): Promise<void> | undefined {
    return this.#flusher.durable(ts);
  }

  prepareSchema(
    mount: string,
    tables: readonly TableSpec[],
    onProgress?: (progress: SchemaProgress) => void,
  ): Promise<void> {
    return this.#schema.prepare(mount, tables, onProgress);
  }

  activateSchema(mount: string, tables: readonly TableSpec[]): void {
    this.#requireRunning();
    this.#schema.activate(mount, tables);
  }

  async setSchema(mount: string, tables: readonly TableSpec[]): Promise<void> {
    await this.#schema.prepare(mount, tables);
    this.activateSchema(mount, tables);
    await this.#flusher.settled();
  }

  tableNumber(mount: string, table: string): number | undefined {
    return this.#catalog.table(mount, table)?.number;
  }

  tableName(mount: string, tableNumber: number): string | undefined {
    const table = this.#catalog.tableByNumber(tableNumber);
    return table?.mount === mount ? table.name : undefined;
  }

  tables(mount: string): string[] {
    return this.#catalog.tablesOf(mount).map((table) => table.name);
  }

  mounts(): string[] {
    return this.#catalog.mounts();
  }

  indexes(mount: string, table: string): IndexSpec[] {
    const live = this.#catalog.table(mount, table)?.live.values() ?? [];
    return [...live].map(({ name, fields }) => ({ name, fields }));
  }

  removeMount(mount: string): void {
    this.#requireRunning();
    const leftovers = this.#catalog.dropMount(mount);
    if (leftovers.length === 0) return;
    this.#flusher.catalogChanged();
    this.#flusher.purgeAfterFlush(leftovers);
  }

  onCommit(listener: (commit: Commit) => void): () => void {
    this.#commitListeners.add(listener);
    return () => this.#commitListeners.delete(listener);
  }

  onFailure(listener: (error: Error) => void): () => void {
    this.#failureListeners.add(listener);
    return () => this.#failureListeners.delete(listener);
  }

  async checkIntegrity(): Promise<string[]> {
    await this.#flusher.settled();
    const problems = this.#store.check();
    using snapshot = this.begin();
    let documents = 0;
    for (const mount of this.mounts()) {
      for (const table of this.#catalog.tablesOf(mount)) {
        documents += await checkTable(this.#view, table, snapshot.snapshot, problems);
      }
    }
    // Under concurrent writes, or with dropped tables still being deleted, the store's own count says nothing.
    const isQuiet = this.latest === snapshot.snapshot && this.#catalog.leftovers().length === 0;
    if (isQuiet && !this.durable(this.latest) && this.#store.documentCount() !== documents) {
      problems.push(`The store holds ${this.#store.documentCount()} documents, its tables list ${documents}.`);
    }
    return problems;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    try {
      if (!this.#flusher.failure) await this.#flusher.settled();
    } finally {
      await this.#store.close();
      this.#onClosed();
    }
  }

  #commit(snapshot: Timestamp, reads: ReadSet, all: Iterable<Write>): Timestamp {
    this.#requireRunning();
    const writes = [...all].filter(({ before, after }) => before !== null || after !== null);
    if (this.latest !== snapshot && this.#overlay.hasChanged(reads, snapshot)) {
      throw new ConflictError("Something the transaction has read was changed before it could commit.");
    }
    if (writes.length === 0) return snapshot;
    this.#writer.requireTables(writes);
    const commit = this.#writer.write(this.#clock.nextTs(), writes);
    this.#publish(commit);
    return commit.ts;
  }

  #ensureTable(mount: string, name: string): Table {
    const existing = this.#catalog.table(mount, name);
    if (existing) return existing;
    this.#requireRunning();
    const table = this.#catalog.createTable(mount, name);
    this.#flusher.catalogChanged();
    // A commit of its own: who has read the table as missing must hear that it exists now.
    const point = missingTablePoint(mount, name);
    const commit = { ts: this.#clock.nextTs(), points: [point], keys: new Map<number, string[]>(), changes: [] };
    this.#overlay.setDocument(point, commit.ts, null, null);
    this.#overlay.committed(commit);
    this.#publish(commit);
    return table;
  }

  #publish(commit: Commit): void {
    for (const listener of this.#commitListeners) listener(commit);
  }

  #prune(): void {
    this.#overlay.prune(Math.min(this.#flusher.flushedTs, this.#snapshots.oldest()));
  }

  #requireRunning(): void {
    if (this.#flusher.failure) throw this.#flusher.failure;
    if (this.#closing) throw new Error("The database is closed.");
  }
}
