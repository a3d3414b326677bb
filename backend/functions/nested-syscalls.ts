import type { JsonObject } from "../values/json.ts";
import { callArguments, requireFunction, resolveAddress } from "./address.ts";
import { Execution, executions } from "./execution.ts";
import { errorText, toFunctionError, DataFailure } from "./function-failure.ts";
import { requireTransaction, requireWrites } from "./syscall-scope.ts";

/** Component code calling component code this deep is a loop. */
const MAX_DEPTH = 32;

export const nestedCalls = {
  /**
   * Runs a function of any mount inside the caller's transaction. A mutation that throws loses its own writes and scheduled
   * jobs only; what it read stays with the caller, who may catch the error and go on.
   */
  "1.0/runUdf": async (parent: Execution, call: JsonObject): Promise<string> => {
    const { udfType } = call;
    const isMutation = udfType === "mutation";
    if (!isMutation && udfType !== "query" && udfType !== "snapshotQuery") {
      throw new Error(`Can't run a function of type ${JSON.stringify(udfType)} in a transaction.`);
    }
    const tx = isMutation ? requireWrites(parent) : requireTransaction(parent);
    if (parent.depth >= MAX_DEPTH) throw new Error(`Cannot nest component calls deeper than ${MAX_DEPTH}.`);

    const target = resolveAddress(parent.mount, call);
    const called = requireFunction(target, [isMutation ? "mutation" : "query"]);
    const args = callArguments(call);
    const text = JSON.stringify(args);
    const child = new Execution({
      kind: called.definition.kind,
      mount: target.mount,
      functionPath: called.path,
      root: parent.root,
      transaction: tx,
      parent,
    });
    return parent.inNestedTurn(async () => {
      const savepoint = isMutation ? tx.savepoint() : null;
      try {
        called.checkArguments(args, text);
        const value = await executions.run(child, () => called.invoke(text));
        called.checkResult(value);
        savepoint?.release();
        return value;
      } catch (thrown) {
        savepoint?.rollback();
        throw toCallerError(parent, thrown);
      }
    });
  },
};

/** What the calling function catches: a ConvexError keeps its data, anything else becomes text. */
export function toCallerError(caller: Execution, thrown: unknown): Error {
  const error = toFunctionError(thrown, (stack) => caller.mount.deployment.mapStack(stack));
  if (error.data !== undefined) return new DataFailure(error.message, error.data);
  return new Error(errorText(error));
}
