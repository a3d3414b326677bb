import { fromConvexValue, type JsonObject } from "../values/json.ts";
import { resolveAddress, toFunctionHandle } from "./address.ts";
import type { Execution } from "./execution.ts";
import { requireTransaction } from "./syscall-scope.ts";
import { LIMITS } from "./transaction-budget.ts";

export const metadataSyncCalls = {
  /** Nanoseconds, as everywhere on the wire. */
  "1.0/getSnapshotTs": (execution: Execution): string =>
    JSON.stringify(fromConvexValue(BigInt(requireTransaction(execution).snapshot) * 1000n)),
};

export const metadataCalls = {
  "1.0/getUserIdentity": (execution: Execution): string => {
    execution.root.usedIdentity = true;
    return JSON.stringify(execution.root.identity);
  },

  "1.0/createFunctionHandle": (execution: Execution, call: JsonObject): string =>
    JSON.stringify(toFunctionHandle(resolveAddress(execution.mount, call))),

  "1.0/getFunctionMetadata": (execution: Execution): string =>
    JSON.stringify({ name: execution.functionPath, componentPath: execution.mount.path }),

  "1.0/getDeploymentMetadata": (execution: Execution): string => {
    const { host } = execution.mount.deployment;
    return JSON.stringify({ name: host.deploymentName, region: null, class: "self-hosted" });
  },

  "1.0/getRequestMetadata": (execution: Execution): string => {
    const { root } = execution;
    return JSON.stringify({
      ip: root.client?.ip ?? null,
      userAgent: root.client?.userAgent ?? null,
      requestId: root.requestId,
      scheduledFunctionId: root.scheduledFunctionId,
      authToken: null,
    });
  },

  "1.0/getTransactionMetrics": (execution: Execution): string => {
    requireTransaction(execution);
    const { budget } = execution.root;
    return JSON.stringify({
      bytesRead: metric(budget.bytesRead, LIMITS.bytesRead),
      bytesWritten: metric(budget.bytesWritten, LIMITS.bytesWritten),
      databaseQueries: metric(budget.rangesRead, LIMITS.rangesRead),
      documentsRead: metric(budget.rowsRead, LIMITS.rowsRead),
      documentsWritten: metric(budget.rowsWritten, LIMITS.rowsWritten),
      functionsScheduled: metric(budget.scheduledJobs, LIMITS.scheduledJobs),
      scheduledFunctionArgsBytes: metric(0, LIMITS.argumentBytes),
    });
  },
};

function metric(used: number, limit: number): JsonObject {
  return { used, remaining: Math.max(0, limit - used) };
}
