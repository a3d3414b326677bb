import type { Timestamp } from "./database.ts";
import type { Leftover } from "./catalog.ts";

/** What a store remembers besides documents and index entries. */
export interface StoreState {
  /** The catalog's text; null in a new store, and in a batch that leaves it as it is. */
  readonly catalog: string | null;
  readonly lastTs: Timestamp;
  readonly lastCreationTime: number;
}

/** Changes that reach the disk together or not at all. */
export interface StoreBatch {
  readonly state: StoreState;
  /** By id the new text, or null for a deleted document. */
  readonly documents: ReadonlyMap<string, string | null>;
  /** By index id, by key: true when the entry exists from now on. */
  readonly entries: ReadonlyMap<number, ReadonlyMap<string, boolean>>;
}

/**
 * Where current versions live. Reads are synchronous and see every applied batch; old versions are the overlay's
 * business. Both stores pass `test/backend/database/store-conformance.ts`.
 */
export interface Store {
  /** As it was when the store was opened. */
  readonly initialState: StoreState;
  /** The text of a document, or null. */
  read(id: string): string | null;
  /** At most `limit` keys of `[lower, upper)` in the given order. */
  scan(index: number, lower: string, upper: string, order: "asc" | "desc", limit: number): string[];
  /** Resolves when the batch is on disk. Calls must not overlap. After a rejection the store is not to be used. */
  apply(batch: StoreBatch): Promise<void>;
  /** Deletes entries (and documents) nobody refers to, little by little, between batches. */
  purge(leftover: Leftover): Promise<void>;
  /** Called when the store breaks while no `apply` is waiting. */
  onFailure(listener: (error: Error) => void): void;
  documentCount(): number;
  /** Checks the store's own structure; returns what is wrong in words. */
  check(): string[];
  close(): Promise<void>;
}
