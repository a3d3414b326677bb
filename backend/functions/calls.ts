import type { QueryRequest, QueryResult } from "../subscriptions/live-queries.ts";
import type { FunctionError, Identity } from "../subscriptions/outcome.ts";
import type { JsonValue } from "../values/json.ts";
import type { Timestamp, Transaction } from "../database/database.ts";
import type { LogLine } from "./log-line.ts";

/** One call of a mutation or an action. */
export interface CallRequest {
  /** Mount path, `""` for the app. */
  readonly mount: string;
  /** `dir/module:name`; a missing `:name` means `default`. */
  readonly path: string;
  /** The arguments object in Convex JSON encoding. */
  readonly args: JsonValue;
  readonly identity: Identity | null;
  /** False for end users: internal and missing functions then give the same error. */
  readonly allowInternal: boolean;
  /** 16 hex digits, shown to callers in place of an error they may not see. */
  readonly requestId: string;
  /** The scheduled job this call is, for `ctx.meta.getRequestMetadata()`. */
  readonly scheduledFunctionId?: string;
  readonly client?: ClientInfo;
}

export interface ClientInfo {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** `value` is Convex JSON text. */
export type Outcome =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly error: FunctionError };

export interface MutationResult {
  readonly outcome: Outcome;
  /** The commit, or the snapshot of the last attempt when nothing was committed. */
  readonly ts: Timestamp;
  readonly logLines: readonly LogLine[];
}

export interface ActionResult {
  readonly outcome: Outcome;
  readonly logLines: readonly LogLine[];
}

export interface MutationOptions {
  /**
   * Runs in the mutation's own transaction just before a successful commit, so that what it writes
   * is stored together with the mutation's effects or not at all. Runs again on every retry.
   */
  withinTransaction?(tx: Transaction, value: string, logLines: readonly LogLine[]): void;
}

/** A query call; whether internal functions may be called decides which cached result applies. */
export interface QueryCall extends QueryRequest {
  readonly allowInternal: boolean;
}

/** Runs user code of the current deployment. Failures of user code are outcomes, never throws. */
export interface FunctionRunner {
  /** Executes once, uncached. `LiveQueries` is the usual way in. */
  runQuery(request: QueryCall): Promise<QueryResult>;
  /** Retries from the start on conflict. The caller awaits `database.durable(ts)` before answering. */
  runMutation(request: CallRequest, options?: MutationOptions): Promise<MutationResult>;
  runAction(request: CallRequest): Promise<ActionResult>;
  /** Routes by the app's `http.js` and mounted child routers; 404 when none matches. */
  runHttpAction(request: Request, caller?: HttpCaller): Promise<Response>;
}

export interface HttpCaller {
  readonly identity: Identity | null;
  readonly requestId: string;
  readonly client?: ClientInfo;
}
