import { createRequestId } from "../access/request-id.ts";
import type { BackendLogEntry } from "../config.ts";
import type { Database } from "../database/database.ts";
import type { CallRequest, FunctionRunner, Outcome } from "../functions/calls.ts";
import type { CurrentDeployment, FunctionKind } from "../functions/deployment.ts";
import { errorText } from "../functions/function-failure.ts";
import { beginJob, endJob, getJob, type JobRow } from "./job-table.ts";
import { transact } from "./transact.ts";

export interface JobRunnerOptions {
  readonly database: Database;
  readonly runner: FunctionRunner;
  readonly deployments: CurrentDeployment;
  readonly log: (entry: BackendLogEntry) => void;
}

/** The job was canceled, or carried out by an earlier attempt: this one must leave nothing behind. */
class JobOverError extends Error {
  override readonly name = "JobOverError";
}

/** Carries out one due job. Mutations exactly once, actions at most once, over crashes too. */
export class JobRunner {
  readonly #options: JobRunnerOptions;

  constructor(options: JobRunnerOptions) {
    this.#options = options;
  }

  async run(row: JobRow): Promise<void> {
    const kind = this.#kindOf(row);
    if (kind === "mutation") await this.#runMutation(row);
    else if (kind === "action") await this.#runAction(row);
    else this.#fail(row, `Could not find a mutation or action '${row.job.name}' to run.`);
  }

  async #runMutation(row: JobRow): Promise<void> {
    try {
      const { outcome } = await this.#options.runner.runMutation(toCall(row), {
        // Success is part of the mutation's own commit, so no crash can come between them.
        withinTransaction: (tx) => {
          const job = getJob(tx, row.id);
          if (job === null) throw new JobOverError();
          if (job.state.kind === "pending") endJob(tx, row.id, Date.now(), null);
          // A mutation may cancel the very job it runs as: outside of its transaction that does not show yet.
          else if (!this.#isPending(row.id)) throw new JobOverError();
        },
      });
      if (!outcome.ok) this.#fail(row, errorText(outcome.error));
    } catch (error) {
      if (!(error instanceof JobOverError)) throw error;
    }
  }

  async #runAction(row: JobRow): Promise<void> {
    const { database, runner } = this.#options;
    const { result: begun, ts } = transact(database, (tx) => {
      if (getJob(tx, row.id)?.state.kind !== "pending") return false;
      beginJob(tx, row.id);
      return true;
    });
    if (!begun) return;
    await database.durable(ts);
    let outcome: Outcome;
    try {
      ({ outcome } = await runner.runAction(toCall(row)));
    } catch (error) {
      this.#options.log({ level: "error", message: `Scheduled action ${row.job.name} could not be run`, error });
      outcome = { ok: false, error: { name: "Error", message: "The action could not be run." } };
    }
    transact(database, (tx) => {
      if (getJob(tx, row.id)?.state.kind !== "inProgress") return;
      endJob(tx, row.id, Date.now(), outcome.ok ? null : errorText(outcome.error));
    });
  }

  #isPending(id: string): boolean {
    using tx = this.#options.database.begin();
    return getJob(tx, id)?.state.kind === "pending";
  }

  #fail(row: JobRow, error: string): void {
    transact(this.#options.database, (tx) => {
      if (getJob(tx, row.id)?.state.kind === "pending") endJob(tx, row.id, Date.now(), error);
    });
  }

  #kindOf({ job }: JobRow): FunctionKind | undefined {
    return this.#options.deployments.current()?.mounts.get(job.mount)?.functions.get(job.name)?.kind;
  }
}

function toCall({ id, job }: JobRow): CallRequest {
  return {
    mount: job.mount,
    path: job.name,
    args: job.args,
    identity: null,
    allowInternal: true,
    requestId: createRequestId(),
    scheduledFunctionId: id,
  };
}
