import { afterEach, describe, expect, test } from "vitest";
import type { Store, StoreBatch } from "#backend/database/store.ts";
import { createId } from "#backend/values/document-id.ts";
import { encodeKey } from "#backend/values/ordered-key.ts";

const ALL = { lower: "", upper: "\u00ff" };

function batch(
  documents: readonly (readonly [string, string | null])[],
  entries: readonly (readonly [index: number, key: string, isPresent: boolean])[],
): StoreBatch {
  const byIndex = new Map<number, Map<string, boolean>>();
  for (const [index, key, isPresent] of entries) {
    byIndex.set(index, (byIndex.get(index) ?? new Map<string, boolean>()).set(key, isPresent));
  }
  return { state: { catalog: null, lastTs: 1, lastCreationTime: 1 }, documents: new Map(documents), entries: byIndex };
}

/** What every store must do; each store's test file calls this. */
export function testStore(name: string, open: () => Store): void {
  describe(`${name} as a store`, () => {
    let store: Store;
    const start = () => (store = open());
    afterEach(() => store.close());

    test("a new store is empty", () => {
      start();
      expect(store.initialState).toEqual({ catalog: null, lastTs: 0, lastCreationTime: 0 });
      expect(store.read("x")).toBeNull();
      expect(store.scan(1, ALL.lower, ALL.upper, "asc", 10)).toEqual([]);
      expect(store.documentCount()).toBe(0);
      expect(store.check()).toEqual([]);
    });

    test("documents are put, overwritten and deleted", async () => {
      start();
      await store.apply(
        batch(
          [
            ["a", "1"],
            ["b", "2"],
          ],
          [],
        ),
      );
      await store.apply(
        batch(
          [
            ["a", "é\u0000😀"],
            ["b", null],
          ],
          [],
        ),
      );
      expect(store.read("a")).toBe("é\u0000😀");
      expect(store.read("b")).toBeNull();
      expect(store.documentCount()).toBe(1);
    });

    test("keys of any bytes come back in order, both ways, bounded and limited", async () => {
      start();
      const keys = [
        "\u0001",
        "\u0001\u0000",
        "\u0001\u0000\u00fe",
        "\u0002",
        "\u007f",
        "\u0080",
        "\u00c3\u00a9",
        "\u00fe\u00ff",
      ];
      await store.apply(
        batch(
          [],
          keys.toReversed().map((key) => [1, key, true] as const),
        ),
      );
      expect(store.scan(1, ALL.lower, ALL.upper, "asc", 100)).toEqual(keys);
      expect(store.scan(1, ALL.lower, ALL.upper, "desc", 3)).toEqual(keys.toReversed().slice(0, 3));
      expect(store.scan(1, "\u0001\u0000", "\u0080", "asc", 100)).toEqual(keys.slice(1, 5));
      expect(store.scan(1, "\u0001\u0000", "\u0080", "desc", 2)).toEqual(["\u007f", "\u0002"]);
      expect(store.scan(2, ALL.lower, ALL.upper, "asc", 100)).toEqual([]);
      await store.apply(
        batch(
          [],
          [
            [1, "\u0002", false],
            [1, "\u0003", false],
            [1, "\u0001", true],
          ],
        ),
      );
      expect(store.scan(1, "\u0001", "\u0010", "asc", 100)).toEqual(keys.slice(0, 3));
    });

    test("purging an index deletes its entries and, if told so, its documents", async () => {
      start();
      const ids = Array.from({ length: 5000 }, () => createId(1001));
      const entries = ids.flatMap((id) => [
        [1, encodeKey([id]), true] as const,
        [2, encodeKey(["x", id]), true] as const,
        [3, encodeKey(["y", id]), true] as const,
      ]);
      await store.apply(batch([...ids.map((id) => [id, "{}"] as const), ["other", "{}"]], entries));
      await store.purge({ index: 3, documents: false });
      expect(store.scan(3, ALL.lower, ALL.upper, "asc", 1)).toEqual([]);
      expect(store.documentCount()).toBe(5001);
      const purging = store.purge({ index: 1, documents: true });
      // A batch gets through while a purge is under way.
      await store.apply(batch([["late", "{}"]], []));
      await purging;
      expect(store.scan(1, ALL.lower, ALL.upper, "asc", 1)).toEqual([]);
      expect(store.scan(2, ALL.lower, ALL.upper, "asc", 10_000)).toHaveLength(5000);
      expect([store.documentCount(), store.read("other"), store.read("late")]).toEqual([2, "{}", "{}"]);
    });
  });
}
