import { describe, expect, test } from "vitest";
import { ConflictError, IndexNotFoundError } from "#backend/database/database.ts";
import { openDatabase } from "#backend/database/open-database.ts";
import type { JsonObject } from "#backend/values/json.ts";
import { DATABASES, equalTo, EVERYTHING, fieldsOf, inTransaction, temporaryFolder } from "./open-databases.ts";

const withIndexes = (...fields: string[]) => [
  { name: "rows", indexes: fields.map((field) => ({ name: `by_${field}`, fields: [field] })) },
];

describe.each(DATABASES)("schema changes over $name", ({ open }) => {
  test("an index is built while documents are inserted, changed and removed", async () => {
    const database = open();
    const ids = inTransaction(database, (tx) => {
      return Array.from({ length: 3000 }, (_, n) => tx.insert("", "rows", { n, a: n % 10 }));
    });
    const done = new AbortController();
    let chunks = 0;
    const building = database.setSchema("", withIndexes("a", "n")).finally(() => done.abort());
    for (let n = 0; !done.signal.aborted; n += 1) {
      inTransaction(database, (tx) => {
        const id = ids[(n * 7) % ids.length];
        if (id && tx.get("", id)) {
          if (n % 3 === 0) tx.remove("", id);
          else tx.patch("", id, { a: 10 + (n % 5) });
        }
        tx.insert("", "rows", { n: 10_000 + n, a: 3 });
      });
      chunks += 1;
      await new Promise(setImmediate);
    }
    await building;
    expect(chunks).toBeGreaterThan(20);
    expect(await database.checkIntegrity()).toEqual([]);
    using tx = database.begin();
    const all = Array.from(tx.scan("", "rows", "by_id", EVERYTHING, "asc"), ({ document }) => document.value);
    const byA = fieldsOf(tx.scan("", "rows", "by_a", equalTo(3), "asc"), "n");
    const wanted = all.filter(({ a }) => a === 3).map(({ n }) => n);
    expect(byA).toHaveLength(wanted.length);
    expect(new Set(byA)).toEqual(new Set(wanted));
  });

  test("the old index serves until the new one takes its name at once", async () => {
    const database = open();
    inTransaction(database, (tx) => tx.insert("", "rows", { a: 1, b: 2 }));
    const first = [{ name: "rows", indexes: [{ name: "by_x", fields: ["a"] }] }];
    const second = [{ name: "rows", indexes: [{ name: "by_x", fields: ["b", "_creationTime"] }] }];
    await database.setSchema("", first);
    expect(() => database.activateSchema("", second)).toThrow("Not prepared: /rows.by_x");
    await database.prepareSchema("", second);
    const count = (value: number) =>
      inTransaction(database, (tx) => fieldsOf(tx.scan("", "rows", "by_x", equalTo(value), "asc")).length);
    expect([count(1), count(2)]).toEqual([1, 0]);
    database.activateSchema("", second);
    expect([count(1), count(2)]).toEqual([0, 1]);
    expect(database.indexes("", "rows")).toEqual([{ name: "by_x", fields: ["b"] }]);
  });

  test("setting the same schema again builds nothing and keeps the indexes", async () => {
    const database = open();
    await database.setSchema("", withIndexes("a"));
    const seen: unknown[] = [];
    await database.prepareSchema("", withIndexes("a"), (progress) => seen.push(progress));
    database.activateSchema("", withIndexes("a"));
    expect(seen).toEqual([]);
    await database.prepareSchema("", withIndexes("a", "b"), (progress) => seen.push(progress));
    expect(seen).toEqual([{ indexesComplete: 1, indexesTotal: 1 }]);
  });

  test("a table that leaves the schema keeps its documents and loses its indexes", async () => {
    const database = open();
    await database.setSchema("", withIndexes("a"));
    inTransaction(database, (tx) => tx.insert("", "rows", { a: 1 }));
    await database.setSchema("", []);
    using tx = database.begin();
    expect(fieldsOf(tx.scan("", "rows", "by_creation_time", EVERYTHING, "asc"), "a")).toEqual([1]);
    expect(() => tx.scan("", "rows", "by_a", EVERYTHING, "asc")).toThrow(IndexNotFoundError);
  });

  test("a transaction older than an index cannot use it", async () => {
    const database = open();
    inTransaction(database, (tx) => tx.insert("", "rows", { a: 1 }));
    using old = database.begin();
    inTransaction(database, (tx) => tx.insert("", "rows", { a: 2 }));
    await database.setSchema("", withIndexes("a"));
    expect(() => old.scan("", "rows", "by_a", EVERYTHING, "asc")).toThrow(ConflictError);
  });

  test("two schema changes at once end with the later one", async () => {
    const database = open();
    inTransaction(database, (tx) => Array.from({ length: 500 }, (_, a) => tx.insert("", "rows", { a, b: -a })));
    await Promise.all([database.setSchema("", withIndexes("a")), database.setSchema("", withIndexes("b"))]);
    expect(database.indexes("", "rows").map(({ name }) => name)).toEqual(["by_b"]);
    expect(await database.checkIntegrity()).toEqual([]);
  });

  test("fields may be nested, missing fields are in the index as undefined", async () => {
    const database = open();
    await database.setSchema("", [{ name: "rows", indexes: [{ name: "by_deep", fields: ["a.b"] }] }]);
    inTransaction(database, (tx) => {
      const values: JsonObject = { one: { b: 1 }, none: {}, text: "x", list: [1] };
      for (const [name, a] of Object.entries(values)) {
        tx.insert("", "rows", { name, a });
      }
    });
    using tx = database.begin();
    const names = fieldsOf(tx.scan("", "rows", "by_deep", EVERYTHING, "asc"));
    expect(names).toEqual(["none", "text", "list", "one"]);
    expect(fieldsOf(tx.scan("", "rows", "by_deep", equalTo({ $undefined: null }), "desc"))).toEqual([
      "list",
      "text",
      "none",
    ]);
  });

  test("a removed mount is empty, its writers conflict, and its documents go", async () => {
    const database = open();
    inTransaction(database, (tx) => tx.insert("", "rows", {}));
    const id = inTransaction(database, (tx) => {
      for (let n = 0; n < 5000; n += 1) tx.insert("part", "rows", { n });
      return tx.insert("part", "other", {});
    });
    const writer = database.begin();
    writer.insert("part", "rows", {});
    database.removeMount("part");
    expect(() => writer.commit()).toThrow(ConflictError);
    expect(database.mounts()).toEqual([""]);
    inTransaction(database, (tx) => expect(tx.get("part", id)).toBeNull());
    for (let turn = 0; turn < 2000 && (await database.checkIntegrity()).length > 0; turn += 1) {
      await new Promise(setImmediate);
    }
    expect(await database.checkIntegrity()).toEqual([]);
    const again = inTransaction(database, (tx) => tx.insert("part", "rows", {}));
    expect(
      inTransaction(database, (tx) => fieldsOf(tx.scan("part", "rows", "by_id", EVERYTHING, "asc"), "_id")),
    ).toEqual([again]);
  });
});

test("tables, indexes, leftovers and times survive a restart", async () => {
  const folder = temporaryFolder();
  let now = 1_750_000_000_000;
  const nowMs = () => now;
  const before = await (async () => {
    await using database = openDatabase(folder, { nowMs });
    await database.setSchema("", withIndexes("a"));
    const id = inTransaction(database, (tx) => tx.insert("", "rows", { a: 1 }));
    // Prepared and never activated, as an abandoned push leaves it.
    await database.prepareSchema("", withIndexes("a", "b"));
    inTransaction(database, (tx) => tx.insert("gone", "rows", {}));
    database.removeMount("gone");
    return { id, ts: database.latest, number: database.tableNumber("", "rows") };
  })();
  now -= 86_400_000;
  await using database = openDatabase(folder, { nowMs });
  expect(database.latest).toBeGreaterThanOrEqual(before.ts);
  expect(database.tableNumber("", "rows")).toBe(before.number);
  expect(database.indexes("", "rows")).toEqual([{ name: "by_a", fields: ["a"] }]);
  using tx = database.begin();
  const first = tx.get("", before.id);
  expect(fieldsOf(tx.scan("", "rows", "by_a", equalTo(1), "asc"), "_id")).toEqual([before.id]);
  const second = tx.get("", tx.insert("", "rows", { a: 2 }));
  expect(second?.creationTime).toBeGreaterThan(first?.creationTime ?? Infinity);
  expect(tx.commit().ts).toBeGreaterThan(before.ts);
  expect(await database.checkIntegrity()).toEqual([]);
});
