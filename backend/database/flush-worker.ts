import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { idOfKey } from "../values/ordered-key.ts";
import type { FlushReply, FlushRequest } from "./flush-messages.ts";

/** Entries deleted in one go; batches that arrive meanwhile wait for no more than that. */
const PURGE_CHUNK = 2000;

// The thread behind SqliteStore: fsync and checkpoints happen here, so the event loop never waits for a disk.
const port = parentPort;
if (!port) throw new Error("flush-worker.ts runs as a worker thread.");
const file: unknown = workerData;
if (typeof file !== "string") throw new TypeError("flush-worker.ts needs the path of the database.");

// The folder's lock keeps other servers out; the timeout is for somebody's passing look with a SQLite tool.
const database = new DatabaseSync(file);
database.exec(`
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA cache_size = -32768;
  PRAGMA busy_timeout = 2000;
  -- 16 MB: at a thousand pages, SQLite's own number, a busy server copies the same pages from the log twice a second.
  PRAGMA wal_autocheckpoint = 4000;
`);
const putDocument = database.prepare(
  "INSERT INTO documents (id, text) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET text = excluded.text",
);
const deleteDocument = database.prepare("DELETE FROM documents WHERE id = ?");
const putEntry = database.prepare("INSERT OR IGNORE INTO index_entries (index_id, key) VALUES (?, ?)");
const deleteEntry = database.prepare("DELETE FROM index_entries WHERE index_id = ? AND key = ?");
const putState = database.prepare("INSERT OR REPLACE INTO state (name, value) VALUES (?, ?)");
const someEntries = database.prepare("SELECT key FROM index_entries WHERE index_id = ? LIMIT ?");

const purges: { readonly index: number; readonly documents: boolean }[] = [];
let isFailed = false;

port.on("message", (request: FlushRequest) => {
  if (isFailed) return;
  try {
    handle(request);
  } catch (error) {
    // One lost batch makes all later ones wrong, so nothing more is written after this.
    isFailed = true;
    reply({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
});

function handle(request: FlushRequest): void {
  switch (request.type) {
    case "apply":
      transaction(() => apply(request));
      reply({ type: "applied" });
      return;
    case "purge":
      purges.push(request);
      if (purges.length === 1) setImmediate(purgeSome);
      return;
    case "close":
      database.close();
      reply({ type: "closed" });
      port?.close();
      return;
    default:
      request satisfies never;
  }
}

function apply(batch: Extract<FlushRequest, { type: "apply" }>): void {
  for (const [position, id] of batch.ids.entries()) {
    const text = batch.texts[position] ?? null;
    if (text === null) deleteDocument.run(id);
    else putDocument.run(id, text);
  }
  for (const { index, added, removed } of batch.entries) {
    for (const key of removed) deleteEntry.run(index, Buffer.from(key, "latin1"));
    // In order, neighbours land on the same pages.
    for (const key of added.toSorted()) putEntry.run(index, Buffer.from(key, "latin1"));
  }
  for (const [name, value] of batch.state) putState.run(name, value);
}

function purgeSome(): void {
  const [purge] = purges;
  if (!purge || isFailed || !database.isOpen) return;
  try {
    const keys = someEntries.all(purge.index, PURGE_CHUNK).map((row) => row.key);
    transaction(() => {
      for (const key of keys) {
        if (!(key instanceof Uint8Array)) throw new TypeError("An index key is not a blob.");
        if (purge.documents) deleteDocument.run(idOfKey(Buffer.from(key).toString("latin1")));
        deleteEntry.run(purge.index, key);
      }
    });
    if (keys.length < PURGE_CHUNK) {
      purges.shift();
      reply({ type: "purged", index: purge.index });
    }
    if (purges.length > 0) setImmediate(purgeSome);
  } catch (error) {
    isFailed = true;
    reply({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}

function transaction(write: () => void): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    write();
    database.exec("COMMIT");
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function reply(message: FlushReply): void {
  port?.postMessage(message);
}
