import { TRPCClientError } from "@trpc/client";
import { useTranslations } from "use-intl";

import { isErrorCode, toErrorData, type ErrorCode, type FieldError } from "#convex/shared/errors.ts";

import { AuthError } from "./auth-client.ts";

/** Refusals of `/api/auth` that have words of their own; all others are told by their status. */
const AUTH_CODES = [
  "INVALID_EMAIL_OR_PASSWORD",
  "USER_ALREADY_EXISTS",
  "PASSWORD_TOO_SHORT",
  "PASSWORD_TOO_LONG",
  "INVALID_EMAIL",
  "ORGANIZATION_ALREADY_EXISTS",
] as const;
type AuthCode = (typeof AUTH_CODES)[number];

/** `OFFLINE`: no answer came at all. */
export type AppErrorCode = ErrorCode | AuthCode | "OFFLINE";

export type AppError = {
  code: AppErrorCode;
  /** Names the request in the server's log; null when the answer gave none. */
  traceId: string | null;
  /** Which inputs were refused, with the server's words. */
  fields: FieldError[];
};

/** Reads anything thrown by the API, a live query or `/api/auth`. What nobody foresaw becomes `INTERNAL`. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AuthError) return { code: authCode(thrown), traceId: null, fields: [] };
  if (thrown instanceof TRPCClientError) return fromTrpc(thrown);
  const data = toErrorData(thrown);
  const traceId = thrown instanceof Error ? traceIdIn(thrown.message) : null;
  if (data !== null) return { code: data.code, traceId, fields: data.fields ?? [] };
  return { code: thrown instanceof TypeError && isFetchFailure(thrown) ? "OFFLINE" : "INTERNAL", traceId, fields: [] };
}

/** Puts an error into words: what happened and what to do, by its code. */
export function useErrorMessage(): (error: AppError) => string {
  const t = useTranslations("errors");
  return (error) => t(error.code);
}

function fromTrpc(thrown: TRPCClientError<never>): AppError {
  // No `data` means that nothing came back in the shape of an answer: the server or the network is away.
  const data: unknown = thrown.data;
  if (typeof data !== "object" || data === null) return { code: "OFFLINE", traceId: null, fields: [] };
  const fields = "errors" in data ? data.errors : [];
  const refusal = toErrorData({ data: { ...data, message: thrown.message, fields } });
  return {
    code: refusal?.code ?? "INTERNAL",
    traceId: "traceId" in data && typeof data.traceId === "string" ? data.traceId : null,
    fields: refusal?.fields ?? [],
  };
}

function authCode(error: AuthError): AppErrorCode {
  const known = AUTH_CODES.find((code) => error.code.startsWith(code));
  if (known !== undefined) return known;
  if (isErrorCode(error.code)) return error.code;
  if (error.status === 0) return "OFFLINE";
  if (error.status === 429) return "RATE_LIMITED";
  if (error.status === 401) return "UNAUTHENTICATED";
  if (error.status === 403) return "FORBIDDEN";
  return error.status >= 500 ? "INTERNAL" : "INVALID_INPUT";
}

/** Convex writes `[Request ID: abc]` into the message of a failed function. */
function traceIdIn(message: string): string | null {
  return /\[Request ID: ([^\]]+)\]/.exec(message)?.[1] ?? null;
}

/** Browsers report a request without an answer as a TypeError whose message differs by vendor. */
function isFetchFailure(error: TypeError): boolean {
  return /fetch|network|load failed/i.test(error.message);
}
