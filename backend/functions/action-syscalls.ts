import type { QueryRequest } from "../subscriptions/live-queries.ts";
import { queryKey } from "../subscriptions/valid-results.ts";
import { parseJsonObject, type JsonObject } from "../values/json.ts";
import type { FunctionError } from "../values/function-error.ts";
import { callArguments, resolveAddress, type Target } from "./address.ts";
import type { CallRequest, Outcome } from "./calls.ts";
import type { Execution } from "./execution.ts";
import { DataFailure, errorText } from "./function-failure.ts";
import { requireAction } from "./syscall-scope.ts";

// Each costs a kilobyte at most where arguments are short, and reading one again costs less than a run.
const MAX_QUERY_CALLS = 10_000;

export const ACTION_QUERY = "1.0/actions/query";

/**
 * `ctx.runQuery` of an action; `argument` is the call as JSON text. A result that is cached and on the disk is answered at once,
 * and a call that was made before in the same words is not read again.
 */
export function queryOfAction(execution: Execution, argument: string): string | Promise<string> {
  requireAction(execution);
  const request = queryRequest(execution, argument);
  const { database, queries } = execution.mount.deployment.host;
  const cached = queries.peek(request);
  if (cached !== undefined && database.durable(cached.ts) === undefined) return valueOf(cached.outcome);
  return readDurably(execution, request);
}

/** Each call of an action is a transaction of its own, so it answers from the latest commit. */
async function readDurably(execution: Execution, request: QueryRequest): Promise<string> {
  const { database, queries } = execution.mount.deployment.host;
  const result = await queries.read(request);
  // An action may tell the world what it read, so it must not read what a crash could undo.
  const durable = database.durable(result.ts);
  if (durable !== undefined) await durable;
  return valueOf(result.outcome);
}

function queryRequest(execution: Execution, argument: string): QueryRequest {
  const { queryCalls } = execution.mount;
  let anonymous = queryCalls.get(argument);
  if (anonymous === undefined) {
    const call = parseJsonObject(argument);
    const target = resolveAddress(execution.mount, call);
    const asked = {
      mount: target.mount.path,
      path: target.path,
      args: JSON.stringify(callArguments(call)),
      identity: null,
      journal: null,
      allowInternal: target.allowInternal,
    };
    anonymous = { ...asked, key: queryKey(asked) };
    if (queryCalls.size >= MAX_QUERY_CALLS) queryCalls.clear();
    queryCalls.set(argument, anonymous);
  }
  const { identity } = execution.root;
  return identity === null ? anonymous : { ...anonymous, identity };
}

export const actionCalls = {
  "1.0/actions/mutation": async (execution: Execution, call: JsonObject): Promise<string> => {
    requireAction(execution);
    const { database, runner } = execution.mount.deployment.host;
    const result = await runner.runMutation(toRequest(execution, resolveAddress(execution.mount, call), call));
    await database.durable(result.ts);
    return valueOf(result.outcome);
  },

  "1.0/actions/action": async (execution: Execution, call: JsonObject): Promise<string> => {
    requireAction(execution);
    const { runner } = execution.mount.deployment.host;
    const result = await runner.runAction(toRequest(execution, resolveAddress(execution.mount, call), call));
    return valueOf(result.outcome);
  },
};

function toRequest(execution: Execution, target: Target, call: JsonObject): CallRequest {
  const { root } = execution;
  return {
    mount: target.mount.path,
    path: target.path,
    args: callArguments(call),
    identity: root.identity,
    allowInternal: target.allowInternal,
    requestId: root.requestId,
    client: root.client ?? undefined,
  };
}

function valueOf(outcome: Outcome): string {
  if (outcome.ok) return outcome.value;
  throw toThrowable(outcome.error);
}

function toThrowable(error: FunctionError): Error {
  return error.data === undefined ? new Error(errorText(error)) : new DataFailure(error.message, error.data);
}
