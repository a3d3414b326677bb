import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { DatabaseFailedError } from "#backend/database/database.ts";
import { MemoryStore } from "#backend/database/memory-store.ts";
import { openDatabase } from "#backend/database/open-database.ts";
import type { StoreBatch } from "#backend/database/store.ts";
import { VersionedDatabase } from "#backend/database/versioned-database.ts";
import { closing, inTransaction, temporaryFolder } from "./open-databases.ts";

class WatchedStore extends MemoryStore {
  readonly batches: StoreBatch[] = [];
  override async apply(batch: StoreBatch): Promise<void> {
    await super.apply(batch);
    this.batches.push(batch);
  }
}

test("10,000 concurrent inserts reach the disk in a few batches and durable() waits for its own", async () => {
  const store = new WatchedStore();
  const database = closing(new VersionedDatabase(store));
  const acknowledged = Array.from({ length: 10_000 }, async (_, n) => {
    using tx = database.begin();
    const id = tx.insert("", "rows", { n });
    const { ts } = tx.commit();
    await database.durable(ts);
    expect(store.read(id)).not.toBeNull();
    expect(store.batches.at(-1)?.state.lastTs).toBeGreaterThanOrEqual(ts);
  });
  await Promise.all(acknowledged);
  expect(store.batches.length).toBeLessThan(5);
  expect(database.durable(database.latest)).toBeUndefined();
});

test("a durable insert is in the file: another connection reads it", async () => {
  const folder = temporaryFolder();
  const database = closing(openDatabase(folder));
  const id = inTransaction(database, (tx) => tx.insert("", "rows", { n: 1 }));
  await database.durable(database.latest);
  using other = new DatabaseSync(join(folder, "database.sqlite3"), { readOnly: true });
  expect(other.prepare("SELECT text FROM documents WHERE id = ?").get(id)?.text).toContain('"n":1');
});

test("when a flush fails nothing more is promised: waiters reject, commits are refused, the owner is told", async () => {
  const folder = temporaryFolder();
  const database = closing(openDatabase(folder));
  const safe = inTransaction(database, (tx) => tx.insert("", "rows", { n: 1 }));
  await database.durable(database.latest);
  const failures: Error[] = [];
  database.onFailure((error) => failures.push(error));

  using intruder = new DatabaseSync(join(folder, "database.sqlite3"));
  intruder.exec("BEGIN IMMEDIATE");
  const before = database.begin();
  before.insert("", "rows", { n: 3 });
  inTransaction(database, (tx) => tx.insert("", "rows", { n: 2 }));
  await expect(database.durable(database.latest)).rejects.toThrow(DatabaseFailedError);
  expect(failures.map(({ message }) => message)).toEqual(["The database could not be written: database is locked"]);
  expect(() => before.commit()).toThrow(DatabaseFailedError);
  expect(() => database.begin()).toThrow(DatabaseFailedError);
  await expect(database.durable(database.latest)).rejects.toThrow(DatabaseFailedError);
  intruder.exec("ROLLBACK");
  await database.close();

  await using reopened = openDatabase(folder);
  inTransaction(reopened, (tx) => expect(tx.get("", safe)).not.toBeNull());
  expect(await reopened.checkIntegrity()).toEqual([]);
});

test("a closed database refuses to work", async () => {
  const database = openDatabase(temporaryFolder());
  inTransaction(database, (tx) => tx.insert("", "rows", {}));
  await Promise.all([database.close(), database.close()]);
  expect(() => database.begin()).toThrow("closed");
});

test("old versions are let go once they are on disk and nobody can see them", async () => {
  const { Overlay } = await import("#backend/database/overlay.ts");
  const overlay = new Overlay();
  for (let ts = 1; ts <= 100; ts += 1) {
    overlay.setDocument("a", ts, null, null);
    overlay.setKey(1, "k", ts, true, ts % 2 === 0);
    overlay.committed({ ts, points: ["a"], keys: new Map([[1, ["k"]]]) });
  }
  expect(overlay.size).toBe(2);
  overlay.prune(99);
  expect(overlay.size).toBe(2);
  expect(overlay.keys(1, { lower: "", upper: "z" }, "asc", 10, 99)).toEqual([{ key: "k", isPresent: false }]);
  overlay.prune(100);
  expect(overlay.size).toBe(0);
  expect(overlay.document("a", 100)).toBeUndefined();
});
