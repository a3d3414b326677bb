import { AccessError } from "../access/access-error.ts";
import { type Caller, identityOf } from "../access/caller.ts";
import type { FunctionCall, FunctionCalls } from "../access/function-calls.ts";
import type { Database, Timestamp } from "../database/database.ts";
import type { LiveQueries, QueryResult, Subscription } from "../subscriptions/live-queries.ts";
import type { QueryState } from "./server-message.ts";

export interface LiveQueryContext {
  readonly calls: FunctionCalls;
  readonly queries: LiveQueries;
  readonly database: Database;
}

/** Who a query runs for, with the identity version under which the client knows it. */
export interface SessionIdentity {
  readonly version: number;
  readonly caller: Caller;
}

type Watch =
  | { readonly state: "unwatched" }
  | {
      readonly state: "watching";
      readonly identity: SessionIdentity;
      readonly journal: string | null;
      readonly subscription: Subscription;
    }
  /** Refused before any function ran; stays so for this identity. */
  | { readonly state: "refused"; readonly identity: SessionIdentity; readonly errorMessage: string };

/** One query of a socket's query set. */
export class LiveQuery {
  readonly #context: LiveQueryContext;
  readonly #call: FunctionCall;
  readonly #onStale: () => void;
  #journal: string | null;
  #watch: Watch = { state: "unwatched" };
  #isClosed = false;
  /** What the client has, to skip telling it again. */
  #told: { readonly result: QueryResult | null; readonly text: string; readonly journal: string | null } | null = null;

  constructor(context: LiveQueryContext, call: FunctionCall, journal: string | null, onStale: () => void) {
    this.#context = context;
    this.#call = call;
    this.#journal = journal;
    this.#onStale = onStale;
  }

  /** Runs it again where needed: for a new identity, or when a commit has touched what it read. */
  async bringUpToDate(identity: SessionIdentity): Promise<void> {
    const watch = this.#watch;
    if (watch.state !== "unwatched" && watch.identity.version !== identity.version) {
      // Another user's end cursor may not exist in what this one reads; a fresh token of the same user changes nothing.
      if (userOf(watch.identity) !== userOf(identity)) this.#journal = null;
      await this.#subscribe(identity);
      return;
    }
    switch (watch.state) {
      case "unwatched":
        await this.#subscribe(identity);
        return;
      case "refused":
        return;
      case "watching":
        if (!watch.subscription.isStale) return;
        if (watch.journal !== this.#journal) {
          // The first run has fixed where this page ends; from now on it must end there.
          await this.#subscribe(identity);
          return;
        }
        this.#keepJournal(await watch.subscription.refresh());
        return;
      default:
        watch satisfies never;
    }
  }

  /** The snapshot of the current result; it holds from then on. */
  get validFrom(): Timestamp {
    return this.#watch.state === "watching" ? this.#watch.subscription.result().ts : 0;
  }

  /** Whether a commit after the snapshot has touched what was read: then it is known to hold at the snapshot only. */
  get isStale(): boolean {
    return this.#watch.state === "watching" && this.#watch.subscription.isStale;
  }

  /** What the client must be told, or null when it knows. Counts as told from then on. */
  takeNews(caller: Caller): QueryState | null {
    const watch = this.#watch;
    if (watch.state === "unwatched") return null;
    if (watch.state === "refused") {
      const state: QueryState = { ok: false, errorMessage: watch.errorMessage, logLines: [], journal: null };
      return this.#tell(null, `refused ${watch.errorMessage}`) ? state : null;
    }
    const result = watch.subscription.result();
    if (this.#told !== null && this.#told.result === result) return null;
    const { outcome } = result;
    const logLines = this.#context.calls.visibleLogLines(caller, result.logLines);
    if (outcome.ok) {
      if (!this.#tell(result, outcome.value)) return null;
      return { ok: true, value: outcome.value, logLines, journal: result.journal };
    }
    const { message, data } = outcome.error;
    if (!this.#tell(result, `failed ${message} ${JSON.stringify(data)}`)) return null;
    const error = this.#context.calls.toVisibleError(caller, outcome.error);
    return { ok: false, ...error, logLines, journal: result.journal };
  }

  close(): void {
    this.#isClosed = true;
    if (this.#watch.state === "watching") this.#watch.subscription.close();
    this.#watch = { state: "unwatched" };
  }

  async #subscribe(identity: SessionIdentity): Promise<void> {
    const { calls, queries } = this.#context;
    const journal = this.#journal;
    let request;
    try {
      request = calls.toQueryRequest(identity.caller, this.#call, journal);
    } catch (error) {
      if (!(error instanceof AccessError)) throw error;
      this.#replace({ state: "refused", identity, errorMessage: error.message });
      return;
    }
    const subscription = await queries.subscribe(request, this.#onStale);
    if (this.#isClosed) {
      subscription.close();
      return;
    }
    this.#replace({ state: "watching", identity, journal, subscription });
    this.#keepJournal(subscription.result());
  }

  #replace(watch: Watch): void {
    // Only now: while the new one was being made, the old one kept the shared result alive.
    if (this.#watch.state === "watching") this.#watch.subscription.close();
    this.#watch = watch;
  }

  #keepJournal(result: QueryResult): void {
    if (result.journal !== null) this.#journal = result.journal;
  }

  #tell(result: QueryResult | null, text: string): boolean {
    const journal = result?.journal ?? null;
    const isNews = this.#told === null || this.#told.text !== text || this.#told.journal !== journal;
    this.#told = { result, text, journal };
    return isNews;
  }
}

function userOf({ caller }: SessionIdentity): string | null {
  return identityOf(caller)?.tokenIdentifier ?? null;
}
