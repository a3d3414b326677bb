import { inspect, styleText } from "node:util";
import type { BackendLogEntry } from "../../backend/config.ts";
import { OperatorError } from "../../server/operator-error.ts";

type Style = "dim" | "green" | "red" | "bold" | "cyan" | "yellow";

/** Colours text on a terminal and leaves it alone in a pipe, a file or under NO_COLOR. */
export function style(kind: Style, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(kind, text, { stream, validateStream: true });
}

/** Says what is about to happen, and gets told when it has. */
export type Progress = (what: string) => { done(note?: string): void };

/** Prints what is about to happen; `done` and `failed` print how it ended, with the time it took. */
export function step(what: string): { done(note?: string): void; failed(note?: string): void } {
  const startedAt = performance.now();
  console.log(`${style("dim", "·")} ${what}`);
  const took = () => style("dim", `${((performance.now() - startedAt) / 1000).toFixed(1)} s`);
  return {
    done: (note) => console.log(`${style("green", "✓")} ${note ?? what}  ${took()}`),
    failed: (note) => console.log(`${style("red", "✗")} ${note ?? what}  ${took()}`),
  };
}

/** Prints a failure as the design wants it and answers the exit code that goes with it. */
export function reportFailure(error: unknown): number {
  if (error instanceof OperatorError) {
    console.error(`${style("red", "error:", process.stderr)} ${error.message}`);
    console.error(`${style("dim", "hint:", process.stderr)} ${error.hint}`);
    return error.exitCode;
  }
  console.error(`${style("red", "error:", process.stderr)} ${inspect(error)}`);
  console.error(
    `${style("dim", "hint:", process.stderr)} this is a fault in Latchkey itself; report it with the lines above`,
  );
  return 1;
}

/** Runs a script's main function and leaves with its exit code once everything it started has ended. */
export async function runScript(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    process.exitCode = reportFailure(error);
  }
}

/** Prints what the backend has to say of itself, when it matters to who runs it. */
export function reportEntry({ level, message, requestId, error }: BackendLogEntry): void {
  if (level === "info") return;
  const kind = style(level === "error" ? "red" : "yellow", `${level}:`, process.stderr);
  const trace = requestId === undefined ? "" : style("dim", ` (request ${requestId})`, process.stderr);
  console.error(`${kind} ${message}${trace}`);
  if (level === "error" && error !== undefined) console.error(inspect(error));
}
