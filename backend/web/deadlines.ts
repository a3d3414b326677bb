/** One wait under a deadline; end it with {@link Deadlines.end}. */
export interface Wait {
  readonly endsAt: number;
  readonly expire: () => void;
}

/**
 * Deadlines that are all equally long, under one timer: the wait that began first ends first. A timer for each would cost more
 * than most of what they guard. None of them keeps the process alive.
 */
export class Deadlines {
  readonly #durationMs: number;
  readonly #waits = new Set<Wait>();
  #isArmed = false;

  constructor(durationMs: number) {
    this.#durationMs = durationMs;
  }

  /** Calls `expire` once when the time is over, a few milliseconds late at most, unless the wait is ended before. */
  start(expire: () => void): Wait {
    const wait = { endsAt: performance.now() + this.#durationMs, expire };
    this.#waits.add(wait);
    if (!this.#isArmed) this.#arm(this.#durationMs);
    return wait;
  }

  end(wait: Wait): void {
    this.#waits.delete(wait);
  }

  #arm(inMs: number): void {
    this.#isArmed = true;
    setTimeout(() => this.#expire(), inMs).unref();
  }

  #expire(): void {
    this.#isArmed = false;
    const now = performance.now();
    for (const wait of this.#waits) {
      if (wait.endsAt > now) {
        this.#arm(Math.ceil(wait.endsAt - now));
        return;
      }
      this.#waits.delete(wait);
      wait.expire();
    }
  }
}
