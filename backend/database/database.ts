import type { JsonObject } from "../values/json.ts";
import type { KeyRange, ReadSet, TouchedKeys } from "./read-set.ts";

export type { KeyRange, TouchedKeys } from "./read-set.ts";

/** Microseconds since the epoch, as an integer. Strictly increasing per commit, also across restarts and clock steps. */
export type Timestamp = number;

/** One version of a document. Immutable: a change makes a new Document. */
export interface Document {
  readonly id: string;
  /** The number of its table; unique over all mounts. */
  readonly tableNumber: number;
  /** Milliseconds since the epoch with a fraction; strictly increasing over all inserts. */
  readonly creationTime: number;
  /** The whole document with `_id` and `_creationTime`. Shared by all readers: never mutate it. */
  readonly value: JsonObject;
  /** `value` as JSON text. */
  readonly text: string;
}

export interface IndexSpec {
  readonly name: string;
  /** Field paths (`a.b` reaches into objects) without the trailing `_creationTime`. */
  readonly fields: readonly string[];
}

export interface TableSpec {
  readonly name: string;
  readonly indexes: readonly IndexSpec[];
}

export interface DocumentChange {
  readonly mount: string;
  readonly table: string;
  readonly id: string;
  readonly before: Document | null;
  readonly after: Document | null;
}

/** A commit as its listeners see it. `points` and `keys` say which readers are out of date. */
export interface Commit extends TouchedKeys {
  readonly ts: Timestamp;
  readonly points: readonly string[];
  readonly keys: ReadonlyMap<number, readonly string[]>;
  readonly changes: readonly DocumentChange[];
}

/** Thrown by commit (and by reads that meet a changed schema): run the transaction again from the start. */
export class ConflictError extends Error {
  override readonly name = "ConflictError";
}

/** Thrown by everything once a flush has failed: nothing can be promised any more and the process must stop. */
export class DatabaseFailedError extends Error {
  override readonly name = "DatabaseFailedError";
}

/** Thrown when a write names a document that does not exist (at this snapshot, in this mount). */
export class DocumentNotFoundError extends Error {
  override readonly name = "DocumentNotFoundError";
}

/** Thrown by scan when the table has no such index. */
export class IndexNotFoundError extends Error {
  override readonly name = "IndexNotFoundError";
}

export interface TransactionStats {
  documentsRead: number;
  /** Length of the documents' JSON text. */
  bytesRead: number;
  documentsWritten: number;
  bytesWritten: number;
}

export interface ScanRow {
  /** The row's key in the scanned index; `[key, key + "\0")` is the range that holds just this row. */
  readonly key: string;
  readonly document: Document;
}

/** Undo point inside a transaction. Savepoints nest; end the inner one first. */
export interface Savepoint {
  /** Undoes the writes made since; reads stay recorded. */
  rollback(): void;
  /** Keeps the writes. */
  release(): void;
}

/**
 * A view of one snapshot plus its own writes. Must be ended by `commit` or `abort` (or `using`): an open transaction
 * keeps old versions in memory.
 */
export interface Transaction extends Disposable {
  readonly snapshot: Timestamp;
  readonly reads: ReadSet;
  readonly stats: Readonly<TransactionStats>;
  /** Null when there is no such document, and for an id that is malformed or belongs to a table of another mount. */
  get(mount: string, id: string): Document | null;
  /** Inserts fields (without `_id`, `_creationTime`) and returns the new id. Creates the table if the mount lacks it. */
  insert(mount: string, table: string, value: JsonObject): string;
  /** Merges fields; `{"$undefined": null}` removes one. Throws DocumentNotFoundError. */
  patch(mount: string, id: string, value: JsonObject): void;
  /** Replaces all fields but `_id` and `_creationTime`. Throws DocumentNotFoundError. */
  replace(mount: string, id: string, value: JsonObject): void;
  /** Throws DocumentNotFoundError. */
  remove(mount: string, id: string): void;
  /**
   * Rows of an index within `range`, own writes included, exactly the consumed part recorded as read. `by_id` and
   * `by_creation_time` exist on every table; a table that does not exist reads as empty. Throws IndexNotFoundError.
   */
  scan(mount: string, table: string, index: string, range: KeyRange, order: "asc" | "desc"): IterableIterator<ScanRow>;
  savepoint(): Savepoint;
  /**
   * Validates the reads, makes the writes visible and queues them for the disk; await `database.durable(ts)` before
   * telling anyone. Throws ConflictError (the transaction is over then). Without writes it returns the snapshot.
   */
  commit(): { ts: Timestamp };
  /** Drops the writes. Does nothing on a transaction that is over. */
  abort(): void;
}

export interface SchemaProgress {
  /** Indexes built so far and to build in all. */
  readonly indexesComplete: number;
  readonly indexesTotal: number;
}

export interface Database extends AsyncDisposable {
  /** The latest visible commit. */
  readonly latest: Timestamp;
  /** Starts a transaction at the latest visible snapshot. */
  begin(): Transaction;
  /**
   * Resolves when everything up to `ts` is on disk (committed with a full sync); undefined when it is already.
   * Rejects with DatabaseFailedError when a flush fails.
   */
  durable(ts: Timestamp): Promise<void> | undefined;
  /**
   * Creates missing tables and builds new or changed indexes beside the live ones, in chunks that yield to the event
   * loop, while writes go on. Changes nothing readers can see except that empty tables exist.
   */
  prepareSchema(
    mount: string,
    tables: readonly TableSpec[],
    onProgress?: (progress: SchemaProgress) => void,
  ): Promise<void>;
  /** Switches a mount to prepared indexes and drops the others, at once. Throws when something is not prepared. */
  activateSchema(mount: string, tables: readonly TableSpec[]): void;
  /** Prepare, activate and wait for the disk. Tables missing from the list keep their documents, not their indexes. */
  setSchema(mount: string, tables: readonly TableSpec[]): Promise<void>;
  tableNumber(mount: string, table: string): number | undefined;
  tableName(mount: string, tableNumber: number): string | undefined;
  tables(mount: string): string[];
  mounts(): string[];
  /** Live indexes of a table, without the two that every table has. */
  indexes(mount: string, table: string): IndexSpec[];
  /** Drops all tables of a mount; their documents are deleted in the background. */
  removeMount(mount: string): void;
  /** Called synchronously when a commit becomes visible, before `commit()` returns. Returns the unsubscriber. */
  onCommit(listener: (commit: Commit) => void): () => void;
  /** Called once when a flush fails: the process must stop, what it acknowledged before is safe. */
  onFailure(listener: (error: Error) => void): () => void;
  /** Compares every index with the documents at one snapshot; returns what is wrong in words, empty when sound. */
  checkIntegrity(): Promise<string[]>;
  /** Flushes and closes. */
  close(): Promise<void>;
}
