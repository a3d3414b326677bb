import type { Commit, Timestamp } from "../database/database.ts";
import { CachedQuery, type Subscriber } from "./cached-query.ts";
import type { LiveQueries, QueryRequest, QueryResult, Subscription } from "./live-queries.ts";
import { identityKey, ValidResults, queryKey, withIdentity, type CacheLimits } from "./valid-results.ts";
import { RecentCommits } from "./recent-commits.ts";

export interface LiveQueriesOptions extends Partial<CacheLimits> {
  /** Executes a query at the latest snapshot, or one later than the call. Rejects only when it could not run at all. */
  run(request: QueryRequest): Promise<QueryResult>;
  readonly database: {
    readonly latest: Timestamp;
    onCommit(listener: (commit: Commit) => void): () => void;
  };
  /** Milliseconds on any steady clock. */
  nowMs?: () => number;
}

/** How many queries are remembered as not caring who asks; forgetting one costs no more than a run. */
const MAX_IDENTITY_FREE = 50_000;

/** Creates the cache of query results over a database; dispose it to stop listening to commits. */
export function createLiveQueries(options: LiveQueriesOptions): LiveQueries & Disposable {
  return new QueryCache(options);
}

class QueryCache implements LiveQueries, Disposable {
  readonly #options: LiveQueriesOptions;
  readonly #nowMs: () => number;
  readonly #cache: ValidResults;
  readonly #flights = new Map<string, Promise<CachedQuery>>();
  readonly #recent = new RecentCommits();
  readonly #identityFree = new Set<string>();
  readonly #unsubscribe: () => void;
  #stale: CachedQuery[] = [];
  /** Counts invalidateAll: what began under another number ran other code. */
  #epoch = 0;

  constructor(options: LiveQueriesOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#cache = new ValidResults({
      maxIdle: options.maxIdle ?? 10_000,
      maxIdleBytes: options.maxIdleBytes ?? 64 * 1024 * 1024,
    });
    this.#unsubscribe = options.database.onCommit((commit) => {
      this.#recent.add(commit);
      this.#markStale(this.#cache.invalidate(commit));
    });
  }

  peek(request: QueryRequest): QueryResult | undefined {
    const cached = this.#cache.get(queryKey(request), request.identity);
    return cached?.isFresh(this.#nowMs) ? cached.result : undefined;
  }

  async read(request: QueryRequest): Promise<QueryResult> {
    return this.peek(request) ?? (await this.#obtain(request, queryKey(request), false)).result;
  }

  async subscribe(request: QueryRequest, onStale: () => void): Promise<Subscription> {
    const entry = await this.obtainWatchable(request);
    return new LiveSubscription(this, request, entry, onStale);
  }

  invalidateAll(): void {
    this.#epoch += 1;
    this.#identityFree.clear();
    // Those who ask from now on must not join a run of the old code.
    this.#flights.clear();
    this.#markStale(this.#cache.clear());
  }

  /** For subscriptions: they share what others watch, however long ago it looked at the clock. */
  obtainWatchable(request: QueryRequest): Promise<CachedQuery> {
    return this.#obtain(request, queryKey(request), true);
  }

  attach(entry: CachedQuery, subscriber: Subscriber): void {
    entry.subscribers.add(subscriber);
    this.#cache.keep(entry);
    // Overtaken between its run and now; whoever was attached earlier has been told already.
    if (entry.isStale) queueMicrotask(() => subscriber.notify());
  }

  detach(entry: CachedQuery, subscriber: Subscriber): void {
    entry.subscribers.delete(subscriber);
    if (entry.subscribers.size === 0) this.#cache.rest(entry);
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
  }

  async #obtain(request: QueryRequest, key: string, shareWatched: boolean): Promise<CachedQuery> {
    const since = this.#options.database.latest;
    const identity = identityKey(request.identity);
    for (;;) {
      const cached = this.#cache.get(key, request.identity);
      if (cached && (cached.isFresh(this.#nowMs) || (shareWatched && cached.subscribers.size > 0))) return cached;
      const epoch = this.#epoch;
      const entry = await this.#fly(request, key, identity);
      // A shared run may turn out to be another's own, or to have looked before this caller's latest write.
      if (entry.serves(identity) && entry.result.ts >= since && epoch === this.#epoch) return entry;
    }
  }

  /** One run at a time for all who want the same. */
  #fly(request: QueryRequest, key: string, identity: string): Promise<CachedQuery> {
    const flightKey = this.#identityFree.has(key) ? key : withIdentity(key, identity);
    const underWay = this.#flights.get(flightKey);
    if (underWay) return underWay;
    const flight = this.#run(request, key, identity).finally(() => {
      if (this.#flights.get(flightKey) === flight) this.#flights.delete(flightKey);
    });
    this.#flights.set(flightKey, flight);
    return flight;
  }

  async #run(request: QueryRequest, key: string, identity: string): Promise<CachedQuery> {
    const run = this.#recent.start(this.#options.database.latest);
    const epoch = this.#epoch;
    try {
      const result = await this.#options.run(request);
      this.#rememberIdentityUse(key, result.usedIdentity);
      const entry = new CachedQuery(key, identity, result, this.#nowMs());
      // No turn of the loop between this question and the registration: no commit can slip through.
      entry.isStale = epoch !== this.#epoch || this.#recent.hasOvertaken(run, result.reads, result.ts);
      if (!entry.isStale) this.#cache.add(entry);
      return entry;
    } finally {
      this.#recent.end(run);
    }
  }

  #rememberIdentityUse(key: string, usedIdentity: boolean): void {
    if (usedIdentity) {
      this.#identityFree.delete(key);
      return;
    }
    if (this.#identityFree.size >= MAX_IDENTITY_FREE) this.#identityFree.clear();
    this.#identityFree.add(key);
  }

  /** Watchers hear of it once per turn, however many commits there were. */
  #markStale(entries: Iterable<CachedQuery>): void {
    for (const entry of entries) {
      entry.isStale = true;
      if (entry.subscribers.size === 0) continue;
      if (this.#stale.length === 0) queueMicrotask(() => this.#notify());
      this.#stale.push(entry);
    }
  }

  #notify(): void {
    const stale = this.#stale;
    this.#stale = [];
    for (const entry of stale) for (const subscriber of entry.subscribers) subscriber.notify();
  }
}

class LiveSubscription implements Subscription, Subscriber {
  readonly #queries: QueryCache;
  readonly #request: QueryRequest;
  readonly #onStale: () => void;
  #entry: CachedQuery;
  #isClosed = false;
  /** The result its owner was last told about, lest it be told twice. */
  #notified: CachedQuery | null = null;

  constructor(queries: QueryCache, request: QueryRequest, entry: CachedQuery, onStale: () => void) {
    this.#queries = queries;
    this.#request = request;
    this.#onStale = onStale;
    this.#entry = entry;
    queries.attach(entry, this);
  }

  get isStale(): boolean {
    return this.#entry.isStale;
  }

  result(): QueryResult {
    return this.#entry.result;
  }

  async refresh(): Promise<QueryResult> {
    if (!this.#entry.isStale || this.#isClosed) return this.#entry.result;
    const entry = await this.#queries.obtainWatchable(this.#request);
    // Of two refreshes at once the later result stays.
    if (this.#isClosed || entry === this.#entry || entry.result.ts < this.#entry.result.ts) return this.#entry.result;
    this.#queries.detach(this.#entry, this);
    this.#entry = entry;
    this.#queries.attach(entry, this);
    return entry.result;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queries.detach(this.#entry, this);
  }

  notify(): void {
    if (this.#isClosed || !this.#entry.isStale || this.#notified === this.#entry) return;
    this.#notified = this.#entry;
    this.#onStale();
  }
}
