import type { Transaction } from "../database/database.ts";
import type { JsonObject } from "../values/json.ts";
import { callArguments, resolveAddress, requireFunction } from "./address.ts";
import type { Execution } from "./execution.ts";
import { cancelScheduledJob, insertScheduledJob } from "./scheduled-jobs.ts";
import { requireAction, requireWrites } from "./syscall-scope.ts";
import { LIMITS } from "./transaction-budget.ts";

const FIVE_YEARS_MS = 5 * 365 * 24 * 3600 * 1000;

export const scheduleCalls = {
  /** The job becomes real with the mutation's commit, and not at all when it fails. */
  "1.0/schedule": (execution: Execution, call: JsonObject): string =>
    schedule(execution, requireWrites(execution), call, execution.now()),

  "1.0/cancel_job": (execution: Execution, call: JsonObject): string =>
    cancel(execution, requireWrites(execution), call, execution.now()),

  "1.0/actions/schedule": (execution: Execution, call: JsonObject): Promise<string> =>
    inOwnTransaction(execution, (tx) => schedule(execution, tx, call, Date.now())),

  "1.0/actions/cancel_job": (execution: Execution, call: JsonObject): Promise<string> =>
    inOwnTransaction(execution, (tx) => cancel(execution, tx, call, Date.now())),
};

function schedule(execution: Execution, tx: Transaction, call: JsonObject, now: number): string {
  execution.root.budget.countScheduledJob();
  const target = resolveAddress(execution.mount, call);
  const called = requireFunction(target, ["mutation", "action"]);
  const args = callArguments(call);
  const text = JSON.stringify(args);
  if (text.length > LIMITS.argumentBytes) throw new Error("The arguments of a scheduled function are too large.");
  called.checkArguments(args, text);
  const scheduledTime = typeof call["ts"] === "number" ? call["ts"] * 1000 : now;
  if (Math.abs(scheduledTime - now) > FIVE_YEARS_MS) {
    throw new Error("A function can't be scheduled more than five years from now.");
  }
  return JSON.stringify(insertScheduledJob(tx, { mount: target.mount.path, name: target.path, args, scheduledTime }));
}

function cancel(execution: Execution, tx: Transaction, { id }: JsonObject, now: number): string {
  if (typeof id !== "string") throw new Error("scheduler.cancel needs an id.");
  cancelScheduledJob(tx, execution.mount.path, id, now);
  return "null";
}

async function inOwnTransaction(execution: Execution, write: (tx: Transaction) => string): Promise<string> {
  requireAction(execution);
  const { database } = execution.mount.deployment.host;
  using tx = database.begin();
  // Nothing comes between begin and commit, so there is no conflict to retry.
  const answer = write(tx);
  await database.durable(tx.commit().ts);
  return answer;
}
