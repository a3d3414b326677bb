import { randomUUID } from "node:crypto";
import { STATUS_CODES } from "node:http";
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
  const problem = toProblem(status, code, detail);
  response.writeHead(status, { ...problem.headers, ...headers });
  response.end(problem.body);
}

/** The headers and JSON text of a problem, with a trace id of its own. */
export function toProblem(
  status: number,
  code: string,
  detail: string,
): { headers: Record<string, string>; body: string } {
  const traceId = randomUUID();
  const title = STATUS_CODES[status] ?? "Error";
  const body = JSON.stringify({ type: "about:blank", title, status, detail, code, traceId });
  return {
    headers: {
      "cache-control": "no-store",
      "content-length": String(Buffer.byteLength(body)),
      "content-type": "application/problem+json",
      "x-content-type-options": "nosniff",
      "x-trace-id": traceId,
    },
    body,
  };
}
