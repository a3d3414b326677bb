/** A half-open range `[lower, upper)` over the encoded keys of one index; see `values/ordered-key.ts`. */
export interface KeyRange {
  lower: string;
  upper: string;
}

/** What a commit touched, as far as readers care: compare it with a {@link ReadSet} to see who is out of date. */
export interface TouchedKeys {
  /** Document ids, and {@link missingTablePoint}s of tables that came into being. */
  readonly points: Iterable<string>;
  /** By index id, the keys that were added, removed, or whose document changed. */
  readonly keys: ReadonlyMap<number, Iterable<string>>;
}

/** The point a reader of a table that does not exist depends on: it is touched when the table is created. */
export function missingTablePoint(mount: string, table: string): string {
  // Ids are base32 and hold no colon, so the two kinds of points never meet.
  return `missing:${mount}/${table}`;
}

/** Everything a transaction has looked at: documents by id, and ranges of index keys, empty stretches included. */
export class ReadSet {
  /** Ids of documents read by id (present or not), and missing-table points. */
  readonly points = new Set<string>();
  readonly #ranges = new Map<number, KeyRange[]>();
  #mergedUpTo = 0;
  #rangeCount = 0;

  /** How many separate ranges were recorded; overlapping ones count until {@link ranges} merges them. */
  get rangeCount(): number {
    return this.#rangeCount;
  }

  addPoint(point: string): void {
    this.points.add(point);
  }

  /** Records a range and keeps the given object: a running scan grows it in place as it consumes rows. */
  addRange(index: number, range: KeyRange): void {
    const ranges = this.#ranges.get(index);
    if (ranges) ranges.push(range);
    else this.#ranges.set(index, [range]);
    this.#rangeCount += 1;
  }

  /**
   * The ranges by index id, sorted and disjoint. Scans must be finished or abandoned before this is called: it copies
   * the ranges, so a scan that goes on afterwards would no longer be recorded.
   */
  ranges(): ReadonlyMap<number, readonly KeyRange[]> {
    if (this.#mergedUpTo !== this.#rangeCount) {
      this.#rangeCount = 0;
      for (const [index, ranges] of this.#ranges) {
        const merged = mergeRanges(ranges);
        this.#ranges.set(index, merged);
        this.#rangeCount += merged.length;
      }
      this.#mergedUpTo = this.#rangeCount;
    }
    return this.#ranges;
  }

  /** True when the touched keys include anything this set has read. */
  overlaps(touched: TouchedKeys): boolean {
    for (const point of touched.points) if (this.points.has(point)) return true;
    const ranges = this.ranges();
    if (ranges.size === 0) return false;
    for (const [index, keys] of touched.keys) {
      const read = ranges.get(index);
      if (!read) continue;
      for (const key of keys) if (containsKey(read, key)) return true;
    }
    return false;
  }
}

function mergeRanges(ranges: KeyRange[]): KeyRange[] {
  const sorted = ranges
    .filter((range) => range.lower < range.upper)
    .toSorted((a, b) => (a.lower < b.lower ? -1 : a.lower > b.lower ? 1 : 0));
  const merged: KeyRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last && range.lower <= last.upper) {
      if (range.upper > last.upper) last.upper = range.upper;
    } else {
      merged.push({ lower: range.lower, upper: range.upper });
    }
  }
  return merged;
}

/** `ranges` must be sorted by lower bound and disjoint. */
function containsKey(ranges: readonly KeyRange[], key: string): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range && range.lower <= key) low = middle + 1;
    else high = middle;
  }
  const candidate = ranges[low - 1];
  return candidate !== undefined && key < candidate.upper;
}
