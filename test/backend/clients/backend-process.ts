import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { isJsonObject } from "#backend/values/json.ts";
import { NODE_FLAGS } from "../../helpers/node-flags.ts";

const COMMAND_LINE = fileURLToPath(new URL("../../../backend/command-line.ts", import.meta.url));

export interface BackendProcess {
  readonly apiUrl: string;
  readonly siteUrl: string;
  /** Ends it the hard way, as a power cut would: SIGKILL, no handler runs. */
  kill(): Promise<void>;
  /** Asks it to end, and returns its exit code. */
  stop(): Promise<number | null>;
}

/** Runs a backend as a process of its own. */
export async function spawnBackend(options: {
  readonly dataDir: string;
  readonly adminKey: string;
  readonly port?: number;
  readonly sitePort?: number;
}): Promise<BackendProcess> {
  const { dataDir, adminKey, port = 0, sitePort = 0 } = options;
  const args = ["--data", dataDir, "--admin-key", adminKey, "--port", String(port), "--site-port", String(sitePort)];
  const child = spawn(process.execPath, [...NODE_FLAGS, COMMAND_LINE, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const { apiUrl, siteUrl } = await ready(child);
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    child.kill(signal);
    await once(child, "exit");
    return child.exitCode;
  };
  return { apiUrl, siteUrl, kill: async () => void (await end("SIGKILL")), stop: () => end("SIGTERM") };
}

async function ready(child: ChildProcess): Promise<{ apiUrl: string; siteUrl: string }> {
  if (child.stdout === null || child.stderr === null) throw new Error("no pipes");
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => (complaint += chunk.toString()));
  const lines = createInterface(child.stdout);
  for await (const line of lines) {
    const message: unknown = JSON.parse(line);
    if (!isJsonObject(message)) break;
    const { apiUrl, siteUrl } = message;
    child.stdout.resume();
    if (typeof apiUrl === "string" && typeof siteUrl === "string") return { apiUrl, siteUrl };
  }
  throw new Error(`The backend did not start: ${complaint}`);
}
