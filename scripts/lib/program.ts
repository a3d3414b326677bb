import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The project's root folder, with a slash at its end. */
export const PROJECT = fileURLToPath(new URL("../../", import.meta.url));

export interface ProgramResult {
  /** The exit code; 1 when a signal ended the program. */
  readonly code: number;
  /** Standard output and error as they came, mixed; empty with `show`. */
  readonly output: string;
}

/**
 * Runs a program in the project's folder until it ends. Its output is collected, or goes straight to the terminal with `show`.
 * Throws only if the program cannot be started at all.
 */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; show?: boolean; signal?: AbortSignal } = {},
): Promise<ProgramResult> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? PROJECT,
    env: options.env ?? process.env,
    stdio: options.show === true ? "inherit" : ["ignore", "pipe", "pipe"],
    signal: options.signal,
  });
  const parts: Buffer[] = [];
  child.stdout?.on("data", (part: Buffer) => parts.push(part));
  child.stderr?.on("data", (part: Buffer) => parts.push(part));
  return await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => resolve({ code: code ?? 1, output: Buffer.concat(parts).toString() }));
  });
}

/** The path of a program that the project's own dependencies bring. */
export function installedProgram(name: string): string {
  return `${PROJECT}node_modules/.bin/${name}`;
}
