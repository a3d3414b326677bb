import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from "node:http";
import { request as httpsRequest } from "node:https";
import type { Duplex } from "node:stream";
import { messageOf } from "./operator-error.ts";
import type { RequestHandler } from "./static-files.ts";
import { sendProblem } from "./upstream.ts";

// They speak of one connection and never travel on (RFC 9110, 7.6.1).
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];
// Only we may say who the peer is. convex/gateway/clientAddress.ts reads these.
const PEER_HEADER = "x-latchkey-peer";
const SECRET_HEADER = "x-latchkey-proxy-secret";
const CHAIN_HEADER = "x-latchkey-forwarded-for";
const STRIPPED = [
  PEER_HEADER,
  SECRET_HEADER,
  CHAIN_HEADER,
  "host",
  "forwarded",
  "x-forwarded-host",
  "x-forwarded-proto",
];
const CONNECT_TIMEOUT_MS = 60_000;

/**
 * Hands requests on to another origin, bodies streamed both ways. An origin that cannot be reached is a 502, a silent one a 504.
 * With a secret the origin is told who connected to us, and by the secret that it is us who says so.
 */
export function createProxy(origin: URL, secret?: string): RequestHandler {
  return (request, response) => {
    const upstream = send(origin, request, { ...forwardedHeaders(request), ...peerHeaders(request, secret) });
    upstream.setTimeout(CONNECT_TIMEOUT_MS, () => {
      sendProblem(
        response,
        504,
        "UPSTREAM_TIMEOUT",
        `The Convex deployment did not answer within ${CONNECT_TIMEOUT_MS / 1000} s.`,
      );
      upstream.destroy();
    });
    upstream.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, withoutHopByHop(answer.headers));
      answer.pipe(response);
      answer.once("error", () => response.destroy());
    });
    upstream.once("error", (error) => {
      if (!response.writableEnded) {
        sendProblem(
          response,
          502,
          "UPSTREAM_UNREACHABLE",
          `The Convex deployment at ${origin.host} cannot be reached: ${messageOf(error)}`,
        );
      }
    });
    response.once("close", () => upstream.destroy());
    request.pipe(upstream);
  };
}

/** Hands a WebSocket handshake on to another origin and joins the two sockets. */
export function createUpgradeProxy(origin: URL): (request: IncomingMessage, socket: Duplex, head: Buffer) => void {
  return (request, socket, head) => {
    const headers = { ...forwardedHeaders(request), connection: "upgrade", upgrade: "websocket" };
    const upstream = send(origin, request, headers);
    const refuse = () => socket.end("HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\n\r\n");
    upstream.once("error", refuse);
    upstream.once("response", refuse); // an answer instead of a handshake
    upstream.once("upgrade", (answer, upstreamSocket: Duplex, upstreamHead: Buffer) => {
      const lines = rawHeaderLines(answer.rawHeaders);
      socket.write(["HTTP/1.1 101 Switching Protocols", ...lines, "", ""].join("\r\n"));
      socket.write(upstreamHead);
      upstreamSocket.write(head);
      for (const [from, to] of [
        [socket, upstreamSocket],
        [upstreamSocket, socket],
      ] as const) {
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
        from.pipe(to);
      }
    });
    upstream.end();
  };
}

function send(origin: URL, request: IncomingMessage, headers: OutgoingHttpHeaders) {
  const options = { method: request.method, headers, path: request.url };
  return origin.protocol === "https:" ? httpsRequest(origin, options) : httpRequest(origin, options);
}

function forwardedHeaders(request: IncomingMessage): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = withoutHopByHop(request.headers);
  for (const name of STRIPPED) delete headers[name];
  const peer = request.socket.remoteAddress ?? "";
  const chain = request.headers["x-forwarded-for"];
  headers["x-forwarded-for"] = chain === undefined ? peer : `${String(chain)}, ${peer}`;
  if (request.headers.host !== undefined) headers["x-forwarded-host"] = request.headers.host;
  headers["x-forwarded-proto"] = "http";
  return headers;
}

function peerHeaders(request: IncomingMessage, secret: string | undefined): OutgoingHttpHeaders {
  if (secret === undefined) return {};
  const chain = request.headers["x-forwarded-for"];
  return {
    [PEER_HEADER]: request.socket.remoteAddress ?? "",
    [SECRET_HEADER]: secret,
    ...(chain !== undefined && { [CHAIN_HEADER]: String(chain) }),
  };
}

function withoutHopByHop(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const named = (headers.connection ?? "").split(",").map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...named]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !dropped.has(name)));
}

function rawHeaderLines(rawHeaders: readonly string[]): string[] {
  const lines: string[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return lines;
}
