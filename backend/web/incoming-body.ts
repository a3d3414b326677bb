import type { IncomingMessage } from "node:http";
import { Deadlines } from "./deadlines.ts";

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly bodyTimeoutMs: number;
}

export type BodyFailure = "too large" | "too slow" | "cut off";

/** Reading a body failed; nothing of it should be trusted. */
export class BodyError extends Error {
  override readonly name = "BodyError";
  readonly failure: BodyFailure;

  constructor(failure: BodyFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** The bytes of one request: read once, bounded in size and time. */
export class IncomingBody {
  readonly #message: IncomingMessage;
  readonly #limits: BodyLimits;
  #used = false;
  #failure: BodyFailure | null = null;

  constructor(message: IncomingMessage, limits: BodyLimits) {
    this.#message = message;
    this.#limits = limits;
  }

  get used(): boolean {
    return this.#used;
  }

  /** Why reading failed, or null while it has not. */
  get failure(): BodyFailure | null {
    return this.#failure;
  }

  /**
   * All of it.
   *
   * @throws BodyError, and TypeError when it was read before.
   */
  read(): Promise<Buffer> {
    this.#take();
    const message = this.#message;
    // A small body has come by now with its headers, and what is there needs no listeners.
    if (message.complete && !message.destroyed && message.readableLength <= this.#limits.maxBodyBytes) {
      const bytes: unknown = message.read();
      return Promise.resolve(Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0));
    }
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      let isOver = false;
      const deadline = deadlinesOf(this.#limits.bodyTimeoutMs);
      const wait = deadline.start(() => fail("too slow"));
      // The listeners stay: they go with the message, and taking four of them off costs as much as the rest of a small body.
      const fail = (failure: BodyFailure): void => {
        if (isOver) return;
        isOver = true;
        deadline.end(wait);
        message.pause();
        reject(this.#fail(failure));
      };
      const onData = (chunk: Buffer): void => {
        if (isOver) return;
        size += chunk.length;
        if (size > this.#limits.maxBodyBytes) fail("too large");
        else chunks.push(chunk);
      };
      const onEnd = (): void => {
        if (isOver) return;
        isOver = true;
        deadline.end(wait);
        const [only] = chunks;
        resolve(chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks, size));
      };
      const onClose = (): void => fail("cut off");
      if (this.#declaredSize() > this.#limits.maxBodyBytes) {
        fail("too large");
        return;
      }
      if (message.destroyed) {
        fail("cut off");
        return;
      }
      // Node tells of an error only whoever listens for it; a close follows in any case.
      message.on("data", onData).on("end", onEnd).on("close", onClose);
    });
  }

  /** The same bytes piece by piece, under the same limits. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    this.#take();
    if (this.#declaredSize() > this.#limits.maxBodyBytes) throw this.#fail("too large");
    let size = 0;
    const timer = setTimeout(() => this.#message.destroy(this.#fail("too slow")), this.#limits.bodyTimeoutMs);
    try {
      for await (const chunk of this.#message.iterator({ destroyOnReturn: false })) {
        if (!(chunk instanceof Uint8Array)) continue;
        size += chunk.length;
        if (size > this.#limits.maxBodyBytes) throw this.#fail("too large");
        yield chunk;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  #take(): void {
    if (this.#used) throw new TypeError("Body is unusable: Body has already been read");
    this.#used = true;
  }

  #declaredSize(): number {
    return Number(this.#message.headers["content-length"] ?? 0);
  }

  #fail(failure: BodyFailure): BodyError {
    this.#failure = failure;
    return new BodyError(failure, `The request body was ${failure}`);
  }
}

const deadlines = new Map<number, Deadlines>();

function deadlinesOf(durationMs: number): Deadlines {
  let found = deadlines.get(durationMs);
  if (found === undefined) {
    found = new Deadlines(durationMs);
    deadlines.set(durationMs, found);
  }
  return found;
}
