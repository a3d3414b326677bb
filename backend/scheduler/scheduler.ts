import { setTimeout as setTimeoutPromise } from "node:timers/promises";
import type { BackendLogEntry } from "../config.ts";
import type { Commit, Database } from "../database/database.ts";
import type { FunctionRunner } from "../functions/calls.ts";
import type { CurrentDeployment } from "../functions/deployment.ts";
import { Crons } from "./crons.ts";
import { JobRunner } from "./job-runner.ts";
import { deleteEndedJobs, endJob, isJobTable, type JobRow, jobsByDueTime, unfinishedJobs } from "./job-table.ts";
import { transact } from "./transact.ts";

export interface SchedulerOptions {
  readonly database: Database;
  readonly runner: FunctionRunner;
  readonly deployments: CurrentDeployment;
  readonly log: (entry: BackendLogEntry) => void;
  /** Jobs that may run at the same time. */
  readonly maxRunning?: number;
}

const MAX_RUNNING = 64;
const MAX_TIMER_MS = 2 ** 31 - 1;
const RETRY_MS = 1_000;
const KEEP_ENDED_MS = 7 * 24 * 60 * 60 * 1000;
const SWEEP_INTERVAL_MS = 60 * 60 * 1000;
const SWEEP_BATCH = 200;

/**
 * Runs scheduled jobs when they are due, and cron jobs as scheduled jobs. The rows in the database are all its state: it
 * looks at them when a commit changes one and when the earliest of them comes due.
 */
export class Scheduler implements AsyncDisposable {
  readonly #options: SchedulerOptions;
  readonly #jobs: JobRunner;
  readonly #crons: Crons;
  readonly #running = new Map<string, Promise<void>>();
  readonly #stopListening: (() => void)[] = [];
  readonly #sweeping: NodeJS.Timeout;
  #timer: NodeJS.Timeout | null = null;
  #isLooking = false;
  #isClosed = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#jobs = new JobRunner(options);
    this.#crons = new Crons(options);
    this.#sweeping = setInterval(() => this.#sweep(), SWEEP_INTERVAL_MS).unref();
  }

  /** Settles what a crash left behind and starts to run jobs. Without a deployment nothing runs until there is one. */
  start(): void {
    const { database, deployments } = this.#options;
    this.#failInterrupted();
    this.#stopListening.push(
      database.onCommit((commit) => {
        if (mayMakeJobDue(commit)) this.#wake();
      }),
      deployments.onSwitch((deployment) => {
        this.#crons.adopt(deployment, Date.now());
        this.#wake();
      }),
    );
    const deployment = deployments.current();
    if (deployment !== null) this.#crons.adopt(deployment, Date.now());
    this.#wake();
  }

  /** Starts nothing more and waits for what runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#sweeping);
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const stop of this.#stopListening) stop();
    while (this.#running.size > 0) await Promise.allSettled(this.#running.values());
  }

  /** Nobody knows how far an interrupted action came, so it is not run again. */
  #failInterrupted(): void {
    transact(this.#options.database, (tx) => {
      for (const { id, job } of unfinishedJobs(tx).toArray()) {
        if (job.state.kind === "inProgress") {
          endJob(tx, id, Date.now(), "The server stopped while the action was running.");
        }
      }
    });
  }

  // Commits wake us while they are being made; looking at once would read in the middle of one.
  #wake(): void {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    setImmediate(() => {
      this.#isLooking = false;
      if (!this.#isClosed) this.#look();
    });
  }

  #look(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#options.deployments.current() === null) return;
    let next: number | null;
    try {
      const now = Date.now();
      next = earliest(this.#crons.tick(now), this.#startDue(now));
    } catch (error) {
      this.#options.log({ level: "error", message: "The scheduler could not look for due jobs", error });
      next = Date.now() + RETRY_MS;
    }
    if (next === null) return;
    const delay = Math.min(Math.max(0, next - Date.now()), MAX_TIMER_MS);
    this.#timer = setTimeout(() => this.#look(), delay).unref();
  }

  /** Starts what is due, as far as there is room. Returns when the next job is due, or null. */
  #startDue(now: number): number | null {
    using tx = this.#options.database.begin();
    const max = this.#options.maxRunning ?? MAX_RUNNING;
    for (const row of jobsByDueTime(tx)) {
      const dueAt = row.job.dueAt ?? 0;
      if (dueAt > now) return dueAt;
      // Whatever ends makes room and wakes us.
      if (this.#running.size >= max) return null;
      if (!this.#running.has(row.id)) this.#start(row);
    }
    return null;
  }

  #start(row: JobRow): void {
    const run = this.#jobs
      .run(row)
      .catch(async (error: unknown) => {
        this.#options.log({ level: "error", message: `Scheduled job ${row.job.name} could not be run`, error });
        // It is still due: without a pause it would be started again at once, for ever.
        if (!this.#isClosed) await setTimeoutPromise(RETRY_MS, undefined, { ref: false });
      })
      .finally(() => {
        this.#running.delete(row.id);
        this.#wake();
      });
    this.#running.set(row.id, run);
  }

  #sweep(): void {
    try {
      const deleted = deleteEndedJobs(this.#options.database, Date.now() - KEEP_ENDED_MS, SWEEP_BATCH);
      if (deleted === SWEEP_BATCH) setImmediate(() => this.#sweep());
    } catch (error) {
      this.#options.log({ level: "warn", message: "Old scheduled jobs could not be deleted", error });
    }
  }
}

function mayMakeJobDue(commit: Commit): boolean {
  return commit.changes.some((change) => isJobTable(change.mount, change.table) && change.after !== null);
}

function earliest(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.min(a, b);
}
