import type { ErrorCode, LatchkeyErrorData } from "../shared/errors.ts";
import { HTTP_STATUS, toErrorData } from "../shared/errors.ts";

/** An answer before it becomes a `Response`: the one place that builds it adds what every answer has. */
export type Answer = { status: number; body: string | null; headers: Record<string, string> };

const TITLES: Record<number, string> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

const CHALLENGE = 'Bearer realm="latchkey"';

/** A JSON answer. Never cached: it holds one caller's data, and from `create` and `rotate` a plaintext key. */
export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    body: JSON.stringify(value),
    headers: { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers },
  };
}

export function noContent(headers: Record<string, string> = {}): Answer {
  return { status: 204, body: null, headers: { "Cache-Control": "no-store", ...headers } };
}

/** A refusal as RFC 9457 problem details, extended by `code`, `traceId` and, for wrong input, `errors`. */
export type Problem = {
  type: "about:blank";
  title: string;
  status: number;
  detail: string;
  code: ErrorCode;
  traceId: string;
  errors?: { path: string; message: string }[];
};

/** The problem for a refusal; 401 says how to authenticate, 429 when to come back. */
export function problem(error: LatchkeyErrorData, traceId: string, headers: Record<string, string> = {}): Answer {
  const status = HTTP_STATUS[error.code];
  const body: Problem = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail: error.message,
    code: error.code,
    traceId,
    ...(error.fields !== undefined && { errors: error.fields }),
  };
  return {
    status,
    body: JSON.stringify(body),
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...(status === 401 && { "WWW-Authenticate": CHALLENGE }),
      ...headers,
    },
  };
}

/** What anything thrown means to the caller. A fault of ours tells only its trace id, by which the log is found. */
export function toRefusal(thrown: unknown, traceId: string): LatchkeyErrorData {
  const refusal = toErrorData(thrown);
  if (refusal !== null) return refusal;
  // oxlint-disable-next-line no-console -- the deployment's log is where an operator looks the trace id up
  console.error(`[${traceId}]`, thrown);
  return { code: "INTERNAL", message: "Something went wrong on our side. Try again, or report the trace id." };
}
