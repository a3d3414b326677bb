import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installedProgram, runProgram } from "./program.ts";
import { readIfThere } from "./read-if-there.ts";

export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * Runs vitest over every project, its report on the terminal, and counts. A run that breaks without a failed test (a file that does
 * not load, an error nobody caught) counts as one failure.
 */
export async function runTests(args: readonly string[]): Promise<TestTotals> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-test-"));
  try {
    const report = join(folder, "report.json");
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
    const { code } = await runProgram(
      process.execPath,
      [...process.execArgv, installedProgram("vitest"), "run", ...reporters, ...args],
      { show: true },
    );
    const totals = decodeReport((await readIfThere(report)) ?? "{}");
    return code !== 0 && totals.failed === 0 ? { ...totals, failed: 1 } : totals;
  } finally {
    await rm(folder, { recursive: true });
  }
}

function decodeReport(text: string): TestTotals {
  const report: unknown = JSON.parse(text);
  const count = (name: string): number => {
    const value = typeof report === "object" && report !== null ? Reflect.get(report, name) : undefined;
    return typeof value === "number" ? value : 0;
  };
  return {
    passed: count("numPassedTests"),
    failed: count("numFailedTests"),
    skipped: count("numPendingTests") + count("numTodoTests"),
  };
}
