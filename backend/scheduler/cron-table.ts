import type { Document, TableSpec, Transaction } from "../database/database.ts";
import type { CronSpec } from "../functions/deployment.ts";
import { SYSTEM_MOUNT } from "../functions/scheduled-jobs.ts";
import { canonicalJson } from "../access/canonical-json.ts";
import type { JsonObject } from "../values/json.ts";
import { WHOLE_INDEX } from "../values/ordered-key.ts";

const CRON_JOBS = "_cron_jobs";

/**
 * One row per cron job of any mount. Written when a push changes the crons and at every tick; a tick inserts a scheduled job
 * in the same transaction, which then does the work.
 */
export const cronJobsTable: TableSpec = {
  name: CRON_JOBS,
  indexes: [{ name: "by_next_run", fields: ["nextRun"] }],
};

export interface CronRow {
  readonly id: string;
  readonly mount: string;
  readonly identifier: string;
  /** The definition as canonical JSON: any difference is a changed cron job. */
  readonly definition: string;
  /** Epoch milliseconds. */
  readonly nextRun: number;
  /** The scheduled job of the last tick. */
  readonly lastJobId: string | null;
}

/** Cron jobs, the one that is due first first. */
export function* cronsByNextRun(tx: Transaction): Generator<CronRow> {
  const range = { ...WHOLE_INDEX };
  for (const { document } of tx.scan(SYSTEM_MOUNT, CRON_JOBS, "by_next_run", range, "asc")) yield* toRow(document);
}

export function insertCron(tx: Transaction, mount: string, spec: CronSpec, nextRun: number): void {
  tx.insert(SYSTEM_MOUNT, CRON_JOBS, {
    mount,
    identifier: spec.identifier,
    definition: definitionOf(spec),
    nextRun,
    lastJobId: null,
  });
}

/** A changed definition starts its rhythm anew. */
export function updateCron(tx: Transaction, id: string, spec: CronSpec, nextRun: number): void {
  tx.patch(SYSTEM_MOUNT, id, { definition: definitionOf(spec), nextRun });
}

export function removeCron(tx: Transaction, id: string): void {
  tx.remove(SYSTEM_MOUNT, id);
}

export function advanceCron(tx: Transaction, id: string, nextRun: number, lastJobId: string | null): void {
  tx.patch(SYSTEM_MOUNT, id, { nextRun, lastJobId });
}

export function definitionOf(spec: CronSpec): string {
  const schedule: JsonObject = { ...spec.schedule };
  return canonicalJson({ name: spec.name, args: spec.args, schedule });
}

/** Distinguishes crons over all mounts. */
export function cronKey(mount: string, identifier: string): string {
  return JSON.stringify([mount, identifier]);
}

function* toRow({ id, value }: Document): Generator<CronRow> {
  const { mount, identifier, definition, nextRun, lastJobId } = value;
  if (typeof mount !== "string" || typeof identifier !== "string") return;
  if (typeof definition !== "string" || typeof nextRun !== "number") return;
  yield {
    id,
    mount,
    identifier,
    definition,
    nextRun,
    lastJobId: typeof lastJobId === "string" ? lastJobId : null,
  };
}
