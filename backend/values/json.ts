import { convexToJson, jsonToConvex, type Value } from "convex/values";

/**
 * A Convex value in its JSON form: int64 is `{"$integer": base64}`, bytes `{"$bytes": base64}` and the floats that JSON
 * lacks `{"$float": base64}`. The backend keeps values in this form everywhere; only user code sees the decoded one.
 */
export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject;

/** An object in Convex's JSON form. */
export interface JsonObject {
  [field: string]: JsonValue;
}

/** True for a plain JSON object, which includes the `$integer` style wrappers. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Parses JSON text that must hold an object; throws a SyntaxError or a TypeError otherwise. */
export function parseJsonObject(text: string): JsonObject {
  const value: unknown = JSON.parse(text);
  if (!isJsonObject(value)) throw new TypeError("Expected a JSON object.");
  return value;
}

/** Decodes the JSON form into the value user code would see (bigint, ArrayBuffer, NaN, …). Throws on malformed wrappers. */
export function toConvexValue(json: JsonValue): Value {
  return jsonToConvex(json);
}

/** Encodes a Convex value into its JSON form, with object fields in sorted order. Throws on unsupported types. */
export function fromConvexValue(value: Value): JsonValue {
  return convexToJson(value);
}
