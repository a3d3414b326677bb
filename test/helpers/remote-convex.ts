import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBackend, type BackendLogEntry } from "../../backend/main.ts";
import { findRemoteDeployment, type RemoteDeployment } from "../../server/remote-deployment.ts";
import { listenForTest } from "./listen.ts";

export interface RemoteConvex extends AsyncDisposable {
  readonly deployment: RemoteDeployment;
  /** The origin of its HTTP actions, which anybody can call past the dashboard. */
  readonly siteUrl: string;
  readonly log: readonly BackendLogEntry[];
}

/**
 * A Convex that runs elsewhere, as the official ones are to Latchkey: nothing is pushed to it, it knows nothing of the product,
 * it names no peer, and its HTTP actions have an origin of their own.
 */
export async function startRemoteConvex(): Promise<RemoteConvex> {
  const dataDir = await mkdtemp(join(tmpdir(), "latchkey-elsewhere-"));
  const server = createServer();
  const site = await listenForTest(server);
  const log: BackendLogEntry[] = [];
  const adminKey = "elsewhere|0123456789";
  const backend = await startBackend({
    dataDir,
    siteUrl: site.origin,
    adminKey,
    environment: {},
    production: true,
    log: (entry) => log.push(entry),
  });
  server.on("request", backend.siteHandler);
  backend.startJobs();
  const deployment = findRemoteDeployment({
    CONVEX_SELF_HOSTED_URL: backend.apiUrl,
    CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
  });
  if (deployment === null) throw new Error("the environment names no deployment");
  return {
    deployment,
    siteUrl: site.origin,
    log,
    async [Symbol.asyncDispose]() {
      await site.close();
      await backend[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
