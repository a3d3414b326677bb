import { idOfKey } from "../values/ordered-key.ts";
import type { Leftover } from "./catalog.ts";
import { OrderedMap } from "./ordered-map.ts";
import type { Store, StoreBatch, StoreState } from "./store.ts";

/** A store without a disk, for tests and throw-away servers. `apply` still takes a turn of the event loop. */
export class MemoryStore implements Store {
  readonly initialState: StoreState = { catalog: null, lastTs: 0, lastCreationTime: 0 };
  readonly #documents = new Map<string, string>();
  readonly #indexes = new Map<number, OrderedMap<true>>();

  read(id: string): string | null {
    return this.#documents.get(id) ?? null;
  }

  scan(index: number, lower: string, upper: string, order: "asc" | "desc", limit: number): string[] {
    const keys: string[] = [];
    const entries = this.#indexes.get(index);
    if (!entries) return keys;
    let [from, to] = [lower, upper];
    while (keys.length < limit) {
      const key = order === "asc" ? entries.firstKey(from, to) : entries.lastKey(from, to);
      if (key === undefined) break;
      keys.push(key);
      if (order === "asc") from = `${key}\0`;
      else to = key;
    }
    return keys;
  }

  async apply(batch: StoreBatch): Promise<void> {
    await new Promise(setImmediate);
    for (const [id, text] of batch.documents) {
      if (text === null) this.#documents.delete(id);
      else this.#documents.set(id, text);
    }
    for (const [index, changes] of batch.entries) {
      const entries = this.#indexes.get(index) ?? new OrderedMap<true>();
      this.#indexes.set(index, entries);
      for (const [key, isPresent] of changes) {
        if (isPresent) entries.set(key, true);
        else entries.delete(key);
      }
    }
  }

  purge(leftover: Leftover): Promise<void> {
    if (leftover.documents) {
      for (const [key] of this.#indexes.get(leftover.index)?.between("", "\u00ff") ?? []) {
        this.#documents.delete(idOfKey(key));
      }
    }
    this.#indexes.delete(leftover.index);
    return Promise.resolve();
  }

  onFailure(): void {
    // Memory does not break.
  }

  documentCount(): number {
    return this.#documents.size;
  }

  check(): string[] {
    return [];
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
