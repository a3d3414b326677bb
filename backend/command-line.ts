import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { parseArgs } from "node:util";
import { startBackend } from "./main.ts";

const USAGE = `Usage: node --experimental-vm-modules backend/command-line.ts --data <folder> [options]

  --data <folder>       where the database lives
  --port <number>       port of the API (CONVEX_URL); any free one by default
  --site-port <number>  port of the HTTP actions (CONVEX_SITE_URL); any free one by default
  --host <address>      address to listen on, 127.0.0.1 by default
  --admin-key <key>     key for deploying; made up and printed when missing
  --production          hide the messages of failed functions from clients

Prints one line of JSON with the addresses when it is ready. Stop it with SIGTERM or Ctrl-C.`;

await main();

/** Runs a backend by itself, without a product around it. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      data: { type: "string" },
      port: { type: "string", default: "0" },
      "site-port": { type: "string", default: "0" },
      host: { type: "string", default: "127.0.0.1" },
      "admin-key": { type: "string" },
      production: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help || values.data === undefined) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const adminKey = values["admin-key"] ?? randomBytes(24).toString("base64url");
  const site = createServer();
  const siteUrl = `http://${values.host}:${await listen(site, Number(values["site-port"]), values.host)}`;
  const apiPort = Number(values.port) || (await freePort(values.host));
  const stop = new AbortController();
  const backend = await startBackend({
    dataDir: values.data,
    siteUrl,
    cloudUrl: `http://${values.host}:${apiPort}`,
    apiHost: values.host,
    apiPort,
    adminKey,
    environment: {},
    production: values.production,
    log: ({ level, message, error }) => {
      const detail = error instanceof Error ? (error.stack ?? error.message) : "";
      process.stderr.write(`${level}: ${message}${detail === "" ? "" : `\n${detail}`}\n`);
    },
    onFailure: () => {
      process.exitCode = 1;
      stop.abort();
    },
  });
  site.on("request", backend.siteHandler);
  process.stdout.write(`${JSON.stringify({ apiUrl: backend.apiUrl, siteUrl, adminKey })}\n`);
  backend.startJobs();

  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  if (!stop.signal.aborted) await once(stop.signal, "abort");
  site.close();
  site.closeIdleConnections();
  await backend[Symbol.asyncDispose]();
}

async function listen(server: Server, port: number, host: string): Promise<number> {
  server.listen(port, host);
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The listener has no port");
  return address.port;
}

/** Functions are told the address before the backend listens on it. */
async function freePort(host: string): Promise<number> {
  const server = createServer();
  const port = await listen(server, 0, host);
  server.close();
  await once(server, "close");
  return port;
}
