import { Worker } from "node:worker_threads";
import { DeployError } from "./deploy-error.ts";
import type { EvaluationAnswer, EvaluationKind, EvaluationResult, EvaluationTask } from "./evaluation-task.ts";

const TIME_LIMIT_MS = 120_000;

/**
 * Runs pushed modules in a thread that ends afterwards. Evaluating a project takes a second or two, which live requests must
 * not wait for; a loop at import can be ended; and Node never frees the modules of a realm (nodejs/node#59118), so only
 * the end of their thread keeps many pushes from filling the memory. Throws DeployError.
 */
export async function evaluateInThread<Kind extends EvaluationKind>(
  kind: Kind,
  task: EvaluationTask<Kind>,
): Promise<EvaluationResult<Kind>> {
  const worker = new Worker(new URL("./evaluation-worker.ts", import.meta.url), { workerData: { kind, task } });
  const timeout = setTimeout(() => void worker.terminate(), TIME_LIMIT_MS);
  try {
    const answer = await answerOf<Kind>(worker);
    if (answer.ok) return answer.result;
    throw new DeployError(answer.code, answer.message, answer.status);
  } finally {
    clearTimeout(timeout);
    await worker.terminate();
  }
}

function answerOf<Kind extends EvaluationKind>(worker: Worker): Promise<EvaluationAnswer<Kind>> {
  return new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("messageerror", reject);
    // What a module started at import and let go of ends the thread, and with it the push.
    worker.once("error", (error) => reject(new DeployError("InvalidModules", `Failed to analyze: ${error.message}`)));
    worker.once("exit", () =>
      reject(new DeployError("InvalidModules", "Analyzing the modules did not come to an end.")),
    );
  });
}
