import type { JsonObject } from "../values/json.ts";
import type { FunctionError } from "../values/function-error.ts";
import { callArguments, resolveAddress, type Target } from "./address.ts";
import type { CallRequest, Outcome } from "./calls.ts";
import type { Execution } from "./execution.ts";
import { DataFailure, errorText } from "./function-failure.ts";
import { requireAction } from "./syscall-scope.ts";

export const actionCalls = {
  /** Each call of an action is a transaction of its own, so it answers from the latest commit. */
  "1.0/actions/query": async (execution: Execution, call: JsonObject): Promise<string> => {
    requireAction(execution);
    const target = resolveAddress(execution.mount, call);
    const { database, queries } = execution.mount.deployment.host;
    const result = await queries.read({
      mount: target.mount.path,
      path: target.path,
      args: JSON.stringify(callArguments(call)),
      identity: execution.root.identity,
      journal: null,
      allowInternal: target.allowInternal,
    });
    // An action may tell the world what it read, so it must not read what a crash could undo.
    const durable = database.durable(result.ts);
    if (durable !== undefined) await durable;
    return valueOf(result.outcome);
  },

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
