const MAX_BUCKET = 256;

interface Bucket<V> {
  readonly keys: string[];
  readonly values: V[];
}

/**
 * A map whose keys are kept in order: sorted buckets of bounded size, so that inserting into the middle of 100,000 keys
 * moves a few hundred of them.
 */
export class OrderedMap<V> {
  readonly #buckets: Bucket<V>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const bucket = this.#buckets[this.#bucketOf(key)];
    if (!bucket) return undefined;
    const position = lowerBound(bucket.keys, key);
    return bucket.keys[position] === key ? bucket.values[position] : undefined;
  }

  set(key: string, value: V): void {
    const at = this.#bucketOf(key);
    const bucket = this.#buckets[at];
    if (!bucket) {
      this.#buckets.push({ keys: [key], values: [value] });
      this.#size += 1;
      return;
    }
    const position = lowerBound(bucket.keys, key);
    if (bucket.keys[position] === key) {
      bucket.values[position] = value;
      return;
    }
    bucket.keys.splice(position, 0, key);
    bucket.values.splice(position, 0, value);
    this.#size += 1;
    if (bucket.keys.length > MAX_BUCKET) {
      const half = bucket.keys.length >>> 1;
      this.#buckets.splice(at + 1, 0, { keys: bucket.keys.splice(half), values: bucket.values.splice(half) });
    }
  }

  delete(key: string): boolean {
    const at = this.#bucketOf(key);
    const bucket = this.#buckets[at];
    if (!bucket) return false;
    const position = lowerBound(bucket.keys, key);
    if (bucket.keys[position] !== key) return false;
    bucket.keys.splice(position, 1);
    bucket.values.splice(position, 1);
    if (bucket.keys.length === 0) this.#buckets.splice(at, 1);
    this.#size -= 1;
    return true;
  }

  /** Entries with `lower <= key < upper` in ascending order. Do not change the map while iterating. */
  *between(lower: string, upper: string): Generator<[key: string, value: V]> {
    for (let at = this.#bucketOf(lower); at < this.#buckets.length; at += 1) {
      const bucket = this.#buckets[at];
      if (!bucket) return;
      for (let i = lowerBound(bucket.keys, lower); i < bucket.keys.length; i += 1) {
        const key = bucket.keys[i];
        const value = bucket.values[i];
        if (key === undefined || value === undefined || key >= upper) return;
        yield [key, value];
      }
    }
  }

  /** The least key at or above `lower`, if it is below `upper`. */
  firstKey(lower: string, upper: string): string | undefined {
    const at = this.#bucketOf(lower);
    const bucket = this.#buckets[at];
    const key = bucket?.keys[lowerBound(bucket.keys, lower)] ?? this.#buckets[at + 1]?.keys[0];
    return key !== undefined && key < upper ? key : undefined;
  }

  /** The greatest key below `upper`, if it is at or above `lower`. */
  lastKey(lower: string, upper: string): string | undefined {
    const at = this.#bucketOf(upper);
    const bucket = this.#buckets[at];
    const key = bucket?.keys[lowerBound(bucket.keys, upper) - 1] ?? this.#buckets[at - 1]?.keys.at(-1);
    return key !== undefined && key >= lower ? key : undefined;
  }

  /** The last bucket that starts at or below the key, or the first one. */
  #bucketOf(key: string): number {
    let low = 0;
    let high = this.#buckets.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const first = this.#buckets[middle]?.keys[0];
      if (first !== undefined && first <= key) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? 0 : low - 1;
  }
}

/** The first position whose key is at or above `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const candidate = keys[middle];
    if (candidate !== undefined && candidate < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
