import { types } from "node:util";
import type { FunctionError } from "../values/function-error.ts";
import { isJsonObject, type JsonValue } from "../values/json.ts";

/** A failure the host itself reports: its message is the whole text, without "Uncaught" and frames. */
export class FunctionFailure extends Error {
  readonly error: FunctionError;

  constructor(error: FunctionError) {
    super(error.name === "Error" ? error.message : `${error.name}: ${error.message}`);
    this.error = error;
  }
}

/** An error that user code sees as a ConvexError with `data`. */
export class DataFailure extends Error {
  readonly data: JsonValue;

  constructor(message: string, data: JsonValue) {
    super(message);
    this.data = data;
  }
}

/** Internal and missing functions are told apart only to callers who may call both. */
export function functionNotFound(path: string, allowInternal: boolean, mount: string): FunctionFailure {
  const what = allowInternal ? "function" : "public function";
  const where = mount === "" ? "" : ` in component '${mount}'`;
  return new FunctionFailure({
    name: "Error",
    message: `Could not find ${what} for '${path}'${where}. Did you forget to run \`npx convex dev\` or \`npx convex deploy\`?`,
  });
}

/** What left the function, as data. Values from the realm are not `instanceof` the host's Error, so they are told by shape. */
export function toFunctionError(thrown: unknown, mapStack: (stack: string) => string): FunctionError {
  if (thrown instanceof FunctionFailure) return thrown.error;
  if (!types.isNativeError(thrown)) {
    return {
      name: "Error",
      message: isTextual(thrown) ? String(thrown) : "Something that is not an Error was thrown.",
      stack: "",
    };
  }
  const stack = mapStack(thrown.stack ?? "");
  const data = convexErrorData(thrown);
  if (data !== undefined) return { name: "ConvexError", message: thrown.message, data, stack };
  return { name: thrown.name, message: thrown.message, stack };
}

/**
 * The text clients get. In production only the request id shows; in development what was thrown, with mapped frames.
 */
export function errorMessage(error: FunctionError, requestId: string, production: boolean): string {
  const head = `[Request ID: ${requestId}] Server Error`;
  return production ? head : `${head}\n${errorText(error)}`;
}

/** The unredacted text, for developers, logs and code inside the deployment. */
export function errorText(error: FunctionError): string {
  const named = error.name === "Error" && error.stack === undefined ? "" : `${error.name}: `;
  if (error.stack === undefined) return `${named}${error.message}`;
  return `Uncaught ${named}${error.message}${error.stack === "" ? "" : `\n${error.stack}`}`;
}

function convexErrorData(thrown: Error): JsonValue | undefined {
  if (thrown instanceof DataFailure) return thrown.data;
  if (!(Symbol.for("ConvexError") in thrown) || !("data" in thrown)) return undefined;
  // The server library leaves the payload as JSON text on what it rethrows.
  const { data } = thrown;
  if (typeof data !== "string") return undefined;
  try {
    return toJsonValue(JSON.parse(data));
  } catch {
    return data;
  }
}

function toJsonValue(value: unknown): JsonValue {
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string")
    return value;
  if (Array.isArray(value)) return value.map(toJsonValue);
  if (isJsonObject(value)) return value;
  return null;
}

function isTextual(value: unknown): value is string | number | boolean | null | undefined {
  return value === null || typeof value !== "object";
}
