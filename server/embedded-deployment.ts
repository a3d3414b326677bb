import { join } from "node:path";
import { CorruptDatabaseError, FolderNotWritableError } from "../backend/database/database-file.ts";
import { FolderInUseError } from "../backend/database/folder-lock.ts";
import { startBackend, type Backend, type BackendConfig } from "../backend/main.ts";
import { writePrivateFile } from "./data-folder.ts";
import { runAsAdmin } from "./deployment-admin.ts";
import { OperatorError } from "./operator-error.ts";
import type { Upstream } from "./upstream.ts";

export interface EmbeddedDeployment extends Upstream {
  /** The backend's API listener on the loopback: what the official CLI and other tools talk to. */
  readonly apiUrl: string;
  /** Has scheduled jobs and crons run; for once the server answers. */
  startJobs(): void;
}

/**
 * Starts the embedded backend in this process and notes where its API listens in `<data>/backend.json`, for tools.
 * Throws an OperatorError when another process has the folder, or its database is damaged.
 */
export async function startEmbeddedDeployment(config: BackendConfig): Promise<EmbeddedDeployment> {
  const backend = await start({ ...config, environment: { ...USAGE_WINDOW, ...config.environment } });
  const note = { url: backend.apiUrl, pid: process.pid };
  writePrivateFile(join(config.dataDir, "backend.json"), `${JSON.stringify(note)}\n`);
  return {
    apiUrl: backend.apiUrl,
    get ready() {
      return backend.deployed;
    },
    site: backend.siteHandler,
    api: backend.publicApiHandler,
    upgrade: (request, socket, head) => backend.handleUpgrade(request, socket, head),
    startJobs: () => backend.startJobs(),
    async [Symbol.asyncDispose]() {
      await flushUsage(backend, config);
      await backend[Symbol.asyncDispose]();
    },
  };
}

// The process outlives its answers, so uses are counted together and after the answer. Killing it loses the counts of the
// last five seconds; limits and quotas are on the disk before each answer.
const USAGE_WINDOW = { LATCHKEY_USAGE_WINDOW_MS: "5000" };

/** Writes the counts that still wait. A failure is told and does not keep the process from ending. */
async function flushUsage(backend: Backend, config: BackendConfig): Promise<void> {
  if (!backend.deployed) return;
  try {
    const admin = { cloudUrl: new URL(backend.apiUrl), adminKey: config.adminKey };
    await runAsAdmin(admin, "action", "usage:flush");
  } catch (error) {
    config.log({ level: "warn", message: "The last usage counts could not be written", error });
  }
}

async function start(config: BackendConfig): Promise<Backend> {
  try {
    return await startBackend(config);
  } catch (error) {
    if (
      error instanceof FolderInUseError ||
      error instanceof CorruptDatabaseError ||
      error instanceof FolderNotWritableError
    ) {
      // These messages end with what to do.
      const [what = error.message, ...hints] = error.message.split(/\. (?=[A-Z])/);
      const hint = hints.length === 0 ? "choose another folder: npm start -- --data <folder>" : hints.join(". ");
      throw new OperatorError(what, hint, { cause: error });
    }
    throw error;
  }
}
