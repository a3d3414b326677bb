import { executions } from "./execution.ts";
import { toFunctionError } from "./function-failure.ts";

let isInstalled = false;

/**
 * Keeps promises that user code has let go of from ending the process when they reject: whoever started them is told. What
 * rejects outside of user code still ends the process, as it does by default.
 */
export function surviveStrayRejections(): void {
  if (isInstalled) return;
  isInstalled = true;
  process.on("unhandledRejection", (reason) => {
    if (!reportStray(reason)) throw reason;
  });
}

/** A callback that may throw without ending the process, for timers and microtasks of user code. */
export function guarded<Args extends unknown[]>(callback: (...args: Args) => unknown): (...args: Args) => void {
  return (...args) => {
    try {
      callback(...args);
    } catch (thrown) {
      if (!reportStray(thrown)) throw thrown;
    }
  };
}

/** False when nothing of user code is running here. */
function reportStray(thrown: unknown): boolean {
  const execution = executions.getStore();
  if (execution === undefined) return false;
  const { deployment } = execution.mount;
  const error = toFunctionError(thrown, (stack) => deployment.mapStack(stack));
  deployment.hostIfAny?.onStrayFailure({
    error,
    functionPath: execution.functionPath,
    componentPath: execution.mount.path,
    requestId: execution.root.requestId,
  });
  return true;
}
