import type { Timestamp } from "./database.ts";

/** Exactly representable beside today's epoch milliseconds (their step is 2^-12), so adding it always changes the sum. */
const CREATION_TIME_STEP_MS = 1 / 1024;

/** Hands out commit and creation times that only grow, whatever the system's clock does. */
export class Clock {
  readonly #nowMs: () => number;
  #lastTs: Timestamp;
  #lastCreationTime: number;

  /** @param nowMs epoch milliseconds; the other two are the last values handed out by an earlier run. */
  constructor(nowMs: () => number, lastTs: Timestamp, lastCreationTime: number) {
    this.#nowMs = nowMs;
    this.#lastTs = lastTs;
    this.#lastCreationTime = lastCreationTime;
  }

  get lastTs(): Timestamp {
    return this.#lastTs;
  }

  get lastCreationTime(): number {
    return this.#lastCreationTime;
  }

  nextTs(): Timestamp {
    this.#lastTs = Math.max(this.#lastTs + 1, Math.floor(this.#nowMs() * 1000));
    return this.#lastTs;
  }

  nextCreationTime(): number {
    this.#lastCreationTime = Math.max(this.#lastCreationTime + CREATION_TIME_STEP_MS, this.#nowMs());
    return this.#lastCreationTime;
  }
}
