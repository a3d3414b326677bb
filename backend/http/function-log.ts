import type { Completion, FunctionRunner } from "../functions/calls.ts";

export interface LogPage {
  readonly entries: readonly LogEntry[];
  /** Pass it to the next poll. */
  readonly newCursor: number;
}

/** One finished execution in the form that `convex logs` prints. */
export interface LogEntry {
  readonly kind: "Completion";
  readonly identifier: string;
  readonly componentPath: string;
  readonly udfType: Completion["udfType"];
  readonly requestId: string;
  /** Seconds. */
  readonly timestamp: number;
  /** Seconds. */
  readonly executionTime: number;
  readonly error: string | null;
  readonly success: null;
  readonly logLines: Completion["logLines"];
}

const MAX_ENTRIES = 2_000;
const LINGER_MS = 60_000;

/**
 * The latest executions, for tools that poll. Recording costs every call a little, so it starts with the first poll and
 * ends a minute after the last.
 */
export class FunctionLog implements Disposable {
  readonly #runner: Pick<FunctionRunner, "onCompletion">;
  readonly #holdMs: number;
  #entries: { readonly cursor: number; readonly entry: LogEntry }[] = [];
  #lastCursor = 0;
  #stopRecording: (() => void) | null = null;
  #lingering: NodeJS.Timeout | null = null;
  readonly #waiting = new Set<() => void>();

  /** `holdMs` is how long a poll with nothing to report is kept open. */
  constructor(runner: Pick<FunctionRunner, "onCompletion">, holdMs = 10_000) {
    this.#runner = runner;
    this.#holdMs = holdMs;
  }

  /** Everything after `cursor` (milliseconds, 0 for all there is); waits a while for something to report. */
  async poll(cursor: number, signal: AbortSignal): Promise<LogPage> {
    this.#record();
    if (this.#lastCursor <= cursor && cursor !== 0) await this.#wait(signal);
    const page = this.#entries.filter((item) => item.cursor > cursor);
    return { entries: page.map(({ entry }) => entry), newCursor: Math.max(cursor, this.#lastCursor, this.#started()) };
  }

  [Symbol.dispose](): void {
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#stopRecording?.();
    this.#stopRecording = null;
    for (const wake of this.#waiting) wake();
  }

  // The first poll asks from 0 and must get a cursor to continue from, even when nothing has happened yet.
  #started(): number {
    if (this.#lastCursor === 0) this.#lastCursor = Date.now();
    return this.#lastCursor;
  }

  #record(): void {
    this.#stopRecording ??= this.#runner.onCompletion((completion) => this.#add(completion));
    if (this.#lingering !== null) clearTimeout(this.#lingering);
    this.#lingering = setTimeout(() => {
      this.#stopRecording?.();
      this.#stopRecording = null;
      this.#entries = [];
    }, LINGER_MS).unref();
  }

  #add(completion: Completion): void {
    // Strictly increasing, so that a cursor never skips an entry of the same millisecond.
    this.#lastCursor = Math.max(this.#lastCursor + 0.001, completion.timestamp);
    this.#entries.push({ cursor: this.#lastCursor, entry: toEntry(completion) });
    if (this.#entries.length > MAX_ENTRIES) this.#entries.splice(0, this.#entries.length - MAX_ENTRIES);
    for (const wake of this.#waiting) wake();
  }

  #wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", wake);
        this.#waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, this.#holdMs);
      signal.addEventListener("abort", wake);
      this.#waiting.add(wake);
      if (signal.aborted) wake();
    });
  }
}

function toEntry(completion: Completion): LogEntry {
  return {
    kind: "Completion",
    identifier: completion.identifier,
    componentPath: completion.componentPath,
    udfType: completion.udfType,
    requestId: completion.requestId,
    timestamp: completion.timestamp / 1000,
    executionTime: completion.executionMs / 1000,
    error: completion.error,
    success: null,
    logLines: completion.logLines,
  };
}
