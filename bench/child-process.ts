import { fork } from "node:child_process";

/**
 * Runs one order in a process of its own, given by its file in this folder, and resolves with the result it sends back.
 * The process decodes nothing: both ends are this benchmark.
 */
export async function runInChild<Result>(file: string, order: object): Promise<Result> {
  const child = fork(new URL(file, import.meta.url), { execArgv: process.execArgv });
  try {
    return await new Promise((resolve, reject) => {
      child.once("message", (result: Result) => resolve(result));
      child.once("exit", (code) => reject(new Error(`${file} ended with ${code} before it had a result`)));
      child.send(order);
    });
  } finally {
    child.removeAllListeners("exit");
    child.disconnect();
  }
}
