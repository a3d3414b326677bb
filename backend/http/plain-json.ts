import { isJsonObject, type JsonValue } from "../values/json.ts";

/**
 * The form of values that callers without a Convex client understand: int64 becomes decimal text, bytes stay base64 text,
 * and floats that JSON lacks become text.
 */
export function toPlainJson(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(toPlainJson);
  if (!isJsonObject(value)) return value;
  const { $integer, $float, $bytes } = value;
  if (typeof $integer === "string") return Buffer.from($integer, "base64").readBigInt64LE().toString();
  if (typeof $float === "string") return String(Buffer.from($float, "base64").readDoubleLE());
  if (typeof $bytes === "string") return $bytes;
  return Object.fromEntries(Object.entries(value).map(([field, inner]) => [field, toPlainJson(inner)]));
}
