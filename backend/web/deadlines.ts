/** One wait under a deadline; end it with {@link Deadlines.end}. */
export interface Wait {
  readonly endsAt: number;
  /** Null once the wait is over, so that it holds nothing of whom it waited for. */
  expire: (() => void) | null;
}

// Fewer ended waits than this are not worth a look at the others.
const SWEEP_AT = 1024;

/**
 * Deadlines that are all equally long, under one timer: the wait that began first ends first. A timer for each would cost more
 * than most of what they guard. None of them keeps the process alive.
 * convex/gateway/deadline.ts does the same once more: neither may import the other, and it runs where there is no Node.
 *
 * They stand in an array, not in a Set: a Set that shrinks and grows again leaves its old table behind with a reference to the
 * next one. Once one such table is in the old generation, every later one follows it there with all that its waits hold.
 */
export class Deadlines {
  readonly #durationMs: number;
  /** In the order in which they began. */
  #waits: Wait[] = [];
  #ended = 0;
  #isArmed = false;

  constructor(durationMs: number) {
    this.#durationMs = durationMs;
  }

  /** Calls `expire` once when the time is over, a few milliseconds late at most, unless the wait is ended before. */
  start(expire: () => void): Wait {
    const wait = { endsAt: performance.now() + this.#durationMs, expire };
    this.#waits.push(wait);
    if (!this.#isArmed) this.#arm(this.#durationMs);
    return wait;
  }

  end(wait: Wait): void {
    if (wait.expire === null) return;
    wait.expire = null;
    this.#ended += 1;
    if (this.#ended === this.#waits.length || (this.#ended >= SWEEP_AT && this.#ended * 2 > this.#waits.length)) {
      this.#sweep();
    }
  }

  #sweep(): void {
    this.#waits = this.#waits.filter(({ expire }) => expire !== null);
    this.#ended = 0;
  }

  #arm(inMs: number): void {
    this.#isArmed = true;
    setTimeout(() => this.#expire(), inMs).unref();
  }

  #expire(): void {
    this.#isArmed = false;
    this.#sweep();
    const now = performance.now();
    for (const wait of this.#waits) {
      if (wait.endsAt > now) {
        this.#arm(Math.ceil(wait.endsAt - now));
        return;
      }
      const { expire } = wait;
      this.end(wait);
      expire?.();
    }
  }
}
