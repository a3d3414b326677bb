import type { ErrorCode } from "../shared/errors.ts";
import { HTTP_STATUS } from "../shared/errors.ts";
import type { JsonSchema } from "./jsonSchemas.ts";
import type { Operation } from "./operations.ts";
import { readsQuery } from "./rest.ts";

/** Refusals that every operation behind authentication can answer. */
const COMMON_ERRORS: ErrorCode[] = [
  "MALFORMED_REQUEST",
  "AMBIGUOUS_CREDENTIALS",
  "ORGANIZATION_REQUIRED",
  "UNAUTHENTICATED",
  "KEY_EXPIRED",
  "KEY_DISABLED",
  "KEY_REVOKED",
  "FORBIDDEN",
  "ORIGIN_NOT_ALLOWED",
  // Whatever an operation looks for, the organization in X-Organization-Id may be the one that is not there.
  "NOT_FOUND",
  "INVALID_INPUT",
  "RATE_LIMITED",
  "USAGE_EXCEEDED",
  "INTERNAL",
  // Every call may come with an imported key that has to wait for its first comparison.
  "UNAVAILABLE",
  "TIMEOUT",
];
const BODY_ERRORS: ErrorCode[] = ["BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"];
const PUBLIC_ERRORS: ErrorCode[] = ["INTERNAL", "TIMEOUT"];

const FUNCTION_ERRORS: ErrorCode[] = ["FUNCTION_REFUSED", "UNAVAILABLE"];

/** A header of an answer. */
export const header = (description: string, required = false) => ({
  description,
  required,
  schema: { type: "string" },
});

/** Where the caller stands, if its key has a rate limit. */
export const RATE_HEADERS = {
  "RateLimit-Limit": header("Requests per window. Absent for a caller without a rate limit."),
  "RateLimit-Remaining": header("How many are left."),
  "RateLimit-Reset": header("Seconds until all of them are back."),
};

/** What a refusal says beside its body. */
const REFUSAL_HEADERS: Partial<Record<number, JsonSchema>> = {
  401: { "WWW-Authenticate": header("How to authenticate.", true) },
  429: {
    ...RATE_HEADERS,
    "Retry-After": header("Seconds until the call may be tried again. Absent for a quota that never comes back."),
  },
};

/** The body of every refusal. */
export const PROBLEM_SCHEMA = {
  type: "object",
  description: "RFC 9457 problem details.",
  required: ["type", "title", "status", "detail", "code", "traceId"],
  properties: {
    type: { type: "string", const: "about:blank" },
    title: { type: "string", description: "The status in words." },
    status: { type: "integer" },
    detail: { type: "string", description: "What happened and what to do." },
    code: { type: "string", enum: Object.keys(HTTP_STATUS), description: "Stable; meant for programs." },
    traceId: { type: "string", description: "Names this request in the logs and the audit trail." },
    errors: {
      type: "array",
      description: "For INVALID_INPUT: what is wrong, field by field.",
      items: {
        type: "object",
        required: ["path", "message"],
        properties: { path: { type: "string" }, message: { type: "string" } },
      },
    },
    data: { description: "For FUNCTION_REFUSED: what the function said." },
  },
};

/** How an operation refuses, by status. */
export function describeErrors(operation: Operation): JsonSchema {
  const { meta } = operation;
  const common =
    meta.public === true ? PUBLIC_ERRORS : [...COMMON_ERRORS, ...(readsQuery(operation) ? [] : BODY_ERRORS)];
  return describeRefusals([...common, ...meta.errors]);
}

/** The same for a team's function. */
export function describeFunctionErrors(): JsonSchema {
  return describeRefusals([...COMMON_ERRORS, ...BODY_ERRORS, ...FUNCTION_ERRORS]);
}

function describeRefusals(all: readonly ErrorCode[]): JsonSchema {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(all)) {
    byStatus.set(HTTP_STATUS[code], [...(byStatus.get(HTTP_STATUS[code]) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.join(", "),
        ...(REFUSAL_HEADERS[status] && { headers: REFUSAL_HEADERS[status] }),
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}
