import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { installedProgram, PROJECT, runProgram } from "./program.ts";
import { readIfThere } from "./read-if-there.ts";
import { parseRunReport, RUN_REPORT_VARIABLE, type RunReport } from "./run-report.ts";

export interface TestTotals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

interface TestRunOptions {
  /** The project whose tests run; this one by default. */
  readonly folder?: string;
  /** Whether vitest's report goes to the terminal; it does by default. */
  readonly show?: boolean;
}

const REPORTER = join(PROJECT, "scripts/lib/run-reporter.ts");

/**
 * Runs vitest over every project of the configuration and counts. A run that breaks without a failed test (a file that
 * does not load, an error nobody caught) counts as one failure. Where Node itself crashed under one file, that file runs once more
 * (docs/decisions/019-crashes-of-node.md).
 */
export async function runTests(args: readonly string[], options: TestRunOptions = {}): Promise<TestTotals> {
  const first = await runVitest(args, options);
  const [crashed, ...more] = first.crashed;
  if (crashed === undefined || more.length > 0 || first.errors > 0) return totalsOf(first);
  const file = relative(options.folder ?? PROJECT, crashed.file);
  if (options.show !== false) {
    console.log(`\nNode itself crashed while it ran ${file}; no test ended it. Running that file once more.\n`);
  }
  const project = crashed.project === "" ? [] : ["--project", crashed.project];
  const second = await runVitest([...project, file], options);
  return totalsOf({
    passed: first.passed + second.passed,
    failed: first.failed + second.failed,
    skipped: first.skipped + second.skipped,
    crashed: second.crashed,
    errors: second.errors,
  });
}

async function runVitest(args: readonly string[], options: TestRunOptions): Promise<RunReport> {
  const place = await mkdtemp(join(tmpdir(), "latchkey-test-"));
  try {
    const file = join(place, "report.json");
    const words = [installedProgram("vitest"), "run", "--reporter=default", `--reporter=${REPORTER}`, ...args];
    const { code } = await runProgram(process.execPath, [...process.execArgv, ...words], {
      show: options.show ?? true,
      cwd: options.folder ?? PROJECT,
      env: { ...process.env, [RUN_REPORT_VARIABLE]: file },
    });
    const text = await readIfThere(file);
    if (text === null) return { passed: 0, failed: 0, skipped: 0, crashed: [], errors: 1 };
    const report = parseRunReport(text);
    const isExplained = report.failed > 0 || report.errors > 0 || report.crashed.length > 0;
    return code === 0 || isExplained ? report : { ...report, errors: 1 };
  } finally {
    await rm(place, { recursive: true });
  }
}

function totalsOf({ passed, failed, skipped, crashed, errors }: RunReport): TestTotals {
  const isBroken = failed === 0 && (errors > 0 || crashed.length > 0);
  return { passed, failed: isBroken ? 1 : failed, skipped };
}
