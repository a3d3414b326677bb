import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { BackendConfig, BackendLogEntry } from "#backend/config.ts";
import { type Backend, startBackend } from "#backend/main.ts";
import type { AppSources } from "../deploy/bundled-app.ts";
import { pushTo } from "./push.ts";

/** A backend in this process, with real sockets and a real database in a temporary folder. */
export interface RunningBackend extends AsyncDisposable {
  readonly backend: Backend;
  readonly apiUrl: string;
  readonly siteUrl: string;
  readonly adminKey: string;
  /** Of the level warn and error. */
  readonly complaints: readonly BackendLogEntry[];
  push(sources: AppSources): Promise<void>;
}

export async function runBackend(overrides: Partial<BackendConfig> = {}): Promise<RunningBackend> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "backend-test-"));
  const adminKey = `test:${randomBytes(8).toString("hex")}`;
  const site = createServer();
  site.listen(0, "127.0.0.1");
  await once(site, "listening");
  const address = site.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const siteUrl = `http://127.0.0.1:${address.port}`;
  const complaints: BackendLogEntry[] = [];
  const backend = await startBackend({
    dataDir,
    siteUrl,
    adminKey,
    environment: {},
    log: (entry) => {
      if (entry.level !== "info") complaints.push(entry);
    },
    ...overrides,
  });
  site.on("request", (req, res) => {
    if (req.url?.startsWith("/api/") ?? false) backend.publicApiHandler(req, res);
    else backend.siteHandler(req, res);
  });
  site.on("upgrade", (req, socket, head) => backend.handleUpgrade(req, socket, head));
  backend.startJobs();
  return {
    backend,
    apiUrl: backend.apiUrl,
    siteUrl,
    adminKey,
    complaints,
    push: (sources) => pushTo(backend.apiUrl, adminKey, sources),
    [Symbol.asyncDispose]: async () => {
      site.closeAllConnections();
      site.close();
      await backend[Symbol.asyncDispose]();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
