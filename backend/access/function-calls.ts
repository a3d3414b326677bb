import type { Database, Timestamp } from "../database/database.ts";
import type { CallRequest, FunctionRunner, MutationOptions } from "../functions/calls.ts";
import type { CurrentDeployment, FunctionKind } from "../functions/deployment.ts";
import { errorMessage } from "../functions/function-failure.ts";
import { canonicalPath } from "../functions/function-path.ts";
import type { LiveQueries, QueryOutcome, QueryRequest } from "../subscriptions/live-queries.ts";
import type { FunctionError } from "../values/function-error.ts";
import type { JsonValue } from "../values/json.ts";
import { AccessError } from "./access-error.ts";
import { type Caller, identityOf } from "./caller.ts";
import { canonicalJson } from "./canonical-json.ts";
import { ConsistentReads } from "./consistent-reads.ts";
import { createRequestId } from "./request-id.ts";

/** What a client names when it calls a function. */
export interface FunctionAddress {
  readonly path: string;
  /** Mount path of a component; only admins may call into one. */
  readonly componentPath?: string | undefined;
}

export interface FunctionCall extends FunctionAddress {
  /** The arguments object in Convex JSON form. */
  readonly args: JsonValue;
}

/** What may leave the process: redacted, and durable. `ts` is the commit or snapshot; null for actions. */
export type CallAnswer =
  | { readonly ok: true; readonly value: string; readonly logLines: readonly string[]; readonly ts: number | null }
  | {
      readonly ok: false;
      readonly errorMessage: string;
      readonly errorData?: JsonValue;
      readonly logLines: readonly string[];
    };

export interface FunctionCallsOptions {
  readonly runner: FunctionRunner;
  readonly queries: LiveQueries;
  readonly database: Database;
  readonly deployments: CurrentDeployment;
  readonly production: boolean;
}

/** The way in for every call from outside, over whatever transport: who may call what, and what they are told. */
export class FunctionCalls implements Disposable {
  readonly #options: FunctionCallsOptions;
  readonly #consistentReads: ConsistentReads;

  constructor(options: FunctionCallsOptions) {
    this.#options = options;
    this.#consistentReads = new ConsistentReads(options.database);
  }

  [Symbol.dispose](): void {
    this.#consistentReads[Symbol.dispose]();
  }

  /** The present moment, for {@link queryAt}. */
  async beginConsistentReads(): Promise<Timestamp> {
    const ts = this.#consistentReads.begin();
    await this.#options.database.durable(ts);
    return ts;
  }

  /** @throws AccessError when the caller may not name that component. */
  query(caller: Caller, call: FunctionCall): Promise<CallAnswer> {
    return this.queryAt(caller, call, null);
  }

  /**
   * The result at a moment in the last half minute, null for now.
   *
   * @throws AccessError as `query`, and when what the query reads has changed since.
   */
  async queryAt(caller: Caller, call: FunctionCall, ts: Timestamp | null): Promise<CallAnswer> {
    const { queries, database } = this.#options;
    const result = await queries.read(this.toQueryRequest(caller, call, null));
    if (ts !== null) this.#consistentReads.require(result, ts);
    await database.durable(result.ts);
    return this.#answer(caller, result.outcome, result.logLines, result.ts, createRequestId());
  }

  /** @throws AccessError when the caller may not name that component. */
  async mutation(caller: Caller, call: FunctionCall, options?: MutationOptions): Promise<CallAnswer> {
    const { runner, database } = this.#options;
    const request = this.#toCallRequest(caller, call);
    const result = await runner.runMutation(request, options);
    await database.durable(result.ts);
    return this.#answer(caller, result.outcome, result.logLines, result.ts, request.requestId);
  }

  /** @throws AccessError when the caller may not name that component. */
  async action(caller: Caller, call: FunctionCall): Promise<CallAnswer> {
    const request = this.#toCallRequest(caller, call);
    // What it read and wrote was durable before it went on.
    const result = await this.#options.runner.runAction(request);
    return this.#answer(caller, result.outcome, result.logLines, null, request.requestId);
  }

  /** Calls a function of whichever kind it turns out to be. */
  any(caller: Caller, call: FunctionCall): Promise<CallAnswer> {
    const kind = this.#kindOf(caller, call) ?? "query";
    return this[kind](caller, call);
  }

  /** @throws AccessError when the caller may not name that component. */
  toQueryRequest(caller: Caller, call: FunctionCall, journal: string | null): QueryRequest {
    return {
      mount: requireMount(caller, call),
      path: canonicalPath(call.path),
      args: canonicalJson(call.args),
      identity: identityOf(caller),
      journal,
      allowInternal: caller.type === "admin",
    };
  }

  /** The text and payload that a caller may see of a failure. */
  toVisibleError(
    caller: Caller,
    error: FunctionError,
    requestId = createRequestId(),
  ): { readonly errorMessage: string; readonly errorData?: JsonValue } {
    const redact = this.#options.production && caller.type !== "admin";
    const message = errorMessage(error, requestId, redact);
    return error.data === undefined ? { errorMessage: message } : { errorMessage: message, errorData: error.data };
  }

  /** Console output goes to clients for development only. */
  visibleLogLines(caller: Caller, logLines: readonly string[]): readonly string[] {
    return this.#options.production && caller.type !== "admin" ? [] : logLines;
  }

  #toCallRequest(caller: Caller, call: FunctionCall): CallRequest {
    return {
      mount: requireMount(caller, call),
      path: canonicalPath(call.path),
      args: call.args,
      identity: identityOf(caller),
      allowInternal: caller.type === "admin",
      requestId: createRequestId(),
    };
  }

  #kindOf(caller: Caller, call: FunctionCall): FunctionKind | undefined {
    const mount = this.#options.deployments.current()?.mounts.get(requireMount(caller, call));
    return mount?.functions.get(canonicalPath(call.path))?.kind;
  }

  #answer(
    caller: Caller,
    outcome: QueryOutcome,
    logLines: readonly string[],
    ts: number | null,
    requestId: string,
  ): CallAnswer {
    const lines = this.visibleLogLines(caller, logLines);
    if (outcome.ok) return { ok: true, value: outcome.value, logLines: lines, ts };
    return { ok: false, ...this.toVisibleError(caller, outcome.error, requestId), logLines: lines };
  }
}

function requireMount(caller: Caller, address: FunctionAddress): string {
  const mount = address.componentPath ?? "";
  if (mount !== "" && caller.type !== "admin") {
    throw new AccessError(403, "ComponentNotPublic", "Only an admin may call functions of a component.");
  }
  return mount;
}
