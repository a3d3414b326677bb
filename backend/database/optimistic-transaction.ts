import { createId } from "../values/document-id.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { fieldAt } from "../values/ordered-key.ts";
import { wrapperKind } from "../values/format-value.ts";
import type { Table } from "./catalog.ts";
import {
  ConflictError,
  DocumentNotFoundError,
  IndexNotFoundError,
  type Document,
  type Savepoint,
  type ScanRow,
  type Timestamp,
  type Transaction,
  type TransactionStats,
} from "./database.ts";
import { IndexScan } from "./index-scan.ts";
import { OwnWrites, type Write } from "./own-writes.ts";
import { missingTablePoint, ReadSet, type KeyRange } from "./read-set.ts";
import type { ScanOrder, SnapshotView } from "./snapshot-view.ts";
import { makeDocument } from "./stored-document.ts";

/** What a transaction needs from the database it runs in. */
export interface TransactionHost {
  readonly view: SnapshotView;
  table(mount: string, name: string): Table | undefined;
  tableByNumber(number: number): Table | undefined;
  ensureTable(mount: string, name: string): Table;
  nextCreationTime(): number;
  /** Validates the reads and makes the writes visible; throws ConflictError. */
  commit(snapshot: Timestamp, reads: ReadSet, writes: Iterable<Write>): Timestamp;
  /** The snapshot is no longer read by this transaction. */
  release(snapshot: Timestamp): void;
}

/** Runs without locks: reads are recorded, writes kept aside, and the commit finds out whether the reads still hold. */
export class OptimisticTransaction implements Transaction {
  readonly snapshot: Timestamp;
  readonly reads = new ReadSet();
  readonly stats: TransactionStats = { documentsRead: 0, bytesRead: 0, documentsWritten: 0, bytesWritten: 0 };
  readonly #host: TransactionHost;
  readonly #writes = new OwnWrites();
  #isOver = false;

  constructor(host: TransactionHost, snapshot: Timestamp) {
    this.#host = host;
    this.snapshot = snapshot;
  }

  get(mount: string, id: string): Document | null {
    this.#requireOpen();
    const document = this.#find(mount, id);
    if (document) this.#countRead(document);
    return document;
  }

  insert(mount: string, table: string, value: JsonObject): string {
    this.#requireOpen();
    const target = this.#host.ensureTable(mount, table);
    const id = createId(target.number);
    const creationTime = this.#host.nextCreationTime();
    this.#write(target, id, null, makeDocument(target.number, id, creationTime, Object.entries(value)));
    return id;
  }

  patch(mount: string, id: string, value: JsonObject): void {
    const current = this.#require(mount, id);
    checkSystemFields(current, value);
    const fields = new Map(Object.entries(current.value));
    for (const [field, change] of Object.entries(value)) {
      if (isUndefined(change)) fields.delete(field);
      else fields.set(field, change);
    }
    this.#rewrite(current, fields);
  }

  replace(mount: string, id: string, value: JsonObject): void {
    const current = this.#require(mount, id);
    checkSystemFields(current, value);
    this.#rewrite(current, Object.entries(value));
  }

  remove(mount: string, id: string): void {
    const current = this.#require(mount, id);
    this.#write(this.#tableOf(current), id, current, null);
  }

  scan(mount: string, table: string, index: string, range: KeyRange, order: ScanOrder): IterableIterator<ScanRow> {
    this.#requireOpen();
    const source = this.#host.table(mount, table);
    if (!source) {
      this.reads.addPoint(missingTablePoint(mount, table));
      return [].values();
    }
    const target = source.index(index);
    if (!target) throw new IndexNotFoundError(`Index ${table}.${index} not found.`);
    if (this.snapshot < target.since) {
      this.abort();
      throw new ConflictError(`Index ${table}.${index} is newer than this transaction.`);
    }
    const scan = {
      view: this.#host.view,
      snapshot: this.snapshot,
      reads: this.reads,
      ownEntries: () => this.#writes.entries(source, target),
      onRow: (document: Document) => {
        this.#requireOpen();
        this.#countRead(document);
      },
    };
    return new IndexScan(scan, target, range, order);
  }

  savepoint(): Savepoint {
    this.#requireOpen();
    const position = this.#writes.position;
    let isEnded = false;
    return {
      rollback: () => {
        if (!isEnded) this.#writes.rollback(position);
        isEnded = true;
      },
      release: () => {
        isEnded = true;
      },
    };
  }

  commit(): { ts: Timestamp } {
    this.#requireOpen();
    this.#isOver = true;
    try {
      if (this.#writes.size === 0) return { ts: this.snapshot };
      return { ts: this.#host.commit(this.snapshot, this.reads, this.#writes.all()) };
    } finally {
      this.#host.release(this.snapshot);
    }
  }

  abort(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#host.release(this.snapshot);
  }

  [Symbol.dispose](): void {
    this.abort();
  }

  #find(mount: string, id: string): Document | null {
    const write = this.#writes.get(id);
    if (write) return write.table.mount === mount ? write.after : null;
    this.reads.addPoint(id);
    const document = this.#host.view.document(id, this.snapshot);
    if (!document) return null;
    return this.#host.tableByNumber(document.tableNumber)?.mount === mount ? document : null;
  }

  #require(mount: string, id: string): Document {
    this.#requireOpen();
    const document = this.#find(mount, id);
    if (!document) throw new DocumentNotFoundError(`Document with ID ${id} not found.`);
    return document;
  }

  #rewrite(current: Document, fields: Iterable<readonly [string, JsonValue]>): void {
    const { tableNumber, id, creationTime } = current;
    this.#write(this.#tableOf(current), id, current, makeDocument(tableNumber, id, creationTime, fields));
  }

  /** `current` is what the transaction sees now; without an earlier write of its own that is what is committed. */
  #write(table: Table, id: string, current: Document | null, after: Document | null): void {
    const earlier = this.#writes.get(id);
    this.#writes.set({ table, id, before: earlier ? earlier.before : current, after });
    this.stats.documentsWritten += 1;
    this.stats.bytesWritten += after?.text.length ?? 0;
  }

  #tableOf(document: Document): Table {
    const table = this.#host.tableByNumber(document.tableNumber);
    if (!table) throw new ConflictError(`The table of document ${document.id} is gone.`);
    return table;
  }

  #countRead(document: Document): void {
    this.stats.documentsRead += 1;
    this.stats.bytesRead += document.text.length;
  }

  #requireOpen(): void {
    if (this.#isOver) throw new Error("The transaction is over.");
  }
}

function checkSystemFields(current: Document, value: JsonObject): void {
  const id = fieldAt(value, "_id");
  if (id !== undefined && id !== current.id) {
    throw new TypeError(`Provided \`_id\` does not match the document ID "${current.id}".`);
  }
  const creationTime = fieldAt(value, "_creationTime");
  if (creationTime !== undefined && creationTime !== current.creationTime) {
    throw new TypeError("Provided `_creationTime` does not match the document's.");
  }
}

function isUndefined(value: JsonValue): boolean {
  return isJsonObject(value) && wrapperKind(value) === "$undefined";
}
