import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export interface WriterProcess {
  readonly pid: number | undefined;
  /** Resolves when this many inserts have been acknowledged. */
  acknowledged(count: number): Promise<void>;
  /** Kills it at once, as kill -9 does, and returns the numbers it had acknowledged. */
  kill(): Promise<number[]>;
}

/** Starts a process that inserts `{n}` into "rows" as fast as it can, and reports each n when it is durable. */
export async function startWriter(folder: string, firstNumber = 0): Promise<WriterProcess> {
  const script = fileURLToPath(new URL("./write-until-killed.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", script, folder, String(firstNumber)],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  await once(child, "spawn");
  const numbers: number[] = [];
  const waiting: { readonly count: number; resolve(): void; reject(error: Error): void }[] = [];
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    numbers.push(...line.split(" ").map(Number));
    for (const waiter of waiting) if (numbers.length >= waiter.count) waiter.resolve();
  });
  child.on("exit", () => {
    for (const waiter of waiting) waiter.reject(new Error("The writer ended early."));
  });
  return {
    pid: child.pid,
    async acknowledged(count) {
      if (numbers.length >= count) return;
      await new Promise<void>((resolve, reject) => waiting.push({ count, resolve, reject }));
    },
    async kill() {
      const closed = once(lines, "close");
      child.kill("SIGKILL");
      await closed;
      return numbers;
    },
  };
}
