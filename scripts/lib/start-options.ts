import { resolve } from "node:path";
import { OperatorError } from "../../server/operator-error.ts";
import { findRemoteDeployment } from "../../server/remote-deployment.ts";
import { parseOptions } from "./arguments.ts";

/** The options that `npm start` and `npm run dev` share, as their help shows them. */
export const START_OPTIONS_HELP = `  --port <n>     the port, 0 for any free one     PORT                3000
  --host <addr>  the address to listen on         LATCHKEY_HOST       127.0.0.1 (0.0.0.0: every network)
  --data <dir>   where everything is kept         LATCHKEY_DATA_DIR   ./.latchkey
  --url <url>    the origin that people open,     LATCHKEY_URL        http://localhost:<port>
                 when a proxy stands before
  --help         this text

Further environment variables:
  LATCHKEY_ALLOWED_ORIGINS   other origins that browsers may call from, comma-separated
  LATCHKEY_TRUSTED_PROXIES   peers whose X-Forwarded-For is believed, comma-separated
  CONVEX_SELF_HOSTED_URL and CONVEX_SELF_HOSTED_ADMIN_KEY, or CONVEX_DEPLOY_KEY (and CONVEX_URL)
                             use that Convex deployment in place of the embedded backend`;

/** Reads the command line over the environment over the defaults. Throws an OperatorError (exit code 2) for what makes no sense. */
export function readStartOptions(command: string) {
  const options = parseOptions(command, {
    port: { type: "string" },
    host: { type: "string" },
    data: { type: "string" },
    url: { type: "string" },
    demo: { type: "boolean" },
  });
  const { env } = process;
  return {
    help: options.help === true,
    demo: options.demo === true,
    host: options.host ?? (env.LATCHKEY_HOST || "127.0.0.1"),
    port: parsePort(options.port ?? (env.PORT || "3000")),
    dataFolder: resolve(options.data ?? (env.LATCHKEY_DATA_DIR || ".latchkey")),
    publicUrl: parseOrigin(options.url ?? env.LATCHKEY_URL),
    remote: findRemoteDeployment(env),
    allowedOrigins: env.LATCHKEY_ALLOWED_ORIGINS,
    trustedProxies: env.LATCHKEY_TRUSTED_PROXIES,
  };
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535))
    throw new OperatorError(`${text} is no port`, "a port is a number from 0 to 65535", { exitCode: 2 });
  return port;
}

function parseOrigin(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.pathname !== "/" || url.search !== "") {
    throw new OperatorError(`${text} is no origin`, "--url takes something like https://keys.example.com", {
      exitCode: 2,
    });
  }
  return url.origin;
}
