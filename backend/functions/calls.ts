import type { Timestamp, Transaction } from "../database/database.ts";
import type { QueryOutcome, QueryRequest, QueryResult } from "../subscriptions/live-queries.ts";
import type { FunctionError } from "../values/function-error.ts";
import type { Identity } from "../values/identity.ts";
import type { JsonValue } from "../values/json.ts";
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
export type Outcome = QueryOutcome;

export interface MutationResult {
  readonly outcome: Outcome;
  /** The commit, or the snapshot of the last attempt when nothing was committed. */
  readonly ts: Timestamp;
  /** Text form, as in `[LOG] 'text'`. */
  readonly logLines: readonly string[];
}

export interface ActionResult {
  readonly outcome: Outcome;
  readonly logLines: readonly string[];
}

export interface MutationOptions {
  /**
   * Runs in the mutation's own transaction just before a successful commit, so that what it writes
   * is stored together with the mutation's effects or not at all. Runs again on every retry.
   */
  withinTransaction?(tx: Transaction, value: string, logLines: readonly string[]): void;
}

/** One finished execution, for the function log. */
export interface Completion {
  readonly identifier: string;
  readonly componentPath: string;
  readonly udfType: "Query" | "Mutation" | "Action" | "HttpAction";
  readonly requestId: string;
  /** Milliseconds since the epoch, at the end. */
  readonly timestamp: number;
  readonly executionMs: number;
  /** Unredacted text, or null on success. */
  readonly error: string | null;
  readonly logLines: readonly LogLine[];
}

/** An error in something that a function started and did not wait for. */
export interface StrayFailure {
  readonly error: FunctionError;
  readonly functionPath: string;
  readonly componentPath: string;
  readonly requestId: string;
}

/** Runs user code of the current deployment. Failures of user code are outcomes, never throws. */
export interface FunctionRunner {
  /** Executes once, uncached. `LiveQueries` is the usual way in. */
  runQuery(request: QueryRequest): Promise<QueryResult>;
  /** Retries from the start on conflict. The caller awaits `database.durable(ts)` before answering. */
  runMutation(request: CallRequest, options?: MutationOptions): Promise<MutationResult>;
  runAction(request: CallRequest): Promise<ActionResult>;
  /** Routes by the app's `http.js` and mounted child routers; 404 when none matches. */
  runHttpAction(request: Request, caller?: HttpCaller): Promise<Response>;
  /** Reports every execution while somebody listens; costs nothing otherwise. Returns the unsubscriber. */
  onCompletion(listener: (completion: Completion) => void): () => void;
}

export interface HttpCaller {
  readonly identity: Identity | null;
  readonly requestId: string;
  readonly client?: ClientInfo;
}
