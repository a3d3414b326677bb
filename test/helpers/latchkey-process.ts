import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { PROJECT } from "../../scripts/lib/program.ts";
import { NODE_FLAGS } from "./node-flags.ts";

export interface LatchkeyProcess extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Everything it printed so far, both streams, without colours. */
  output(): string;
  /** Resolves with the origin once it says that it runs; rejects with its output if it ends before. */
  ready(): Promise<string>;
  /** Resolves with the exit code, or the signal's name. */
  ended(): Promise<number | string | null>;
}

/** Starts `scripts/start.ts` as `npm start` does, in a process of its own that a test may kill. */
export function startLatchkeyProcess(args: readonly string[], env: Record<string, string> = {}): LatchkeyProcess {
  const child = spawn(process.execPath, [...NODE_FLAGS, join(PROJECT, "scripts/start.ts"), ...args], {
    cwd: PROJECT,
    env: { ...process.env, NO_COLOR: "1", PORT: "", LATCHKEY_DATA_DIR: "", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const ended = new Promise<number | string | null>((resolve) =>
    child.once("close", (code, signal) => resolve(code ?? signal)),
  );
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (part: Buffer) => (output += part.toString()));
  const text = () => stripVTControlCharacters(output);
  return {
    child,
    output: text,
    ended: () => ended,
    async ready() {
      for (;;) {
        const url = /Latchkey +(https?:\/\/\S+)/.exec(text())?.[1];
        if (url !== undefined) return url;
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`it ended with ${await ended}:\n${text()}`);
        await Promise.race([once(child.stdout ?? child, "data"), ended]);
      }
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await ended;
    },
  };
}
