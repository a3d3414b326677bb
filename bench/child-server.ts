import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import type { Scenario, ScenarioName } from "./scenarios.ts";
import type { KeyKind } from "./seed-latchkey.ts";

/** What a server under test tells its parent once it listens. */
export interface ServerReady {
  readonly port: number;
  readonly scenarios: Readonly<Partial<Record<ScenarioName, Scenario>>>;
  /** Latchkey only. */
  readonly owner?: LatchkeyOwner;
}

/** Who owns the keys in the Latchkey under test. */
export interface LatchkeyOwner {
  readonly organizationId: string;
  /** The Cookie header of the owner's session. */
  readonly cookie: string;
  /** A service key that may verify, create, disable and enable keys. */
  readonly key: string;
  /** Keys of which those in the table are copies. */
  readonly models: Readonly<Record<KeyKind, string>>;
}

export interface ChildServer extends AsyncDisposable {
  readonly ready: ServerReady;
  /** CPU time that its process has used so far, in microseconds: what others on the machine do changes this least. */
  cpuMicroseconds(): Promise<number>;
}

/** Called in the child: tells the parent, answers it, and leaves when the parent does. */
export function announce(ready: ServerReady): void {
  process.send?.(ready);
  process.on("message", () => {
    const { user, system } = process.cpuUsage();
    process.send?.(user + system);
  });
  process.once("disconnect", () => process.exit(0));
}

/** Starts a server of `bench/servers/` in a process of its own and waits until it listens. */
export async function startChildServer(name: string, args: readonly string[] = []): Promise<ChildServer> {
  const child = fork(new URL(`./servers/${name}.ts`, import.meta.url), args, { execArgv: process.execArgv });
  const ready = await firstMessage(child, name);
  return {
    ready,
    async cpuMicroseconds() {
      child.send("how much?");
      const [answer]: unknown[] = await once(child, "message");
      return Number(answer);
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

async function firstMessage(child: ChildProcess, name: string): Promise<ServerReady> {
  return await new Promise((resolve, reject) => {
    child.once("message", (message) => resolve(decodeReady(message)));
    child.once("exit", (code) => reject(new Error(`the ${name} server ended with ${code} before it listened`)));
  });
}

function decodeReady(message: unknown): ServerReady {
  if (isServerReady(message)) return message;
  throw new Error(`not the message of a server: ${JSON.stringify(message)}`);
}

function isServerReady(message: unknown): message is ServerReady {
  return typeof message === "object" && message !== null && "port" in message && "scenarios" in message;
}
