import { describe, expect, test } from "vitest";
import { ConflictError, type Database, type KeyRange, type Transaction } from "#backend/database/database.ts";
import { encodeKey } from "#backend/values/ordered-key.ts";
import { seededRandom } from "../values/random-value.ts";
import { DATABASES, fieldsOf } from "./open-databases.ts";

interface Row {
  readonly a: number;
  readonly n: number;
  /** Rank by creation time, which breaks ties in the index. */
  readonly born: number;
}

type State = ReadonlyMap<string, Row>;

/** A transaction beside its model: what it must see is a plain map, copied when it began. */
interface Pair {
  readonly tx: Transaction;
  readonly model: Map<string, Row>;
  /** Everything it looked at, as checks that can be made again against the state at its commit. */
  readonly observations: ((state: State) => boolean)[];
  readonly changes: Map<string, Row | null>;
}

function sortedBy(state: State, range: readonly [number, number], order: "asc" | "desc"): number[] {
  const rows = [...state.values()].filter(({ a }) => a >= range[0] && a < range[1]);
  const sorted = rows.toSorted((x, y) => x.a - y.a || x.born - y.born).map(({ n }) => n);
  return order === "asc" ? sorted : sorted.toReversed();
}

describe.each(DATABASES)("random transactions over $name", ({ open }) => {
  test.each([1, 2, 3])("see their snapshot and commit only if serializable (seed %i)", async (seed) => {
    const random = seededRandom(seed);
    const database = open();
    await database.setSchema("", [{ name: "rows", indexes: [{ name: "by_a", fields: ["a"] }] }]);
    let committed = new Map<string, Row>();
    let nextRow = 0;
    let conflicts = 0;
    let commits = 0;
    const running: Pair[] = [];

    for (let step = 0; step < 6000; step += 1) {
      const dice = random();
      const pair = running[Math.floor(random() * running.length)];
      if (!pair || running.length < 3 || (dice < 0.1 && running.length < 8)) {
        running.push(begin(database, committed));
      } else if (dice < 0.18) {
        running.splice(running.indexOf(pair), 1);
        const isStillTrue = pair.observations.every((holds) => holds(committed));
        try {
          pair.tx.commit();
          commits += 1;
          if (pair.changes.size > 0) expect(isStillTrue).toBe(true);
          committed = applied(committed, pair.changes);
        } catch (error) {
          expect(error).toBeInstanceOf(ConflictError);
          conflicts += 1;
        }
      } else if (dice < 0.19) {
        running.splice(running.indexOf(pair), 1);
        pair.tx.abort();
      } else if (dice < 0.21) {
        await new Promise(setImmediate);
      } else {
        nextRow += 1;
        act(pair, random, nextRow);
      }
    }
    for (const { tx } of running) tx.abort();
    await database.durable(database.latest);
    const final = begin(database, committed);
    expect(scan(final.tx, [0, 100], "asc")).toEqual(sortedBy(committed, [0, 100], "asc"));
    final.tx.abort();
    expect(await database.checkIntegrity()).toEqual([]);
    expect(commits).toBeGreaterThan(100);
    expect(conflicts).toBeGreaterThan(10);
  });
});

function begin(database: Database, committed: State): Pair {
  return { tx: database.begin(), model: new Map(committed), observations: [], changes: new Map() };
}

function applied(state: State, changes: ReadonlyMap<string, Row | null>): Map<string, Row> {
  const next = new Map(state);
  for (const [id, row] of changes) {
    if (row) next.set(id, row);
    else next.delete(id);
  }
  return next;
}

function scan(
  tx: Transaction,
  [from, to]: readonly [number, number],
  order: "asc" | "desc",
  limit = Infinity,
): unknown[] {
  const range: KeyRange = { lower: encodeKey([from]), upper: encodeKey([to]) };
  const rows = tx.scan("", "rows", "by_a", range, order);
  return fieldsOf(Iterator.from(rows).take(limit), "n");
}

/** One random operation on both sides, compared. */
function act(pair: Pair, random: () => number, n: number): void {
  const { tx, model, observations, changes } = pair;
  const dice = random();
  const ids = [...model.keys()];
  const id = ids[Math.floor(random() * ids.length)];
  const from = Math.floor(random() * 12);
  const fields = { a: Math.floor(random() * 12), n };
  if (dice < 0.35) {
    const range = [from, from + Math.ceil(random() * 4)] as const;
    const order = random() < 0.5 ? "asc" : "desc";
    const limit = random() < 0.5 ? 2 : 100;
    const seen = scan(tx, range, order, limit);
    expect(seen).toEqual(sortedBy(model, range, order).slice(0, limit));
    // What was seen of rows it has not changed itself must still hold when it commits.
    const own = new Map(changes);
    observations.push((state) => {
      return JSON.stringify(sortedBy(applied(state, own), range, order).slice(0, limit)) === JSON.stringify(seen);
    });
  } else if (dice < 0.5 && id) {
    const document = tx.get("", id);
    expect(document?.value).toMatchObject({ a: model.get(id)?.a, n: model.get(id)?.n });
    if (!changes.has(id)) observations.push((state) => state.get(id)?.n === document?.value.n);
  } else if (dice < 0.65 || !id) {
    const created = tx.insert("", "rows", { ...fields });
    const row = { ...fields, born: n };
    model.set(created, row);
    changes.set(created, row);
  } else if (dice < 0.75) {
    tx.remove("", id);
    model.delete(id);
    changes.set(id, null);
  } else if (dice < 0.9) {
    const before = model.get(id) ?? { a: 0, born: 0 };
    const update = { n, a: random() < 0.5 ? fields.a : before.a, born: before.born };
    tx.patch("", id, { n, a: update.a });
    model.set(id, update);
    changes.set(id, update);
  } else {
    const savepoint = tx.savepoint();
    tx.remove("", id);
    tx.insert("", "rows", fields);
    savepoint.rollback();
  }
}
