import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { promisify } from "node:util";
import { AdminKey, NO_ADMINS } from "./access/admin-key.ts";
import { FunctionCalls } from "./access/function-calls.ts";
import { isSystemPath, SystemQueries } from "./access/system-queries.ts";
import { type BackendConfig, resolveLimits } from "./config.ts";
import { openDatabase } from "./database/open-database.ts";
import { Deploy } from "./deploy/deploy.ts";
import { Deployments } from "./deploy/deployments.ts";
import { deployTables } from "./deploy/system-tables.ts";
import { errorText } from "./functions/function-failure.ts";
import { createRunner } from "./functions/runner.ts";
import { scheduledJobsTable } from "./functions/scheduled-jobs.ts";
import { createApiHandler, type NodeHandler } from "./http/api-handler.ts";
import { deployRoutes } from "./http/deploy-routes.ts";
import { functionRoutes, RUN_PREFIX, runRoute } from "./http/function-routes.ts";
import { FunctionLog } from "./http/function-log.ts";
import { HttpActions } from "./http/http-actions.ts";
import { serverRoutes } from "./http/server-routes.ts";
import { TokenError } from "./identity/token-error.ts";
import { TokenVerifier } from "./identity/token-verifier.ts";
import { cronJobsTable } from "./scheduler/cron-table.ts";
import { Scheduler } from "./scheduler/scheduler.ts";
import { createLiveQueries } from "./subscriptions/query-cache.ts";
import { SessionMutations } from "./sync/session-mutations.ts";
import { sessionRequestsTable, SYSTEM_MOUNT } from "./sync/session-requests.ts";
import { SyncServer } from "./sync/sync-server.ts";

export type { BackendConfig, BackendLogEntry } from "./config.ts";

export interface Backend extends AsyncDisposable {
  /** Origin of the backend's own listener: the whole API with the deploy routes, for tools. */
  readonly apiUrl: string;
  /** Serves HTTP actions on every path. */
  readonly siteHandler: NodeHandler;
  /** Serves the part of the API that browsers use; no admin is accepted here, and there are no deploy routes. */
  readonly publicApiHandler: NodeHandler;
  /** Takes over the upgrade to a sync socket; no admin is accepted here. */
  handleUpgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Whether functions have been pushed. */
  readonly deployed: boolean;
  /**
   * Has scheduled jobs and crons run, what came due meanwhile first; until then they wait. Call it once, when all that is around the
   * backend answers: thousands of due jobs would keep a start waiting.
   */
  startJobs(): void;
}

const CLOSE_GRACE_MS = 3_000;
const VERSION = "1.48.0";

/**
 * Starts a Convex-compatible backend in this process over the database in `config.dataDir`. It answers at once; scheduled jobs
 * wait for `startJobs`.
 *
 * @throws what `openDatabase` throws, and when the API port is taken.
 * @example
 * await using backend = await startBackend({ dataDir: "data", siteUrl: "http://localhost:3000", adminKey, environment: {}, log });
 * backend.startJobs();
 */
export async function startBackend(config: BackendConfig): Promise<Backend> {
  const limits = resolveLimits(config);
  const log = config.log.bind(config);
  const production = config.production ?? false;
  const { siteUrl, cloudUrl = config.siteUrl } = config;
  await using cleanup = new AsyncDisposableStack();

  const database = cleanup.use(openDatabase(config.dataDir));
  // Everything below may hold a connection, so waiting for the last of them comes after all that is closed.
  const server = createServer();
  cleanup.defer(() => lastConnectionClosed(server));
  database.onFailure((error) => {
    log({ level: "error", message: "The database has failed", error });
    config.onFailure?.(error);
  });
  await database.setSchema(SYSTEM_MOUNT, [...deployTables, scheduledJobsTable, cronJobsTable, sessionRequestsTable]);
  const deployments = await Deployments.open({
    database,
    origins: { siteUrl, cloudUrl },
    environment: config.environment,
    warn: (message) => log({ level: "warn", message }),
  });

  const runner = createRunner({
    database,
    deployments,
    queries: () => queries,
    production,
    onStrayFailure: ({ error, functionPath, requestId }) =>
      log({ level: "error", message: `${functionPath} let go of a failure`, error: errorText(error), requestId }),
  });
  const systemQueries = new SystemQueries({ database, deployments, cloudUrl, siteUrl });
  const queries = cleanup.use(
    createLiveQueries({
      database,
      run: (request) => (isSystemPath(request.path) ? systemQueries.run(request) : runner.runQuery(request)),
    }),
  );
  const verifier = new TokenVerifier({
    // The issuer is often one of our own functions. Asking it in process works behind any proxy.
    fetch: (url, init) => {
      const isOurs = new URL(url).origin === new URL(siteUrl).origin;
      return isOurs ? runner.runHttpAction(new Request(url, init)) : fetch(url, init);
    },
  });
  deployments.onSwitch(() => {
    verifier.forgetKeys();
    queries.invalidateAll();
  });
  const verifyToken = (jwt: string) => verifier.verify(jwt, deployments.current()?.authProviders ?? []);

  const scheduler = cleanup.use(new Scheduler({ database, runner, deployments, log }));
  const calls = cleanup.use(new FunctionCalls({ runner, queries, database, deployments, production }));
  const mutations = new SessionMutations(calls, database);
  const adminKey = new AdminKey(config.adminKey);
  const sync = cleanup.use(
    new SyncServer(
      {
        calls,
        queries,
        database,
        adminKey,
        verifyToken,
        mutations,
        runAction: (caller, call) => calls.action(caller, call),
        log,
      },
      limits,
    ),
  );

  const functionLog = cleanup.use(new FunctionLog(runner));
  const actions = new HttpActions({
    runner,
    identify: async (jwt) => {
      try {
        return (await verifyToken(jwt)).identity;
      } catch (error) {
        if (!(error instanceof TokenError)) throw error;
        return null;
      }
    },
    maxBodyBytes: limits.httpActionBodyBytes,
    bodyTimeoutMs: limits.bodyTimeoutMs,
    peerAddressHeader: config.peerAddressHeader,
    log,
  });
  cleanup.defer(() => actions.drained());

  const functionOptions = (gate: Parameters<SyncServer["handleUpgrade"]>[3], maxBytes: number) => ({
    calls,
    authentication: { adminKey: gate, verifyToken },
    body: { maxBytes, timeoutMs: limits.bodyTimeoutMs },
  });
  const publicOptions = functionOptions(NO_ADMINS, limits.publicApiBodyBytes);
  const publicApiHandler = createApiHandler({
    routes: [serverRoutes(VERSION), functionRoutes(publicOptions)],
    prefixes: [{ prefix: RUN_PREFIX, method: "POST", handler: runRoute(publicOptions) }],
    log,
  });
  const toolOptions = functionOptions(adminKey, limits.apiBodyBytes);
  const apiHandler = createApiHandler({
    routes: [
      serverRoutes(VERSION),
      functionRoutes(toolOptions),
      deployRoutes({
        deploy: cleanup.use(new Deploy(deployments)),
        adminKey,
        functionLog,
        cloudUrl,
        siteUrl,
        body: toolOptions.body,
      }),
    ],
    prefixes: [{ prefix: RUN_PREFIX, method: "POST", handler: runRoute(toolOptions) }],
    log,
  });
  server.on("request", (req, res) => {
    if (isHttpAction(req)) actions.handle(withoutHttpPrefix(req), res);
    else apiHandler(req, res);
  });
  server.on("upgrade", (req, socket, head) => sync.handleUpgrade(req, socket, head, adminKey));
  const apiUrl = await listen(server, config.apiHost ?? "127.0.0.1", config.apiPort ?? 0);
  cleanup.defer(() => void server.close());

  const running = cleanup.move();
  return {
    apiUrl,
    siteHandler: actions.handle,
    publicApiHandler,
    handleUpgrade: (req, socket, head) => sync.handleUpgrade(req, socket, head, NO_ADMINS),
    get deployed() {
      return deployments.current() !== null;
    },
    startJobs: () => scheduler.start(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

const HTTP_PREFIX = "/http/";

/** The API origin also serves HTTP actions, below a prefix of their own. */
function isHttpAction(req: IncomingMessage): boolean {
  return req.url?.startsWith(HTTP_PREFIX) ?? false;
}

function withoutHttpPrefix(req: IncomingMessage): IncomingMessage {
  req.url = (req.url ?? "").slice(HTTP_PREFIX.length - 1);
  return req;
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve(originOf(server, host));
    });
  });
}

function originOf(server: Server, host: string): string {
  const address: AddressInfo | string | null = server.address();
  if (address === null || typeof address === "string") throw new Error("The API listener has no port");
  return `http://${host.includes(":") ? `[${host}]` : host}:${address.port}`;
}

/** Waits for the answers that are on their way, but not for clients that do not take them. */
async function lastConnectionClosed(server: Server): Promise<void> {
  server.closeIdleConnections();
  const connections = await promisify(server.getConnections.bind(server))();
  if (connections === 0) return;
  const impatience = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS);
  await once(server, "close");
  clearTimeout(impatience);
}
