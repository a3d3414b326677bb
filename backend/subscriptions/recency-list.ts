/** What a {@link RecencyList} holds; the links are the list's own. */
export interface RecencyItem<T> {
  older: T | null;
  newer: T | null;
  isListed: boolean;
}

/** Items by last use, as links in the items themselves: marking a use is a few assignments and allocates nothing. */
export class RecencyList<T extends RecencyItem<T>> {
  #newest: T | null = null;
  #oldest: T | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get oldest(): T | null {
    return this.#oldest;
  }

  /** Puts the item at the young end, wherever it was. */
  use(item: T): void {
    if (this.#newest === item) return;
    this.remove(item);
    item.older = this.#newest;
    item.isListed = true;
    if (this.#newest) this.#newest.newer = item;
    else this.#oldest = item;
    this.#newest = item;
    this.#size += 1;
  }

  remove(item: T): void {
    if (!item.isListed) return;
    if (item.newer) item.newer.older = item.older;
    else this.#newest = item.older;
    if (item.older) item.older.newer = item.newer;
    else this.#oldest = item.newer;
    item.older = null;
    item.newer = null;
    item.isListed = false;
    this.#size -= 1;
  }
}
