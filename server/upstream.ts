import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { RequestHandler } from "./static-files.ts";

/** The Convex deployment behind the one port: the embedded backend in this process, or a remote one behind a proxy. */
export interface Upstream extends AsyncDisposable {
  /** The product's HTTP actions. */
  readonly site: RequestHandler;
  /** The part of the functions API that browsers may use; never deploy or admin routes. */
  readonly api: RequestHandler;
  /** Takes over a WebSocket handshake on the sync path. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Whether a deployment is live, so that the product can serve. */
  readonly ready: boolean;
}

/** Answers as the gateway does for its own failures (RFC 9457), for the moments when there is no gateway to ask. */
export function sendProblem(
  response: ServerResponse,
  status: number,
  code: string,
  detail: string,
  headers: Record<string, string> = {},
): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "cache-control": "no-store", "content-type": "application/problem+json", ...headers });
  response.end(JSON.stringify({ type: "about:blank", title: code, status, code, detail }));
}
