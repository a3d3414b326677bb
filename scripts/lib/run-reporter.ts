import { writeFileSync } from "node:fs";
import type { Reporter, SerializedError, TestModule } from "vitest/node";
import { RUN_REPORT_VARIABLE, type RunReport } from "./run-report.ts";

/** Vitest's reporter for `runTests`: what a run came to, as JSON in the file that the environment names. */
// oxlint-disable-next-line import/no-default-export -- vitest looks for it
export default class RunReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    const file = process.env[RUN_REPORT_VARIABLE];
    if (file === undefined) throw new Error(`${RUN_REPORT_VARIABLE} has to name the file for the report.`);
    const report: RunReport = { passed: 0, failed: 0, skipped: 0, crashed: [], errors: 0 };
    for (const error of errors) {
      const crashed = modules.find((module) => isCrashOf(module.moduleId, error));
      if (crashed === undefined) report.errors += 1;
      else report.crashed.push({ project: crashed.project.name, file: crashed.moduleId });
    }
    const files = new Set(report.crashed.map(({ file: crashed }) => crashed));
    for (const module of modules) {
      if (files.has(module.moduleId)) continue;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === "pending") report.errors += 1;
        else report[state] += 1;
      }
    }
    writeFileSync(file, JSON.stringify(report));
  }
}

/** Whether the process that ran this file was ended by a fault in native code, of which all is Node's own here. */
function isCrashOf(file: string, error: SerializedError): boolean {
  const message: unknown = Reflect.get(Object(error.cause), "message");
  if (typeof message !== "string" || !message.endsWith(` while running test file ${file}`)) return false;
  return /^Worker exited unexpectedly with signal (SIGSEGV|SIGBUS|SIGILL|SIGTRAP) /v.test(message);
}
