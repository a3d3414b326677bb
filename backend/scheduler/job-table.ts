import type { Database, Document, Transaction } from "../database/database.ts";
import { readScheduledJob, SCHEDULED_JOBS, type ScheduledJob, SYSTEM_MOUNT } from "../functions/scheduled-jobs.ts";
import type { JsonObject } from "../values/json.ts";
import { afterPrefix, encodeKey, WHOLE_INDEX } from "../values/ordered-key.ts";

export interface JobRow {
  readonly id: string;
  readonly job: ScheduledJob;
}

// Null sorts before every number.
const FIRST_TIME = afterPrefix(encodeKey([null]));

/** Jobs in the order they are due, the earliest first. */
export function* jobsByDueTime(tx: Transaction): Generator<JobRow> {
  const range = { lower: FIRST_TIME, upper: WHOLE_INDEX.upper };
  for (const { document } of tx.scan(SYSTEM_MOUNT, SCHEDULED_JOBS, "by_due", range, "asc")) yield* toRow(document);
}

/** Jobs that have not ended. */
export function* unfinishedJobs(tx: Transaction): Generator<JobRow> {
  const prefix = encodeKey([null]);
  const range = { lower: prefix, upper: afterPrefix(prefix) };
  for (const { document } of tx.scan(SYSTEM_MOUNT, SCHEDULED_JOBS, "by_completed", range, "asc"))
    yield* toRow(document);
}

/** Jobs that ended before `time`, in epoch milliseconds. */
export function* jobsEndedBefore(tx: Transaction, time: number): Generator<JobRow> {
  const range = { lower: FIRST_TIME, upper: encodeKey([time]) };
  for (const { document } of tx.scan(SYSTEM_MOUNT, SCHEDULED_JOBS, "by_completed", range, "asc"))
    yield* toRow(document);
}

export function getJob(tx: Transaction, id: string): ScheduledJob | null {
  const document = tx.get(SYSTEM_MOUNT, id);
  return document === null ? null : readScheduledJob(document);
}

/** Writes a job's end. `error` is null for a success. */
export function endJob(tx: Transaction, id: string, now: number, error: string | null): void {
  const state: JsonObject = error === null ? { kind: "success" } : { kind: "failed", error };
  tx.patch(SYSTEM_MOUNT, id, { state, completedTime: now, dueAt: null });
}

/** Writes that an action job is about to start; from then on it is never started again. */
export function beginJob(tx: Transaction, id: string): void {
  tx.patch(SYSTEM_MOUNT, id, { state: { kind: "inProgress" }, dueAt: null });
}

/** Whether a change of `table` may have made a job due. */
export function isJobTable(mount: string, table: string): boolean {
  return mount === SYSTEM_MOUNT && table === SCHEDULED_JOBS;
}

/** Deletes up to `limit` jobs that ended before `time`. Returns how many. */
export function deleteEndedJobs(database: Database, time: number, limit: number): number {
  using tx = database.begin();
  const ids: string[] = [];
  for (const { id } of jobsEndedBefore(tx, time)) {
    ids.push(id);
    if (ids.length >= limit) break;
  }
  for (const id of ids) tx.remove(SYSTEM_MOUNT, id);
  tx.commit();
  return ids.length;
}

function* toRow(document: Document): Generator<JobRow> {
  const job = readScheduledJob(document);
  if (job !== null) yield { id: document.id, job };
}
