import { parentPort, workerData } from "node:worker_threads";
import { DeployError } from "./deploy-error.ts";
import { evaluate, type EvaluationAnswer, type EvaluationKind } from "./evaluation-task.ts";

/** Entry of the thread that `evaluateInThread` starts: one evaluation, one answer. */
async function answer(): Promise<EvaluationAnswer<EvaluationKind>> {
  try {
    return { ok: true, result: await evaluate(workerData) };
  } catch (error) {
    if (!(error instanceof DeployError)) throw error;
    const { code, message, status } = error;
    return { ok: false, code, message, status };
  }
}

const result = await answer();
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(result);
