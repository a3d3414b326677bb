import { AccessError } from "../access/access-error.ts";
import type { Caller } from "../access/caller.ts";
import type { CallAnswer, FunctionCall, FunctionCalls } from "../access/function-calls.ts";
import type { Database } from "../database/database.ts";
import { findResult, type SessionRequest, storeResult } from "./session-requests.ts";

/** Runs the mutations of all sockets, each request at most once, however often a client that lost its connection repeats it. */
export class SessionMutations {
  readonly #calls: FunctionCalls;
  readonly #database: Database;
  /** By session and request: the repetition may arrive while the first is still running for a socket that is gone. */
  readonly #running = new Map<string, Promise<CallAnswer>>();

  constructor(calls: FunctionCalls, database: Database) {
    this.#calls = calls;
    this.#database = database;
  }

  /** `beforeCommit` is called once the mutation has run, every time it is about to be committed. */
  async run(
    caller: Caller,
    call: FunctionCall,
    request: SessionRequest,
    beforeCommit: () => void,
  ): Promise<CallAnswer> {
    const key = `${request.sessionId}:${request.requestId}`;
    for (let first = this.#running.get(key); first !== undefined; first = this.#running.get(key)) {
      // However it ends: what it has stored decides, not what it answered.
      await Promise.allSettled([first]);
    }
    const answer = this.#runOnce(caller, call, request, beforeCommit);
    this.#running.set(key, answer);
    try {
      return await answer;
    } finally {
      this.#running.delete(key);
    }
  }

  /** Resolves when none is running any more. */
  async drained(): Promise<void> {
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  async #runOnce(
    caller: Caller,
    call: FunctionCall,
    request: SessionRequest,
    beforeCommit: () => void,
  ): Promise<CallAnswer> {
    const stored = findResult(this.#database, request);
    if (stored !== null) {
      // Its own commit is no later than the latest, and that is what the client waits for.
      const ts = this.#database.latest;
      await this.#database.durable(ts);
      return { ok: true, value: stored.value, logLines: stored.logLines, ts };
    }
    try {
      return await this.#calls.mutation(caller, call, {
        withinTransaction: (tx, value, logLines) => {
          beforeCommit();
          storeResult(tx, request, { value, logLines });
        },
      });
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      return { ok: false, errorMessage: error.message, logLines: [] };
    }
  }
}
