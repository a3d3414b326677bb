import type { WebSocket } from "ws";

export interface OutboxOptions {
  /** Bytes that may wait for a slow client before it is cut off. */
  readonly maxBacklogBytes: number;
  /** Called once, when the client is too slow. */
  readonly onOverflow: () => void;
}

// Above this a socket is behind: transitions are held back, so that it gets one late update and not a queue of old ones.
const BEHIND_BYTES = 1024 * 1024;

/** What is on its way to one socket. */
export class Outbox {
  readonly #socket: WebSocket;
  readonly #options: OutboxOptions;
  #waiting: (() => void)[] = [];

  constructor(socket: WebSocket, options: OutboxOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Sends a frame; does nothing on a socket that is closing. */
  send(frame: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#socket.send(frame, this.#onFlushed);
    if (this.#socket.bufferedAmount > this.#options.maxBacklogBytes) this.#options.onOverflow();
  }

  /** Undefined when the client keeps up, else resolves when it has caught up or is gone. */
  caughtUp(): Promise<void> | undefined {
    if (!this.#isBehind()) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Lets go of everyone who waits: the socket has closed. */
  close(): void {
    this.#wake();
  }

  readonly #onFlushed = (): void => {
    if (this.#waiting.length > 0 && !this.#isBehind()) this.#wake();
  };

  #isBehind(): boolean {
    return this.#socket.readyState === this.#socket.OPEN && this.#socket.bufferedAmount > BEHIND_BYTES;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
