import { ConvexError } from "convex/values";

/**
 * The HTTP status of every error that Latchkey answers with. The codes are public and stable: clients,
 * translations and the OpenAPI document are keyed by them. A new code needs its status here to compile.
 */
export const HTTP_STATUS = {
  MALFORMED_REQUEST: 400,
  AMBIGUOUS_CREDENTIALS: 400,
  ORGANIZATION_REQUIRED: 400,
  UNAUTHENTICATED: 401,
  KEY_EXPIRED: 401,
  KEY_DISABLED: 401,
  KEY_REVOKED: 401,
  KEY_NOT_YET_VALID: 401,
  FORBIDDEN: 403,
  ORIGIN_NOT_ALLOWED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  CONFLICT: 409,
  NAME_TAKEN: 409,
  KEY_LIMIT_REACHED: 409,
  FUNCTION_REFUSED: 400,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  INVALID_INPUT: 422,
  RATE_LIMITED: 429,
  USAGE_EXCEEDED: 429,
  INTERNAL: 500,
  UNAVAILABLE: 503,
  TIMEOUT: 504,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof HTTP_STATUS;

/** One wrong field: `path` is dotted (`rateLimit.limit`, `permissions.0`), `message` says what to do. */
export type FieldError = { path: string; message: string };

/** A spent rate limit: `resetMs` until all of it is back, `retryAfterMs` until one call is. */
export type SpentRate = { limit: number; remaining: number; resetMs: number; retryAfterMs: number };

/** A used-up quota: `retryAfterMs` until it is refilled, null when it never is. */
export type SpentQuota = { limit: number; remaining: number; retryAfterMs: number | null };

/** What travels inside a `ConvexError`, across function calls and to the browser. `rate` comes with RATE_LIMITED, `quota` with USAGE_EXCEEDED only. */
export type LatchkeyErrorData = {
  code: ErrorCode;
  message: string;
  fields?: FieldError[];
  rate?: SpentRate;
  quota?: SpentQuota;
};

/**
 * The one way to refuse: `throw latchkeyError("CONFLICT", "Another rotation won. Load the key and try again.")`.
 * `message` is shown to people, so it says what happened and what to do, and never holds a key.
 */
export function latchkeyError(code: ErrorCode, message: string, fields?: FieldError[]): ConvexError<LatchkeyErrorData> {
  return new ConvexError(fields === undefined ? { code, message } : { code, message, fields });
}

/** What a fault of ours says to callers. What went wrong is in the log, under the trace id. */
export const FAULT: LatchkeyErrorData = {
  code: "INTERNAL",
  message: "Something went wrong on our side. Try again, or report the trace id.",
};

/** The refusal of a key's id that is not there, is foreign, or is out of the caller's sight: all in the same words. */
export function missingKey(): ConvexError<LatchkeyErrorData> {
  return latchkeyError("NOT_FOUND", "There is no such key. It may have been deleted, or belong elsewhere.");
}

const SPENDERS = {
  KEY: "This key has spent its limit of requests.",
  ORGANIZATION: "The keys of this organization have together spent their limit of requests.",
  ADDRESS: "Too many requests from this address had no good credentials.",
  IMPORTED: "Too many texts have been tried as one imported key.",
};

/** The refusal of a caller that has spent a limit: its own, its organization's, or its address's. It says when to come back. */
export function rateLimited(
  { limit, remaining, resetMs, retryAfterMs }: SpentRate,
  spender: keyof typeof SPENDERS = "KEY",
): ConvexError<LatchkeyErrorData> {
  return new ConvexError<LatchkeyErrorData>({
    code: "RATE_LIMITED",
    message: `${SPENDERS[spender]} Try again in ${Math.ceil(retryAfterMs / 1000)} s.`,
    rate: { limit, remaining, resetMs, retryAfterMs },
  });
}

/** The refusal of a key that has used up its quota. It says when that is refilled, if ever. */
export function usageExceeded({ limit, remaining, retryAfterMs }: SpentQuota): ConvexError<LatchkeyErrorData> {
  const next =
    retryAfterMs === null
      ? "It does not come back: ask an admin of the organization for more."
      : `It is refilled in ${Math.ceil(retryAfterMs / 1000)} s.`;
  return new ConvexError<LatchkeyErrorData>({
    code: "USAGE_EXCEEDED",
    message: `This key has used up its quota. ${next}`,
    quota: { limit, remaining, retryAfterMs },
  });
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === "string" && Object.hasOwn(HTTP_STATUS, value);
}

/**
 * The refusal inside anything thrown, or null when it was not one of ours. Reads the data by shape rather
 * than by class: an error that crossed a function call is a new object, sometimes with its data as JSON text.
 */
export function toErrorData(thrown: unknown): LatchkeyErrorData | null {
  if (typeof thrown !== "object" || thrown === null || !("data" in thrown)) return null;
  const data = typeof thrown.data === "string" ? parseJson(thrown.data) : thrown.data;
  if (typeof data !== "object" || data === null) return null;
  if (!("code" in data) || !isErrorCode(data.code)) return null;
  if (!("message" in data) || typeof data.message !== "string") return null;
  const fields = "fields" in data && Array.isArray(data.fields) ? data.fields.filter(isFieldError) : [];
  const rate = "rate" in data && isSpentRate(data.rate) ? data.rate : null;
  const quota = "quota" in data && isSpentQuota(data.quota) ? data.quota : null;
  return {
    code: data.code,
    message: data.message,
    ...(fields.length > 0 && { fields }),
    ...(rate !== null && { rate }),
    ...(quota !== null && { quota }),
  };
}

function isSpentRate(value: unknown): value is SpentRate {
  return typeof value === "object" && value !== null && "limit" in value && "retryAfterMs" in value;
}

function isSpentQuota(value: unknown): value is SpentQuota {
  return typeof value === "object" && value !== null && "limit" in value && "retryAfterMs" in value;
}

function isFieldError(value: unknown): value is FieldError {
  return (
    typeof value === "object" &&
    value !== null &&
    "path" in value &&
    typeof value.path === "string" &&
    "message" in value &&
    typeof value.message === "string"
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Text that is not JSON is somebody else's ConvexError, which is an answer and not a fault.
    return null;
  }
}
