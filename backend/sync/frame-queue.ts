/** Handles items one at a time in the order they were pushed, each only after the one before is completely done. */
export class FrameQueue<T> {
  readonly #handle: (item: T) => Promise<void>;
  readonly #onError: (error: unknown) => void;
  #items: T[] = [];
  #isRunning = false;
  #isClosed = false;

  constructor(handle: (item: T) => Promise<void>, onError: (error: unknown) => void) {
    this.#handle = handle;
    this.#onError = onError;
  }

  /** How many wait. */
  get length(): number {
    return this.#items.length;
  }

  push(item: T): void {
    if (this.#isClosed) return;
    this.#items.push(item);
    if (!this.#isRunning) void this.#run();
  }

  /** Forgets what waits. */
  close(): void {
    this.#isClosed = true;
    this.#items = [];
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      for (let item = this.#items.shift(); item !== undefined; item = this.#items.shift()) {
        await this.#handle(item);
      }
    } catch (error) {
      this.close();
      this.#onError(error);
    } finally {
      this.#isRunning = false;
    }
  }
}
