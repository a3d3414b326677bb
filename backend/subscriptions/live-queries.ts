import type { ReadSet } from "../database/read-set.ts";
import type { Timestamp } from "../database/database.ts";
import type { FunctionError } from "../values/function-error.ts";
import type { Identity } from "../values/identity.ts";

export interface QueryRequest {
  readonly mount: string;
  readonly path: string;
  /** Canonical JSON text of the arguments object: equal arguments must give equal text. */
  readonly args: string;
  readonly identity: Identity | null;
  /** Pagination journal of an earlier run, or null. */
  readonly journal: string | null;
  /**
   * False for end users, who may call public functions only. Part of what tells cached results apart: the same call is
   * a result for one and "could not find" for the other.
   */
  readonly allowInternal: boolean;
  /** What `queryKey` says of this request, where the caller has kept it. */
  readonly key?: string;
}

export type QueryOutcome =
  | { readonly ok: true; /** JSON text */ readonly value: string }
  | { readonly ok: false; readonly error: FunctionError };

export interface QueryResult {
  readonly outcome: QueryOutcome;
  readonly logLines: readonly string[];
  readonly journal: string | null;
  readonly reads: ReadSet;
  /** The snapshot it ran at. Await `database.durable(ts)` before it leaves the process. */
  readonly ts: Timestamp;
  readonly usedIdentity: boolean;
  /** True when the query looked at the clock, so its result also ages without any write. */
  readonly observedTime: boolean;
}

/** A query kept current. Nothing re-runs by itself: after `onStale` the owner calls `refresh` when it wants to. */
export interface Subscription {
  /** True once a commit has touched what the current result read. */
  readonly isStale: boolean;
  /** The current result; valid at `database.latest` as long as `isStale` is false. */
  result(): QueryResult;
  /** Runs the query again if stale (shared with everyone who wants the same) and returns the current result. */
  refresh(): Promise<QueryResult>;
  close(): void;
}

export interface LiveQueries {
  /** A result that is current as of this call: cached if still valid, else run, at most once for concurrent callers. */
  read(request: QueryRequest): Promise<QueryResult>;
  /** The result that `read` would give without running anything, if there is one. */
  peek(request: QueryRequest): QueryResult | undefined;
  /** Runs or reuses, then watches; `onStale` is called at most once per result, never before this resolves. */
  subscribe(request: QueryRequest, onStale: () => void): Promise<Subscription>;
  /** Drops every cached result and makes every subscription stale: the code or the environment has changed. */
  invalidateAll(): void;
}
