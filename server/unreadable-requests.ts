import { STATUS_CODES, type IncomingMessage, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { requestUrl } from "../backend/web/request-url.ts";
import { systemErrorCode } from "./operator-error.ts";
import { sendProblem, toProblem } from "./upstream.ts";

/** What HTTP actions can be routed for; the others exist in HTTP and mean nothing here. */
const METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

const UNREAD: Readonly<Record<string, { status: number; code: string; detail: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, code: "MALFORMED_REQUEST", detail: "The request's headers are too long." },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    status: 413,
    code: "BODY_TOO_LARGE",
    detail: "The extensions of the body's chunks are too long.",
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: "TIMEOUT",
    detail: "The request did not arrive in time. Send it again.",
  },
};
const MALFORMED = {
  status: 400,
  code: "MALFORMED_REQUEST",
  detail: "This is no HTTP request that can be read. Check its first line, headers and length.",
};

/**
 * Answers what node's parser gave up on, as a problem like every other refusal, and ends the connection: where the next
 * request would begin is not known. `open` are the connection's responses that are not finished, in their order. Those to
 * whole requests go out first; of the last one the body may be what cannot be read, and then this is its answer.
 */
export function answerUnparsed(error: Error, socket: Duplex, open: readonly ServerResponse[]): void {
  if (systemErrorCode(error) === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const earlier = open.filter(({ req }) => req.complete);
  const isMidAnswer = open.some(({ req, headersSent }) => !req.complete && headersSent);
  let left = earlier.length;
  const endOne = () => {
    left -= 1;
    if (left === 0) refuse(error, socket, isMidAnswer);
  };
  for (const response of earlier) response.once("close", endOne);
  if (left === 0) refuse(error, socket, isMidAnswer);
}

function refuse(error: Error, socket: Duplex, isMidAnswer: boolean): void {
  if (!socket.writable || isMidAnswer) {
    socket.destroy();
    return;
  }
  const { status, code, detail } = UNREAD[systemErrorCode(error) ?? ""] ?? MALFORMED;
  const { headers, body } = toProblem(status, code, detail);
  const lines = Object.entries({ ...headers, connection: "close" });
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines.map((line) => line.join(": "))].join("\r\n");
  socket.end(`${head}\r\n\r\n${body}`);
}

/** Refuses what parses as HTTP but makes no request for the product: no method of ours, no host, no address. False when all is well. */
export function refuseUnreadable(request: IncomingMessage, response: ServerResponse): boolean {
  if (!METHODS.has(request.method ?? "")) {
    const allow = [...METHODS].join(", ");
    sendProblem(response, 405, "METHOD_NOT_ALLOWED", `There is no such method here. Use one of ${allow}.`, { allow });
    return true;
  }
  // HTTP/1.0 knew no hosts.
  const hasHost = request.headers.host !== undefined || request.httpVersion === "1.0";
  if (hasHost && isAddress(request)) return false;
  const detail = "The request's Host header or path is not right. Send one host, and the path percent-encoded.";
  sendProblem(response, 400, "MALFORMED_REQUEST", detail);
  return true;
}

function isAddress(request: IncomingMessage): boolean {
  try {
    requestUrl(request);
    return true;
  } catch {
    return false;
  }
}
