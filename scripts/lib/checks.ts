import { installedProgram, runProgram } from "./program.ts";

export interface CheckResult {
  readonly name: string;
  readonly passed: boolean;
  /** What the tool printed. */
  readonly output: string;
  readonly tookMs: number;
}

const CHECKS: readonly { name: string; program: string; args: readonly string[] }[] = [
  { name: "format (oxfmt)", program: "oxfmt", args: ["--check", "."] },
  { name: "lint (oxlint)", program: "oxlint", args: ["--type-aware", "--deny-warnings", "."] },
  { name: "types of the server side (tsc)", program: "tsc", args: ["-p", "tsconfig.json"] },
  { name: "types of convex/ (tsc)", program: "tsc", args: ["-p", "convex/tsconfig.json"] },
  { name: "types of app/ (tsc)", program: "tsc", args: ["-p", "app/tsconfig.json"] },
  { name: "unused files and exports (knip)", program: "knip", args: [] },
];

/** Runs every static check, two at a time, and calls `onResult` as each one ends. */
export async function runChecks(onResult: (result: CheckResult) => void): Promise<CheckResult[]> {
  const waiting = [...CHECKS];
  const results: CheckResult[] = [];
  const work = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const startedAt = performance.now();
      const { code, output } = await runProgram(installedProgram(check.program), check.args);
      const result = { name: check.name, passed: code === 0, output, tookMs: performance.now() - startedAt };
      results.push(result);
      onResult(result);
    }
  };
  await Promise.all([work(), work()]);
  return results;
}
