import { AccessError } from "../access/access-error.ts";
import type { FunctionCall } from "../access/function-calls.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";

/** The form of the answer's value; arguments are read as Convex JSON in both. */
export type ValueFormat = "convex_encoded_json" | "json";

export interface CallBody extends FunctionCall {
  readonly format: ValueFormat;
  /** Base64 timestamp of `/api/query_at_ts`. */
  readonly ts: string | null;
}

/** @throws AccessError 400 saying which field is wrong. */
export function decodeCallBody(body: unknown): CallBody {
  if (!isJsonObject(body)) throw bad("the body must be an object");
  const { path, componentPath, ts } = body;
  if (typeof path !== "string") throw bad("path must be text");
  if (componentPath !== undefined && componentPath !== null && typeof componentPath !== "string") {
    throw bad("componentPath must be text");
  }
  if (ts !== undefined && typeof ts !== "string") throw bad("ts must be text");
  return {
    path,
    componentPath: componentPath ?? undefined,
    args: decodeArgs(body["args"]),
    format: decodeFormat(body["format"]),
    ts: ts ?? null,
  };
}

/** The body of `/api/run/<dir>/<module>/<function>`, whose path names the function. */
export function decodeRunBody(pathname: string, body: unknown): CallBody {
  const slash = pathname.lastIndexOf("/");
  if (slash <= 0 || slash === pathname.length - 1) throw bad("the URL must be /api/run/<module>/<function>");
  const fields: JsonObject = isJsonObject(body) ? body : {};
  return {
    path: `${pathname.slice(0, slash)}:${pathname.slice(slash + 1)}`,
    args: decodeArgs(fields["args"]),
    format: decodeFormat(fields["format"]),
    ts: null,
  };
}

/** The parameters of `GET /api/query?path=…&args=…&format=…`. */
export function decodeCallParameters(parameters: URLSearchParams): CallBody {
  const args = parameters.get("args") ?? "{}";
  let parsed: unknown;
  try {
    parsed = JSON.parse(args);
  } catch {
    throw bad("args must be JSON");
  }
  return decodeCallBody({
    path: parameters.get("path"),
    args: parsed,
    ...(parameters.has("format") ? { format: parameters.get("format") } : {}),
  });
}

/** Clients send the arguments object alone or as the only item of a list. */
export function decodeArgs(args: unknown): JsonValue {
  const only: unknown = Array.isArray(args) ? args[0] : args;
  if (Array.isArray(args) && args.length > 1) throw bad("args must hold one object");
  if (only === undefined || only === null) return {};
  if (!isJsonObject(only)) throw bad("args must be an object");
  return only;
}

function decodeFormat(format: unknown): ValueFormat {
  if (format === undefined || format === null || format === "json") return "json";
  if (format === "convex_encoded_json") return format;
  throw bad("format must be json or convex_encoded_json");
}

function bad(reason: string): AccessError {
  return new AccessError(400, "BadRequest", `Invalid function call: ${reason}.`);
}
