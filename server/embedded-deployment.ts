import { join } from "node:path";
import { startBackend, type Backend, type BackendConfig } from "../backend/main.ts";
import { writePrivateFile } from "./data-folder.ts";
import type { Upstream } from "./upstream.ts";

export interface EmbeddedDeployment extends Upstream {
  /** The backend's API listener on the loopback: what the official CLI and other tools talk to. */
  readonly apiUrl: string;
}

/**
 * Starts the embedded backend in this process and notes where its API listens in `<data>/backend.json`, for tools.
 * Throws what the backend throws: another process in the folder, or a database that cannot be used.
 */
export async function startEmbeddedDeployment(config: BackendConfig): Promise<EmbeddedDeployment> {
  const backend: Backend = await startBackend(config);
  writePrivateFile(
    join(config.dataDir, "backend.json"),
    `${JSON.stringify({ url: backend.apiUrl, pid: process.pid })}\n`,
  );
  return {
    apiUrl: backend.apiUrl,
    get ready() {
      return backend.deployed;
    },
    site: backend.siteHandler,
    api: backend.publicApiHandler,
    upgrade: (request, socket, head) => backend.handleUpgrade(request, socket, head),
    [Symbol.asyncDispose]: () => backend[Symbol.asyncDispose](),
  };
}
