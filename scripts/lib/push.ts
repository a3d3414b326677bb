import { join } from "node:path";
import { OperatorError } from "../../server/operator-error.ts";
import { contentHash } from "./content-hash.ts";
import { PROJECT, runProgram } from "./program.ts";
import { updateRunManifest } from "./run-manifest.ts";

const CONVEX_CLI = join(PROJECT, "node_modules", "convex", "bin", "main.js");

/** A hash of everything that decides what a push installs: sources, with what is generated of them, and dependencies. */
export async function hashOfFunctions(): Promise<string> {
  await updateRunManifest(PROJECT);
  return await contentHash(["convex", "convex.json", "package-lock.json"]);
}

/**
 * Pushes convex/ with the official CLI; with `codegen` it also brings convex/_generated up to date. Throws an OperatorError with the
 * CLI's own words when it refuses.
 */
export async function pushFunctions(
  environment: Readonly<Record<string, string>>,
  options: { codegen?: boolean; signal?: AbortSignal } = {},
): Promise<void> {
  // What the gateway may run of the team's functions goes with them.
  await updateRunManifest(PROJECT);
  const codegen = options.codegen === true ? "enable" : "disable";
  const { code, output } = await runConvex(
    // A version that needs an index is of no use without it, however large the table: the push takes as long as that takes.
    ["deploy", "-y", "--typecheck", "disable", "--codegen", codegen, "--skip-large-indexes-check"],
    environment,
    { signal: options.signal },
  );
  if (code !== 0) {
    throw new OperatorError(
      `the functions in convex/ cannot be pushed:\n${output.trim()}`,
      "the lines above are the convex CLI's",
    );
  }
}

/** Runs the official CLI against a deployment. */
export async function runConvex(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  options: { show?: boolean; signal?: AbortSignal } = {},
) {
  return await runProgram(process.execPath, [CONVEX_CLI, ...args], {
    // CI=1: without it a failing command tries to report itself to a service on the internet and can hang.
    env: { ...process.env, ...environment, CI: "1" },
    ...options,
  });
}
