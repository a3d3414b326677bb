import { createHash } from "node:crypto";
import { join } from "node:path";
import { writePrivateFile, type Secrets } from "../../server/data-folder.ts";
import {
  hasDeploymentVariable,
  setDeploymentEnvironment,
  type DeploymentAdmin,
} from "../../server/deployment-admin.ts";
import { startEmbeddedDeployment } from "../../server/embedded-deployment.ts";
import {
  cliEnvironment,
  connectRemoteDeployment,
  siteUrlOf,
  type RemoteDeployment,
} from "../../server/remote-deployment.ts";
import type { Upstream } from "../../server/upstream.ts";
import { startMigrations } from "./migrations.ts";
import { hashOfFunctions, pushFunctions } from "./push.ts";
import { readIfThere } from "./read-if-there.ts";
import { reportEntry, type Progress } from "./terminal.ts";

export interface ConnectOptions {
  /** Absolute. */
  readonly dataFolder: string;
  readonly secrets: Secrets;
  /** What the functions find in their environment; null means that a variable has no value. */
  readonly environment: Readonly<Record<string, string | null>>;
  readonly progress: Progress;
}

export interface Connection {
  readonly upstream: Upstream;
  readonly admin: DeploymentAdmin;
  /** The environment with which the official CLI reaches the deployment. */
  readonly cli: Readonly<Record<string, string>>;
  /** Has what is scheduled run; for once the server answers. A deployment elsewhere does that by itself. */
  startJobs(): void;
}

// Where convex/gateway/ looks for the address of the socket, told by LATCHKEY_EMBEDDED that the backend sets it and clients cannot.
const PEER_ADDRESS_HEADER = "x-latchkey-peer";

/** Starts the embedded backend on the data folder and brings what is deployed on it up to date. */
export async function connectEmbedded(options: ConnectOptions, publicUrl: string): Promise<Connection> {
  const { dataFolder, secrets } = options;
  const starting = options.progress("Starting the embedded backend");
  const upstream = await startEmbeddedDeployment({
    dataDir: dataFolder,
    siteUrl: publicUrl,
    adminKey: secrets.adminKey,
    // Not set on the deployment like the others: it must not be in the database it protects.
    environment: { BETTER_AUTH_SECRET: secrets.authSecret, LATCHKEY_EMBEDDED: "true" },
    production: true,
    peerAddressHeader: PEER_ADDRESS_HEADER,
    log: reportEntry,
    onFailure: endProcess,
  });
  starting.done();
  try {
    const cli = cliEnvironment(upstream.apiUrl, secrets.adminKey);
    const admin = { cloudUrl: new URL(upstream.apiUrl), adminKey: secrets.adminKey };
    await bringUpToDate(options, admin, cli, { stamp: "deployed.stamp", isFresh: !upstream.ready, target: "" });
    return { upstream, admin, cli, startJobs: () => upstream.startJobs() };
  } catch (error) {
    await upstream[Symbol.asyncDispose]();
    throw error;
  }
}

/** An uncaught exception: after a failed disk nothing can be promised, a drain least of all. */
function endProcess(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}

/** Connects a deployment that runs elsewhere and brings what is deployed on it up to date. */
export async function connectRemote(options: ConnectOptions, remote: RemoteDeployment): Promise<Connection> {
  const connecting = options.progress(`Connecting to ${remote.cloudUrl.origin}`);
  const siteUrl = await siteUrlOf(remote);
  connecting.done();
  const cli = remote.cliEnvironment;
  // A secret that is there already stays: every session and the signing key depend on it.
  const secret: Record<string, string> = (await hasDeploymentVariable(remote, "BETTER_AUTH_SECRET"))
    ? {}
    : { BETTER_AUTH_SECRET: options.secrets.authSecret };
  const { proxySecret } = options.secrets;
  const environment = { ...options.environment, ...secret, LATCHKEY_PROXY_SECRET: proxySecret };
  await bringUpToDate({ ...options, environment }, remote, cli, {
    stamp: "deployed-remote.stamp",
    isFresh: false,
    target: remote.cloudUrl.href,
  });
  return { upstream: connectRemoteDeployment(remote, siteUrl, proxySecret), admin: remote, cli, startJobs() {} };
}

/**
 * Sets the environment and pushes convex/, each only if it changed since we last did, and starts the migrations that are not done
 * yet. What was done last is noted in the data folder, together with the deployment it was done to.
 */
async function bringUpToDate(
  options: ConnectOptions,
  admin: DeploymentAdmin,
  cli: Connection["cli"],
  note: { stamp: string; isFresh: boolean; target: string },
): Promise<void> {
  const file = join(options.dataFolder, note.stamp);
  const [lastEnvironment, lastFunctions] = note.isFresh ? [] : await readStamp(file);
  const environment = hashOfText(JSON.stringify([note.target, options.environment]));
  const functions = hashOfText(note.target + (await hashOfFunctions()));
  if (environment !== lastEnvironment) {
    // Before the push, which evaluates auth.config.ts with it.
    await setDeploymentEnvironment(admin, options.environment);
  }
  if (functions !== lastFunctions) {
    const pushing = options.progress("Pushing the functions in convex/");
    await pushFunctions(cli);
    pushing.done();
  }
  // At every start, not only after a push: one that has failed is tried again.
  await startMigrations(admin);
  writePrivateFile(file, `${environment}\n${functions}\n`);
}

async function readStamp(file: string): Promise<string[]> {
  return ((await readIfThere(file)) ?? "").split("\n");
}

function hashOfText(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
