import { TRPCError } from "@trpc/server";
import type { FieldError, LatchkeyErrorData } from "../shared/errors.ts";
import { toErrorData } from "../shared/errors.ts";

/** tRPC's own refusals in our words. Everything not named here is a fault of ours. */
const TRPC_REFUSALS: Partial<Record<TRPCError["code"], LatchkeyErrorData>> = {
  PARSE_ERROR: {
    code: "MALFORMED_REQUEST",
    message: "The input is not valid JSON. Check its quotes, commas and brackets.",
  },
  BAD_REQUEST: { code: "MALFORMED_REQUEST", message: "The request could not be read. Compare it with /openapi.json." },
  NOT_FOUND: { code: "NOT_FOUND", message: "There is no such operation. The operations are listed in /openapi.json." },
  METHOD_NOT_SUPPORTED: {
    code: "METHOD_NOT_ALLOWED",
    message: "This operation takes another method: queries are GET, mutations are POST.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    code: "UNSUPPORTED_MEDIA_TYPE",
    message: "The body must be JSON. Send it with the header Content-Type: application/json.",
  },
};

/** What a failed call means to its caller: our own refusal, or wrong input by field. Null for a fault of ours. */
export function toRefusal(thrown: unknown): LatchkeyErrorData | null {
  const own = toErrorData(thrown) ?? (thrown instanceof Error ? toErrorData(thrown.cause) : null);
  if (own !== null) return own;
  if (thrown instanceof TRPCError) {
    // An output that fails its schema also carries issues, but it is not the caller's mistake.
    const fields = thrown.code === "BAD_REQUEST" ? toFields(thrown.cause) : [];
    if (fields.length > 0) return wrongInput(fields);
    return TRPC_REFUSALS[thrown.code] ?? null;
  }
  return null;
}

export function wrongInput(fields: FieldError[]): LatchkeyErrorData {
  const names = fields.flatMap(({ path }) => (path === "" ? [] : [path])).join(", ");
  const message = names === "" ? "The input has the wrong shape." : `The input is not right: ${names}.`;
  return { code: "INVALID_INPUT", message: `${message} See errors for what to change.`, fields };
}

type Issue = { code: string; path: PropertyKey[]; message: string; keys?: string[] };

function toFields(cause: unknown): FieldError[] {
  if (!isZodError(cause)) return [];
  return cause.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? (issue.keys ?? []).map((key) => ({ path: [...issue.path, key].join("."), message: "There is no such field." }))
      : [{ path: issue.path.join("."), message: issue.message }],
  );
}

function isZodError(cause: unknown): cause is { issues: Issue[] } {
  return typeof cause === "object" && cause !== null && "issues" in cause && Array.isArray(cause.issues);
}
