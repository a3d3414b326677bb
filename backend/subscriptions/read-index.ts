import type { ReadSet, TouchedKeys } from "../database/read-set.ts";
import { IntervalTree } from "./interval-tree.ts";

/** Finds who has read what a commit touched: points by hash, ranges by one interval tree per table index. */
export class ReadIndex<T> {
  readonly #points = new Map<string, Set<T>>();
  readonly #ranges = new Map<number, IntervalTree<T>>();

  /** The read set must not change until it is removed again. */
  add(owner: T, reads: ReadSet): void {
    for (const point of reads.points) {
      const owners = this.#points.get(point);
      if (owners) owners.add(owner);
      else this.#points.set(point, new Set([owner]));
    }
    for (const [index, ranges] of reads.ranges()) {
      let tree = this.#ranges.get(index);
      if (!tree) {
        tree = new IntervalTree();
        this.#ranges.set(index, tree);
      }
      for (const { lower, upper } of ranges) tree.add(lower, upper, owner);
    }
  }

  remove(owner: T, reads: ReadSet): void {
    for (const point of reads.points) {
      const owners = this.#points.get(point);
      owners?.delete(owner);
      if (owners?.size === 0) this.#points.delete(point);
    }
    for (const [index, ranges] of reads.ranges()) {
      const tree = this.#ranges.get(index);
      for (const { lower, upper } of ranges) tree?.remove(lower, upper, owner);
      if (tree?.isEmpty) this.#ranges.delete(index);
    }
  }

  /** Everyone whose reads overlap with what was touched. */
  affected(touched: TouchedKeys): Set<T> {
    const found = new Set<T>();
    for (const point of touched.points) {
      const owners = this.#points.get(point);
      if (owners) for (const owner of owners) found.add(owner);
    }
    for (const [index, keys] of touched.keys) {
      const tree = this.#ranges.get(index);
      if (tree) for (const key of keys) tree.collect(key, found);
    }
    return found;
  }

  get isEmpty(): boolean {
    return this.#points.size === 0 && this.#ranges.size === 0;
  }
}
