import type { ServerResponse } from "node:http";
import { createRequestId } from "../access/request-id.ts";
import type { BackendLogEntry } from "../config.ts";
import { TokenError } from "../identity/token-error.ts";

/** Answers with JSON text; headers set on `res` before, such as CORS, go along. */
export function sendJsonText(res: ServerResponse, status: number, text: string): void {
  res.writeHead(status, { "content-type": "application/json", "content-length": Buffer.byteLength(text) });
  res.end(text);
}

export function sendJson(res: ServerResponse, status: number, value: unknown): void {
  sendJsonText(res, status, JSON.stringify(value) ?? "null");
}

/** The one place where a failure of the API becomes an answer: `{code, message}` with its status. */
export function sendError(res: ServerResponse, error: unknown, log: (entry: BackendLogEntry) => void): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  if (isCoded(error)) {
    sendJson(res, error.status, { code: error.code, message: error.message });
  } else if (error instanceof TokenError) {
    sendJson(res, 401, { code: error.code, message: `Could not verify the token: ${error.message}` });
  } else {
    const requestId = createRequestId();
    log({ level: "error", message: "API request failed", error, requestId });
    sendJson(res, 500, { code: "InternalServerError", message: `[Request ID: ${requestId}] Server Error` });
  }
}

/** AccessError and DeployError: refusals that carry their own answer. */
function isCoded(error: unknown): error is Error & { readonly status: number; readonly code: string } {
  if (!(error instanceof Error) || !("status" in error) || !("code" in error)) return false;
  return typeof error.status === "number" && typeof error.code === "string";
}
