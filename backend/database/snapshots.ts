import type { Timestamp } from "./database.ts";

/** The snapshots of running transactions. They are taken in growing order, so the map's first key is the oldest. */
export class Snapshots {
  readonly #running = new Map<Timestamp, number>();

  take(ts: Timestamp): void {
    this.#running.set(ts, (this.#running.get(ts) ?? 0) + 1);
  }

  /** Returns true when this snapshot is held by nobody any more. */
  release(ts: Timestamp): boolean {
    const count = this.#running.get(ts) ?? 0;
    if (count > 1) this.#running.set(ts, count - 1);
    else this.#running.delete(ts);
    return count <= 1;
  }

  oldest(): Timestamp {
    for (const ts of this.#running.keys()) return ts;
    return Infinity;
  }
}
