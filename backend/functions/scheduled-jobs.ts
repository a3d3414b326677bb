import type { Document, TableSpec, Transaction } from "../database/database.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";

export const SYSTEM_MOUNT = "_system";
export const SCHEDULED_JOBS = "_scheduled_jobs";

/**
 * One row per scheduled call of any mount. Written by `ctx.scheduler` in the caller's transaction; the scheduler moves it
 * through its states and deletes it some time after it ended. User code reads it as `_scheduled_functions`.
 */
export interface ScheduledJob {
  readonly mount: string;
  /** Canonical path in that mount. */
  readonly name: string;
  /** One arguments object. */
  readonly args: JsonValue;
  /** Milliseconds since the epoch. */
  readonly scheduledTime: number;
  /** When to run next, in milliseconds; null once nothing is to be done. */
  readonly dueAt: number | null;
  readonly completedTime: number | null;
  readonly state: ScheduledJobState;
}

export type ScheduledJobState =
  | { readonly kind: "pending" | "inProgress" | "success" | "canceled" }
  | { readonly kind: "failed"; readonly error: string };

export const scheduledJobsTable: TableSpec = {
  name: SCHEDULED_JOBS,
  indexes: [
    { name: "by_due", fields: ["dueAt"] },
    { name: "by_completed", fields: ["completedTime"] },
  ],
};

/** Writes a pending job and returns its id. `scheduledTime` is in milliseconds. */
export function insertScheduledJob(
  tx: Transaction,
  job: { mount: string; name: string; args: JsonValue; scheduledTime: number },
): string {
  return tx.insert(SYSTEM_MOUNT, SCHEDULED_JOBS, {
    mount: job.mount,
    name: job.name,
    args: job.args,
    scheduledTime: job.scheduledTime,
    dueAt: job.scheduledTime,
    completedTime: null,
    state: { kind: "pending" },
  });
}

/** Cancels a pending or running job of the mount; one that has ended stays as it is. Throws when there is no such job. */
export function cancelScheduledJob(tx: Transaction, mount: string, id: string, now: number): void {
  const document = tx.get(SYSTEM_MOUNT, id);
  const job = document === null ? null : readScheduledJob(document);
  if (job === null || job.mount !== mount) throw new Error(`Scheduled function ${id} not found.`);
  if (job.state.kind !== "pending" && job.state.kind !== "inProgress") return;
  tx.patch(SYSTEM_MOUNT, id, { state: { kind: "canceled" }, completedTime: now, dueAt: null });
}

/** Null for a document that is not a scheduled job. */
export function readScheduledJob(document: Document): ScheduledJob | null {
  const { mount, name, args, scheduledTime, dueAt, completedTime, state } = document.value;
  if (typeof mount !== "string" || typeof name !== "string" || args === undefined) return null;
  if (typeof scheduledTime !== "number" || !isJsonObject(state)) return null;
  return {
    mount,
    name,
    args,
    scheduledTime,
    dueAt: typeof dueAt === "number" ? dueAt : null,
    completedTime: typeof completedTime === "number" ? completedTime : null,
    state: toState(state),
  };
}

/** The document of `_scheduled_functions` that user code sees for a job. */
export function scheduledFunctionView(document: Document, job: ScheduledJob): JsonObject {
  return {
    _id: document.id,
    _creationTime: document.creationTime,
    name: job.name.replace(":", ".js:"),
    args: [job.args],
    scheduledTime: job.scheduledTime,
    ...(job.completedTime === null ? {} : { completedTime: job.completedTime }),
    state: job.state.kind === "failed" ? { kind: "failed", error: job.state.error } : { kind: job.state.kind },
  };
}

function toState(state: JsonObject): ScheduledJobState {
  const { kind, error } = state;
  switch (kind) {
    case "pending":
    case "inProgress":
    case "success":
    case "canceled":
      return { kind };
    default:
      return { kind: "failed", error: typeof error === "string" ? error : "" };
  }
}
