import { loadSecrets, openDataFolder } from "../../server/data-folder.ts";
import type { DeploymentAdmin } from "../../server/deployment-admin.ts";
import { startServer, type RunningServer, type ServerConfig } from "../../server/main.ts";
import type { RemoteDeployment } from "../../server/remote-deployment.ts";
import { connectEmbedded, connectRemote, type Connection } from "./connect.ts";
import { pushFunctions } from "./push.ts";
import type { Progress } from "./terminal.ts";

export interface LatchkeyOptions {
  readonly host: string;
  readonly port: number;
  /** Absolute. */
  readonly dataFolder: string;
  /** The origin that people open, when a reverse proxy stands before this process. */
  readonly publicUrl?: string | undefined;
  /** Null: the embedded backend. */
  readonly remote: RemoteDeployment | null;
  readonly app: ServerConfig["app"];
  /** LATCHKEY_ALLOWED_ORIGINS: origins beside the public one that browsers may call from, comma-separated. */
  readonly allowedOrigins?: string | undefined;
  /** LATCHKEY_TRUSTED_PROXIES: peers whose X-Forwarded-For is believed, comma-separated. */
  readonly trustedProxies?: string | undefined;
  readonly progress: Progress;
}

export interface Latchkey extends RunningServer {
  readonly admin: DeploymentAdmin;
  /** The environment with which the official CLI reaches the deployment. */
  readonly cli: Readonly<Record<string, string>>;
  /** Pushes convex/ as it is now, changed or not, and brings convex/_generated up to date. Aborting ends the CLI. */
  push(signal: AbortSignal): Promise<void>;
}

/**
 * Starts the whole product on one port and brings its deployment up to date: backend or proxy, environment, functions. What was
 * pushed last is noted in the data folder, so nothing is pushed twice. Throws an OperatorError for what the operator has to change.
 */
export async function startLatchkey(options: LatchkeyOptions): Promise<Latchkey> {
  const { dataFolder, remote, progress } = options;
  openDataFolder(dataFolder);
  const secrets = loadSecrets(dataFolder);
  let connection: Connection | undefined;

  const server = await startServer({
    host: options.host,
    port: options.port,
    publicUrl: options.publicUrl,
    app: options.app,
    async connect(publicUrl) {
      const connect = { dataFolder, secrets, environment: deploymentEnvironment(options, publicUrl), progress };
      connection = remote === null ? await connectEmbedded(connect, publicUrl) : await connectRemote(connect, remote);
      return connection.upstream;
    },
  });
  if (connection === undefined) throw new Error("the server started without a deployment");
  // A sweep that was cut short goes on beside the first requests, and keeps none of them waiting for the start.
  connection.startJobs();
  const { admin, cli } = connection;
  return {
    url: server.url,
    port: server.port,
    admin,
    cli,
    push: (signal) => pushFunctions(cli, { codegen: true, signal }),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

function deploymentEnvironment(options: LatchkeyOptions, publicUrl: string): Record<string, string | null> {
  return {
    SITE_URL: publicUrl,
    LATCHKEY_ALLOWED_ORIGINS: options.allowedOrigins || otherNamesOf(publicUrl),
    LATCHKEY_TRUSTED_PROXIES: options.trustedProxies || null,
  };
}

/** A page opened as 127.0.0.1 is the same page as on localhost, to everybody but the browser's origin check. */
function otherNamesOf(publicUrl: string): string | null {
  const url = new URL(publicUrl);
  return url.hostname === "localhost" ? `${url.protocol}//127.0.0.1${url.port === "" ? "" : `:${url.port}`}` : null;
}
