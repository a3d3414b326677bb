import type { Server } from "node:http";
import { openListener } from "./listener.ts";
import { destinationOf, isSyncPath, pathOf } from "./routes.ts";
import type { RequestHandler } from "./static-files.ts";
import { refuseUnreadable } from "./unreadable-requests.ts";
import { sendProblem, type Upstream } from "./upstream.ts";

export interface ServerConfig {
  /** The address to listen on, for example "127.0.0.1" or "0.0.0.0". */
  readonly host: string;
  /** The port; 0 takes any free one. */
  readonly port: number;
  /** The origin that people open, when it is another than this listener's (behind a reverse proxy). */
  readonly publicUrl?: string | undefined;
  /** What serves the dashboard's files; made once the listener is there, because the dev server attaches to it. */
  app(server: Server): Promise<RequestHandler>;
  /** Connects the deployment; called once with the public origin, after the port is ours. */
  connect(publicUrl: string): Promise<Upstream>;
}

export interface RunningServer extends AsyncDisposable {
  /** The origin that people open, without a slash at the end. */
  readonly url: string;
  readonly port: number;
}

// Long enough for a request at the gateway's own limit of 30 s to end.
const DRAIN_PATIENCE_MS = 35_000;

/**
 * Opens the one port and serves everything on it: the dashboard, the product's HTTP actions, the public functions API and the sync
 * WebSocket. The port is taken first, so that a busy one is told before anything else is started; until the deployment is live,
 * `/api/*` answers 503.
 *
 * Disposing it drains: no new connections, requests under way are answered, sockets are closed, the deployment is let go.
 * Throws an OperatorError for whatever the operator has to change.
 */
export async function startServer(config: ServerConfig): Promise<RunningServer> {
  let upstream: Upstream | undefined;
  let app: RequestHandler | undefined;

  const listener = await openListener(config.host, config.port, {
    request(request, response) {
      if (refuseUnreadable(request, response)) return;
      const destination = destinationOf(pathOf(request.url));
      if (destination === "app") {
        if (app === undefined) sendStarting(response);
        else app(request, response);
      } else if (upstream === undefined || !upstream.ready) {
        sendStarting(response);
      } else {
        upstream[destination](request, response);
      }
    },
    upgrade(request, socket, head) {
      if (request.headers["sec-websocket-protocol"]?.startsWith("vite-") === true) return; // the dev server's own
      if (upstream?.ready === true && isSyncPath(pathOf(request.url))) upstream.upgrade(request, socket, head);
      else
        socket.end(
          `HTTP/1.1 ${upstream?.ready === true ? "404 Not Found" : "503 Service Unavailable"}\r\nConnection: close\r\n\r\n`,
        );
    },
  });

  const url = config.publicUrl ?? `http://${namedHost(config.host)}:${listener.port}`;
  try {
    app = await config.app(listener.server);
    upstream = await config.connect(url);
  } catch (error) {
    await listener.close();
    throw error;
  }

  let stopping: Promise<void> | undefined;
  const stop = async () => {
    await listener.drain(DRAIN_PATIENCE_MS);
    await upstream[Symbol.asyncDispose]();
    await listener.close();
  };
  return {
    url,
    port: listener.port,
    async [Symbol.asyncDispose]() {
      await (stopping ??= stop());
    },
  };
}

function sendStarting(response: Parameters<RequestHandler>[1]): void {
  sendProblem(response, 503, "STARTING", "Latchkey is starting; try again in a moment.", { "retry-after": "1" });
}

// Browsers treat localhost as a secure context, which the clipboard and passkeys need; an address of the loopback is not one everywhere.
function namedHost(host: string): string {
  if (["127.0.0.1", "::1", "0.0.0.0", "::", "localhost"].includes(host)) return "localhost";
  return host.includes(":") ? `[${host}]` : host;
}
