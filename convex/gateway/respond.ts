import type { ErrorCode, LatchkeyErrorData, SpentQuota, SpentRate } from "../shared/errors.ts";
import { HTTP_STATUS } from "../shared/errors.ts";
import type { Json } from "../shared/json.ts";

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
  return jsonText(status, JSON.stringify(value), headers);
}

/** The same for what is JSON text already. */
export function jsonText(status: number, body: string, headers: Record<string, string> = {}): Answer {
  return { status, body, headers: { "Content-Type": "application/json", "Cache-Control": "no-store", ...headers } };
}

/** A page of text. The cursor of the next page is in a header, so that the body is nothing but the text. */
export function download(
  { contentType, text, nextCursor }: { contentType: string; text: string; nextCursor: string | null },
  headers: Record<string, string> = {},
): Answer {
  return {
    status: 200,
    body: text,
    headers: {
      "Content-Type": contentType,
      // Whatever is in it, a browser saves it and never shows it as a page.
      "Content-Disposition": "attachment",
      "Cache-Control": "no-store",
      ...(nextCursor !== null && { "X-Next-Cursor": nextCursor }),
      ...headers,
    },
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
  /** With FUNCTION_REFUSED: what the function said. */
  data?: Json;
};

/** The problem for a refusal; 401 says how to authenticate, 429 when to come back. */
export function problem(error: LatchkeyErrorData, traceId: string, extension: { data?: Json } = {}): Answer {
  const status = HTTP_STATUS[error.code];
  const body: Problem = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail: error.message,
    code: error.code,
    traceId,
    ...(error.fields !== undefined && { errors: error.fields }),
    ...extension,
  };
  return {
    status,
    body: JSON.stringify(body),
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      ...problemHeaders(error),
    },
  };
}

/** What a refusal says in headers, whatever its body looks like. */
export function problemHeaders(error: LatchkeyErrorData): Record<string, string> {
  return {
    ...(HTTP_STATUS[error.code] === 401 && { "WWW-Authenticate": CHALLENGE }),
    ...(error.rate !== undefined && { ...rateHeaders(error.rate), "Retry-After": toSeconds(error.rate.retryAfterMs) }),
    ...(error.quota !== undefined && quotaHeaders(error.quota)),
  };
}

/** Where a caller stands against its rate limit, in whole seconds. Empty for one without a limit. */
export function rateHeaders(rate: Omit<SpentRate, "retryAfterMs"> | null): Record<string, string> {
  if (rate === null) return {};
  return {
    "RateLimit-Limit": String(rate.limit),
    "RateLimit-Remaining": String(rate.remaining),
    "RateLimit-Reset": toSeconds(rate.resetMs),
  };
}

/** A used-up quota in the same headers. One that never comes back has no time to wait for. */
function quotaHeaders({ limit, remaining, retryAfterMs }: SpentQuota): Record<string, string> {
  const standing = { "RateLimit-Limit": String(limit), "RateLimit-Remaining": String(remaining) };
  if (retryAfterMs === null) return standing;
  return { ...standing, "RateLimit-Reset": toSeconds(retryAfterMs), "Retry-After": toSeconds(retryAfterMs) };
}

/** Rounded up: who comes back a moment early is refused again. */
function toSeconds(ms: number): string {
  return String(Math.max(1, Math.ceil(ms / 1000)));
}
