import type { BackendLogEntry } from "../config.ts";
import type { Database, Transaction } from "../database/database.ts";
import type { CronSpec, CurrentDeployment, Deployment } from "../functions/deployment.ts";
import { insertScheduledJob } from "../functions/scheduled-jobs.ts";
import { firstTick, nextTick } from "./cron-schedule.ts";
import {
  advanceCron,
  cronKey,
  type CronRow,
  cronsByNextRun,
  definitionOf,
  insertCron,
  removeCron,
  updateCron,
} from "./cron-table.ts";
import { getJob } from "./job-table.ts";
import { transact } from "./transact.ts";

export interface CronsOptions {
  readonly database: Database;
  readonly deployments: CurrentDeployment;
  readonly log: (entry: BackendLogEntry) => void;
}

/** Turns the ticks of cron jobs into scheduled jobs. */
export class Crons {
  readonly #options: CronsOptions;

  constructor(options: CronsOptions) {
    this.#options = options;
  }

  /** Makes the stored cron jobs those of the deployment: by name, keeping the rhythm of whatever did not change. */
  adopt(deployment: Deployment, now: number): void {
    const wanted = new Map<string, { mount: string; spec: CronSpec }>();
    for (const mount of deployment.mounts.values()) {
      for (const spec of mount.crons) {
        if (this.#isRunnable(spec, now)) wanted.set(cronKey(mount.path, spec.identifier), { mount: mount.path, spec });
      }
    }
    transact(this.#options.database, (tx) => {
      const missing = new Map(wanted);
      for (const row of cronsByNextRun(tx).toArray()) {
        const key = cronKey(row.mount, row.identifier);
        const current = missing.get(key);
        missing.delete(key);
        if (current === undefined) removeCron(tx, row.id);
        else if (definitionOf(current.spec) !== row.definition) {
          updateCron(tx, row.id, current.spec, firstTick(current.spec.schedule, now));
        }
      }
      for (const { mount, spec } of missing.values()) insertCron(tx, mount, spec, firstTick(spec.schedule, now));
    });
  }

  /** Schedules the jobs of all ticks up to `now`. Returns when the next one is, in epoch milliseconds; null without crons. */
  tick(now: number): number | null {
    const specs = this.#specs();
    return transact(this.#options.database, (tx) => {
      for (const row of cronsByNextRun(tx).toArray()) {
        if (row.nextRun > now) break;
        const spec = specs.get(cronKey(row.mount, row.identifier));
        if (spec !== undefined) this.#tickOne(tx, row, spec, now);
        else removeCron(tx, row.id);
      }
      const [first] = cronsByNextRun(tx);
      return first?.nextRun ?? null;
    }).result;
  }

  #tickOne(tx: Transaction, row: CronRow, spec: CronSpec, now: number): void {
    const next = nextTick(spec.schedule, row.nextRun, now);
    // A run that takes longer than the interval swallows the ticks that fall into it.
    if (row.lastJobId !== null && isUnfinished(tx, row.lastJobId)) {
      advanceCron(tx, row.id, next, row.lastJobId);
      return;
    }
    const job = { mount: row.mount, name: spec.name, args: spec.args, scheduledTime: now };
    advanceCron(tx, row.id, next, insertScheduledJob(tx, job));
  }

  #specs(): Map<string, CronSpec> {
    const specs = new Map<string, CronSpec>();
    for (const mount of this.#options.deployments.current()?.mounts.values() ?? []) {
      for (const spec of mount.crons) specs.set(cronKey(mount.path, spec.identifier), spec);
    }
    return specs;
  }

  #isRunnable(spec: CronSpec, now: number): boolean {
    try {
      nextTick(spec.schedule, now, now);
      return true;
    } catch (error) {
      this.#options.log({ level: "error", message: `Cron job "${spec.identifier}" never runs`, error });
      return false;
    }
  }
}

function isUnfinished(tx: Transaction, jobId: string): boolean {
  const kind = getJob(tx, jobId)?.state.kind;
  return kind === "pending" || kind === "inProgress";
}
