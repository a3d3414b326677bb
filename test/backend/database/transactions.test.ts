import { describe, expect, test } from "vitest";
import { ConflictError, DocumentNotFoundError, IndexNotFoundError, type Commit } from "#backend/database/database.ts";
import { decodeId } from "#backend/values/document-id.ts";
import { encodeKey } from "#backend/values/ordered-key.ts";
import { DATABASES, equalTo, EVERYTHING, fieldsOf, inTransaction } from "./open-databases.ts";

const USERS = [{ name: "users", indexes: [{ name: "by_name", fields: ["name"] }] }];

describe.each(DATABASES)("transactions over $name", ({ open }) => {
  test("a document goes in, is patched, replaced and removed", async () => {
    const database = open();
    const id = inTransaction(database, (tx) => tx.insert("", "users", { name: "ada", tags: ["x"] }));
    expect(decodeId(id)?.tableNumber).toBe(database.tableNumber("", "users"));

    inTransaction(database, (tx) => tx.patch("", id, { name: "grace", tags: { $undefined: null }, age: 5 }));
    const patched = inTransaction(database, (tx) => tx.get("", id));
    expect(patched?.value).toEqual({ _id: id, _creationTime: patched?.creationTime, age: 5, name: "grace" });
    expect(JSON.parse(patched?.text ?? "")).toEqual(patched?.value);

    inTransaction(database, (tx) => tx.replace("", id, { other: null }));
    expect(inTransaction(database, (tx) => tx.get("", id))?.value).toEqual({
      _id: id,
      _creationTime: patched?.creationTime,
      other: null,
    });
    inTransaction(database, (tx) => tx.remove("", id));
    expect(inTransaction(database, (tx) => tx.get("", id))).toBeNull();
    for (const write of ["patch", "replace"] as const) {
      expect(() => inTransaction(database, (tx) => tx[write]("", id, {}))).toThrow(DocumentNotFoundError);
    }
    expect(() => inTransaction(database, (tx) => tx.remove("", id))).toThrow(DocumentNotFoundError);
    await database.durable(database.latest);
    expect(await database.checkIntegrity()).toEqual([]);
  });

  test("system fields cannot be changed", () => {
    const database = open();
    const id = inTransaction(database, (tx) => tx.insert("", "users", {}));
    using tx = database.begin();
    expect(() => tx.patch("", id, { _id: "x" })).toThrow("`_id`");
    expect(() => tx.replace("", id, { _creationTime: 1 })).toThrow("`_creationTime`");
    tx.patch("", id, { _id: id });
  });

  test("a transaction sees its snapshot and its own writes only", async () => {
    const database = open();
    await database.setSchema("", USERS);
    const id = inTransaction(database, (tx) => tx.insert("", "users", { name: "b" }));
    using reader = database.begin();
    const other = inTransaction(database, (tx) => {
      tx.patch("", id, { name: "z" });
      return tx.insert("", "users", { name: "c" });
    });
    await database.durable(database.latest);

    expect(reader.get("", id)?.value.name).toBe("b");
    expect(reader.get("", other)).toBeNull();
    expect(fieldsOf(reader.scan("", "users", "by_name", EVERYTHING, "asc"))).toEqual(["b"]);
    reader.insert("", "users", { name: "a" });
    expect(fieldsOf(reader.scan("", "users", "by_name", EVERYTHING, "desc"))).toEqual(["b", "a"]);
    expect(inTransaction(database, (tx) => fieldsOf(tx.scan("", "users", "by_name", EVERYTHING, "asc")))).toEqual([
      "c",
      "z",
    ]);
  });

  test("a removed document stays visible to who began before, flushed or not", async () => {
    const database = open();
    const id = inTransaction(database, (tx) => tx.insert("", "users", { name: "a" }));
    await database.durable(database.latest);
    using reader = database.begin();
    inTransaction(database, (tx) => tx.remove("", id));
    expect(reader.get("", id)?.value.name).toBe("a");
    await database.durable(database.latest);
    expect(reader.get("", id)?.value.name).toBe("a");
    expect(fieldsOf(reader.scan("", "users", "by_creation_time", EVERYTHING, "asc"))).toEqual(["a"]);
  });

  test("two writers of one document: the second conflicts and nothing of it stays", () => {
    const database = open();
    const id = inTransaction(database, (tx) => tx.insert("", "users", { n: 0 }));
    const first = database.begin();
    const second = database.begin();
    for (const tx of [first, second]) tx.patch("", id, { n: Number(tx.get("", id)?.value.n) + 1 });
    second.insert("", "users", { name: "side effect" });
    first.commit();
    expect(() => second.commit()).toThrow(ConflictError);
    expect(() => second.get("", id)).toThrow("over");
    expect(inTransaction(database, (tx) => fieldsOf(tx.scan("", "users", "by_id", EVERYTHING, "asc"), "n"))).toEqual([
      1,
    ]);
  });

  test("a phantom conflicts; a row beyond what was consumed does not", async () => {
    const database = open();
    await database.setSchema("", USERS);
    inTransaction(database, (tx) => ["b", "d", "f"].map((name) => tx.insert("", "users", { name })));
    const consumeTwo = () => {
      const tx = database.begin();
      const rows = tx.scan("", "users", "by_name", EVERYTHING, "asc");
      rows.next();
      rows.next();
      tx.insert("", "log", {});
      return tx;
    };
    const beyond = consumeTwo();
    inTransaction(database, (tx) => tx.insert("", "users", { name: "e" }));
    expect(() => beyond.commit()).not.toThrow();

    const phantom = consumeTwo();
    inTransaction(database, (tx) => tx.insert("", "users", { name: "c" }));
    expect(() => phantom.commit()).toThrow(ConflictError);
  });

  test("descending scans record from the far end", async () => {
    const database = open();
    await database.setSchema("", USERS);
    inTransaction(database, (tx) => ["b", "d", "f"].map((name) => tx.insert("", "users", { name })));
    const takeLast = () => {
      const tx = database.begin();
      tx.scan("", "users", "by_name", EVERYTHING, "desc").next();
      tx.insert("", "log", {});
      return tx;
    };
    const untouched = takeLast();
    inTransaction(database, (tx) => tx.insert("", "users", { name: "e" }));
    expect(() => untouched.commit()).not.toThrow();
    const touched = takeLast();
    inTransaction(database, (tx) => tx.insert("", "users", { name: "g" }));
    expect(() => touched.commit()).toThrow(ConflictError);
  });

  test("a patch that leaves the index key alone still conflicts with who scanned the row", async () => {
    const database = open();
    await database.setSchema("", USERS);
    const id = inTransaction(database, (tx) => tx.insert("", "users", { name: "a", n: 1 }));
    const tx = database.begin();
    tx.scan("", "users", "by_name", equalTo("a"), "asc").next();
    tx.insert("", "log", {});
    inTransaction(database, (other) => other.patch("", id, { n: 2 }));
    expect(() => tx.commit()).toThrow(ConflictError);
  });

  test("reading a missing table conflicts with its creation", () => {
    const database = open();
    const tx = database.begin();
    expect([...tx.scan("", "later", "by_id", EVERYTHING, "asc")]).toEqual([]);
    tx.insert("", "log", {});
    inTransaction(database, (other) => other.insert("", "later", {}));
    expect(() => tx.commit()).toThrow(ConflictError);
  });

  test("long scans merge rows on disk, fresh rows and own rows in order, whichever lie closer together", async () => {
    const database = open();
    await database.setSchema("", [{ name: "rows", indexes: [{ name: "by_n", fields: ["n"] }] }]);
    const committed: number[] = [];
    const insert = (from: number, to: number, step: number) =>
      inTransaction(database, (tx) => {
        for (let n = from; n < to; n += step) committed.push(Number(tx.get("", tx.insert("", "rows", { n }))?.value.n));
      });
    insert(0, 300, 3);
    insert(300, 600, 1);
    await database.durable(database.latest);
    insert(1, 300, 3);
    insert(300.5, 600, 7);
    insert(600, 700, 1);
    inTransaction(database, (tx) => {
      for (const { document } of tx.scan("", "rows", "by_n", EVERYTHING, "asc")) {
        if (Number(document.value.n) % 10 === 0) tx.remove("", document.id);
      }
    });
    const tx = database.begin();
    for (let n = 2; n < 300; n += 3) tx.insert("", "rows", { n });
    const own = Array.from({ length: 100 }, (_, position) => position * 3 + 2);
    const expected = [...committed.filter((n) => n % 10 !== 0), ...own].toSorted((x, y) => x - y);
    // The first chunk is small, so each start puts its end somewhere else.
    for (const start of [0, 150, 300, 303, 650]) {
      const upwards = tx.scan("", "rows", "by_n", { lower: encodeKey([start]), upper: EVERYTHING.upper }, "asc");
      expect(fieldsOf(upwards, "n")).toEqual(expected.filter((n) => n >= start));
      const downwards = tx.scan("", "rows", "by_n", { lower: "", upper: encodeKey([start]) }, "desc");
      expect(fieldsOf(downwards, "n")).toEqual(expected.filter((n) => n < start).toReversed());
    }
    tx.commit();
    expect(await database.checkIntegrity()).toEqual([]);
  });

  test("a transaction that only read never conflicts and returns its snapshot", () => {
    const database = open();
    const id = inTransaction(database, (tx) => tx.insert("", "users", {}));
    const tx = database.begin();
    tx.get("", id);
    inTransaction(database, (other) => other.remove("", id));
    expect(tx.commit().ts).toBe(tx.snapshot);
  });

  test("savepoints nest, undo only their own writes, and scans follow", async () => {
    const database = open();
    await database.setSchema("", USERS);
    const id = inTransaction(database, (tx) => tx.insert("", "users", { name: "m" }));
    const tx = database.begin();
    const names = () => fieldsOf(tx.scan("", "users", "by_name", EVERYTHING, "asc"));
    tx.insert("", "users", { name: "a" });
    const outer = tx.savepoint();
    tx.patch("", id, { name: "z" });
    const inner = tx.savepoint();
    tx.remove("", id);
    tx.insert("", "users", { name: "b" });
    expect(names()).toEqual(["a", "b"]);
    inner.rollback();
    expect(names()).toEqual(["a", "z"]);
    const released = tx.savepoint();
    tx.insert("", "users", { name: "c" });
    released.release();
    released.rollback();
    expect(names()).toEqual(["a", "c", "z"]);
    outer.rollback();
    expect(names()).toEqual(["a", "m"]);
    tx.commit();
    expect(inTransaction(database, (later) => fieldsOf(later.scan("", "users", "by_name", EVERYTHING, "asc")))).toEqual(
      ["a", "m"],
    );
    expect(await database.checkIntegrity()).toEqual([]);
  });

  test("an id of another mount or no id at all finds nothing", () => {
    const database = open();
    const id = inTransaction(database, (tx) => tx.insert("component", "users", {}));
    using tx = database.begin();
    expect(tx.get("", id)).toBeNull();
    expect(tx.get("", "nonsense")).toBeNull();
    expect(() => tx.patch("", id, {})).toThrow(DocumentNotFoundError);
    expect(tx.get("component", id)).not.toBeNull();
    expect(database.tableName("", database.tableNumber("component", "users") ?? -1)).toBeUndefined();
  });

  test("an unknown index of an existing table is an error", () => {
    const database = open();
    inTransaction(database, (tx) => tx.insert("", "users", {}));
    using tx = database.begin();
    expect(() => tx.scan("", "users", "by_nothing", EVERYTHING, "asc")).toThrow(IndexNotFoundError);
  });

  test("creation times and commit times only grow, though the clock stands still or goes back", () => {
    let now = 1_750_000_000_000;
    const database = open(() => now);
    let lastCreation = 0;
    let lastTs = 0;
    for (let i = 0; i < 2000; i += 1) {
      if (i === 1000) now -= 3_600_000;
      const tx = database.begin();
      const creation = tx.get("", tx.insert("", "users", {}))?.creationTime ?? 0;
      const { ts } = tx.commit();
      expect(creation).toBeGreaterThan(lastCreation);
      expect(ts).toBeGreaterThan(lastTs);
      expect(Number.isSafeInteger(ts)).toBe(true);
      [lastCreation, lastTs] = [creation, ts];
    }
    expect(lastCreation).toBeLessThan(1_750_000_000_010);
  });

  test("the commit's own time takes the place of its placeholder, in the index too", async () => {
    const database = open();
    await database.setSchema("", [{ name: "log", indexes: [{ name: "by_at", fields: ["at"] }] }]);
    const tx = database.begin();
    const id = tx.insert("", "log", { at: { $commitTs: null }, note: '{"$commitTs":null}' });
    const { ts } = tx.commit();
    const expected = Buffer.alloc(8);
    expected.writeBigInt64LE(BigInt(ts) * 1000n);
    const at = { $integer: expected.toString("base64") };
    const found = inTransaction(database, (later) => [...later.scan("", "log", "by_at", equalTo(at), "asc")]);
    expect(found.map(({ document }) => document.value)).toMatchObject([{ _id: id, at, note: '{"$commitTs":null}' }]);
    expect(await database.checkIntegrity()).toEqual([]);
  });

  test("listeners hear of each commit before commit() returns, with what was touched", () => {
    const database = open();
    const commits: Commit[] = [];
    const stop = database.onCommit((commit) => commits.push(commit));
    const tx = database.begin();
    const id = tx.insert("", "users", { name: "a" });
    const { ts } = tx.commit();
    expect(commits.at(-1)).toMatchObject({
      ts,
      points: [id],
      changes: [{ mount: "", table: "users", id, before: null }],
    });
    expect(database.latest).toBe(ts);

    const undone = database.begin();
    undone.remove("", undone.insert("", "users", {}));
    undone.commit();
    stop();
    inTransaction(database, (later) => later.remove("", id));
    expect(commits.map(({ changes }) => changes.length)).toEqual([0, 1]);
  });

  test("statistics count what was read and written", () => {
    const database = open();
    const id = inTransaction(database, (tx) => tx.insert("", "users", { name: "a" }));
    using tx = database.begin();
    const text = tx.get("", id)?.text ?? "";
    tx.get("", "missing");
    for (const row of tx.scan("", "users", "by_id", EVERYTHING, "asc")) expect(row.document.id).toBe(id);
    tx.remove("", id);
    expect(tx.stats).toEqual({ documentsRead: 2, bytesRead: 2 * text.length, documentsWritten: 1, bytesWritten: 0 });
  });
});
