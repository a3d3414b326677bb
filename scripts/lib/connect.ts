import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startEmbeddedDeployment } from "../../server/embedded-deployment.ts";
import type { Secrets } from "../../server/data-folder.ts";
import { connectRemoteDeployment, siteUrlOf, type RemoteDeployment } from "../../server/remote-deployment.ts";
import { setRemoteEnvironment } from "../../server/remote-environment.ts";
import type { Upstream } from "../../server/upstream.ts";
import { cliEnvironment, hashOfPush, pushFunctions, runConvex } from "./push.ts";
import { reportEntry, type Progress } from "./terminal.ts";

export interface ConnectOptions {
  /** Absolute. */
  readonly dataFolder: string;
  readonly secrets: Secrets;
  /** The environment that the functions see, under what was set on the deployment itself. */
  readonly environment: Readonly<Record<string, string>>;
  readonly progress: Progress;
}

export interface Connection {
  readonly upstream: Upstream;
  /** The environment with which the official CLI reaches the deployment. */
  readonly cli: Readonly<Record<string, string>>;
}

// Where convex/gateway/ looks for the address of the socket; the backend sets it and clients cannot.
const PEER_ADDRESS_HEADER = "x-latchkey-peer";

/** Starts the embedded backend on the data folder and pushes convex/ to it if that changed since the last push. */
export async function connectEmbedded(options: ConnectOptions, publicUrl: string): Promise<Connection> {
  const { dataFolder, secrets, environment } = options;
  const starting = options.progress("Starting the embedded backend");
  const upstream = await startEmbeddedDeployment({
    dataDir: dataFolder,
    siteUrl: publicUrl,
    adminKey: secrets.adminKey,
    environment: { ...environment, BETTER_AUTH_SECRET: secrets.authSecret },
    production: true,
    peerAddressHeader: PEER_ADDRESS_HEADER,
    log: reportEntry,
  });
  starting.done();
  try {
    const cli = cliEnvironment(upstream.apiUrl, secrets.adminKey);
    const stamp = join(dataFolder, "push.stamp");
    const hash = await hashOfPush(environment);
    if (!upstream.ready || (await readStamp(stamp)) !== hash) await push(options, cli, stamp, hash);
    return { upstream, cli };
  } catch (error) {
    await upstream[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Connects a deployment that runs elsewhere: gives it the environment it needs and pushes convex/ if either changed since we last
 * did. A BETTER_AUTH_SECRET that it already has is kept, because every session and the signing key depend on it.
 */
export async function connectRemote(options: ConnectOptions, remote: RemoteDeployment): Promise<Connection> {
  const { dataFolder, secrets, environment } = options;
  const connecting = options.progress(`Connecting to ${remote.cloudUrl.origin}`);
  const siteUrl = await siteUrlOf(remote);
  connecting.done();
  const cli = remote.cliEnvironment;
  const stamp = join(dataFolder, "push-remote.stamp");
  const hash = await hashOfPush({ ...environment, cloudUrl: remote.cloudUrl.href });
  if ((await readStamp(stamp)) !== hash) {
    const known = await runConvex(["env", "get", "BETTER_AUTH_SECRET"], cli);
    const hasSecret = known.code === 0 && known.output.trim() !== "";
    await setRemoteEnvironment(
      remote,
      hasSecret ? environment : { ...environment, BETTER_AUTH_SECRET: secrets.authSecret },
    );
    await push(options, cli, stamp, hash);
  }
  return { upstream: connectRemoteDeployment(remote, siteUrl), cli };
}

async function push(options: ConnectOptions, cli: Connection["cli"], stamp: string, hash: string): Promise<void> {
  const pushing = options.progress("Pushing the functions in convex/");
  await pushFunctions(cli);
  await writeFile(stamp, hash);
  pushing.done();
}

async function readStamp(file: string): Promise<string | null> {
  return await readFile(file, "utf8").catch(() => null);
}
