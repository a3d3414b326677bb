import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Worker } from "node:worker_threads";
import type { Leftover } from "./catalog.ts";
import { noteClosed } from "./closing-note.ts";
import { quickCheck } from "./database-file.ts";
import type { FlushReply, FlushRequest } from "./flush-messages.ts";
import type { Store, StoreBatch, StoreState } from "./store.ts";

/**
 * One SQLite file in WAL mode: this thread reads by its own connection, a worker thread writes by another. Expects a
 * sound file (`prepareDatabaseFile`) that no other process has open (`lockFolder`).
 */
export class SqliteStore implements Store {
  readonly initialState: StoreState;
  readonly #file: string;
  readonly #reader: DatabaseSync;
  readonly #readDocument: StatementSync;
  readonly #scans = { asc: new Map<number, StatementSync>(), desc: new Map<number, StatementSync>() };
  readonly #worker: Worker;
  readonly #purges = new Map<number, () => void>();
  #applying: { resolve(): void; reject(error: Error): void } | null = null;
  #closing: { promise: Promise<void>; resolve(): void } | null = null;
  #failure: Error | null = null;
  #failureListener: ((error: Error) => void) | null = null;

  constructor(file: string) {
    this.#file = file;
    this.#reader = new DatabaseSync(file, { readOnly: true });
    // Not mapped into memory: a page that is not there yet is then read with all that the system reads ahead around it, which is
    // megabytes on some machines, and every call waits for that.
    this.#reader.exec("PRAGMA cache_size = -65536; PRAGMA mmap_size = 0");
    this.#readDocument = this.#reader.prepare("SELECT text FROM documents WHERE id = ?");
    this.initialState = this.#readState();

    this.#worker = new Worker(new URL("./flush-worker.ts", import.meta.url), { workerData: file });
    this.#worker.on("message", (reply: FlushReply) => this.#handle(reply));
    this.#worker.on("error", (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
    this.#worker.on("exit", (code) => {
      if (!this.#closing) this.#fail(new Error(`The flush thread ended with code ${code}.`));
    });
  }

  read(id: string): string | null {
    const row: unknown = this.#readDocument.get(id);
    return Array.isArray(row) && typeof row[0] === "string" ? row[0] : null;
  }

  scan(index: number, lower: string, upper: string, order: "asc" | "desc", limit: number): string[] {
    const statement = this.#scans[order].get(limit) ?? this.#prepareScan(order, limit);
    // `all` ends the statement, so no read transaction stays open that would keep the log from being checkpointed.
    const rows: unknown[] = statement.all(index, Buffer.from(lower, "latin1"), Buffer.from(upper, "latin1"));
    const keys: string[] = [];
    for (const row of rows) {
      const key: unknown = Array.isArray(row) ? row[0] : null;
      if (!(key instanceof Uint8Array)) throw new TypeError("An index key is not a blob.");
      keys.push(Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1"));
    }
    return keys;
  }

  apply(batch: StoreBatch): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#applying = { resolve, reject };
    const { catalog, lastTs, lastCreationTime } = batch.state;
    const state: [string, string][] = [
      ["lastTs", String(lastTs)],
      ["lastCreationTime", String(lastCreationTime)],
    ];
    if (catalog !== null) state.push(["catalog", catalog]);
    const entries = [...batch.entries].map(([index, changes]) => {
      const added: string[] = [];
      const removed: string[] = [];
      for (const [key, isPresent] of changes) (isPresent ? added : removed).push(key);
      return { index, added, removed };
    });
    const ids = [...batch.documents.keys()];
    this.#send({ type: "apply", state, ids, texts: [...batch.documents.values()], entries });
    return promise;
  }

  purge(leftover: Leftover): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#purges.set(leftover.index, resolve);
    this.#send({ type: "purge", index: leftover.index, documents: leftover.documents });
    return promise;
  }

  onFailure(listener: (error: Error) => void): void {
    this.#failureListener = listener;
  }

  documentCount(): number {
    const row = this.#reader.prepare("SELECT count(*) AS count FROM documents").get();
    return Number(row?.count);
  }

  check(): string[] {
    return quickCheck(this.#reader);
  }

  async close(): Promise<void> {
    if (!this.#closing) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#closing = { promise, resolve };
      // First, so that the writer is the last to leave and folds the log into the file.
      this.#reader.close();
      if (this.#failure) resolve();
      else this.#send({ type: "close" });
    }
    await this.#closing.promise;
    await this.#worker.terminate();
  }

  /** One statement per limit (there are few): given as a parameter, SQLite plans the statement anew at every call. */
  #prepareScan(order: "asc" | "desc", limit: number): StatementSync {
    const statement = this.#reader.prepare(
      `SELECT key FROM index_entries WHERE index_id = ? AND key >= ? AND key < ? ORDER BY key ${order} LIMIT ${limit}`,
    );
    statement.setReturnArrays(true);
    this.#scans[order].set(limit, statement);
    return statement;
  }

  #readState(): StoreState {
    this.#readDocument.setReturnArrays(true);
    const rows = this.#reader.prepare("SELECT name, value FROM state").all();
    const state = new Map(rows.map((row) => [String(row.name), String(row.value)]));
    return {
      catalog: state.get("catalog") ?? null,
      lastTs: Number(state.get("lastTs") ?? 0),
      lastCreationTime: Number(state.get("lastCreationTime") ?? 0),
    };
  }

  #send(request: FlushRequest): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(request);
  }

  #handle(reply: FlushReply): void {
    switch (reply.type) {
      case "applied": {
        const applying = this.#applying;
        this.#applying = null;
        applying?.resolve();
        return;
      }
      case "purged":
        this.#purges.get(reply.index)?.();
        this.#purges.delete(reply.index);
        return;
      case "closed":
        noteClosed(this.#file);
        this.#closing?.resolve();
        return;
      case "failed":
        this.#fail(new Error(reply.message));
        return;
      default:
        reply satisfies never;
    }
  }

  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#applying?.reject(error);
    this.#applying = null;
    this.#closing?.resolve();
    this.#failureListener?.(error);
  }
}
