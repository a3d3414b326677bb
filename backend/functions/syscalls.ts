import { parseJsonObject, type JsonObject } from "../values/json.ts";
import { ACTION_QUERY, actionCalls, queryOfAction } from "./action-syscalls.ts";
import { documentCalls, documentSyncCalls } from "./document-syscalls.ts";
import { currentExecution, type Execution } from "./execution.ts";
import { metadataCalls, metadataSyncCalls } from "./metadata-syscalls.ts";
import { nestedCalls } from "./nested-syscalls.ts";
import { queryCalls, querySyncCalls } from "./query-syscalls.ts";
import { scheduleCalls } from "./schedule-syscalls.ts";
import { missingFeature } from "./missing-feature.ts";

/** A host call: takes the decoded argument, answers JSON text. */
export type Syscall = (execution: Execution, argument: JsonObject) => string;
/** May also answer at once; what it throws reaches user code as a rejection. */
export type AsyncSyscall = (execution: Execution, argument: JsonObject) => string | Promise<string>;

const syncCalls = new Map<string, Syscall>(
  Object.entries({ ...querySyncCalls, ...documentSyncCalls, ...metadataSyncCalls }),
);
const asyncCalls = new Map<string, AsyncSyscall>(
  Object.entries({
    ...documentCalls,
    ...queryCalls,
    ...nestedCalls,
    ...actionCalls,
    ...scheduleCalls,
    ...metadataCalls,
  }),
);

/** `Convex.syscall` of the server library. */
export function syscall(operation: string, argument: string): string {
  const call = syncCalls.get(operation);
  if (call === undefined) throw missingFeature(operation);
  return call(currentExecution(), parseJsonObject(argument));
}

/**
 * `Convex.asyncSyscall` of the server library, which awaits the answer: one that is there already needs no promise. A rejection
 * carries `message`, and `data` for a ConvexError.
 */
export function asyncSyscall(operation: string, argument: string): string | Promise<string> {
  try {
    const execution = currentExecution();
    if (operation === ACTION_QUERY) return queryOfAction(execution, argument);
    const call = asyncCalls.get(operation);
    if (call === undefined) throw missingFeature(operation);
    return call(execution, parseJsonObject(argument));
  } catch (thrown) {
    return Promise.reject(thrown);
  }
}

/** `Convex.jsSyscall` of the server library; only file storage uses it. */
export function jsSyscall(operation: string): never {
  throw missingFeature(operation);
}
