import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

const MAX_LENGTH = 1000;

/** A value as a developer would write it in a message: `{name: "a", n: 1n}`; long ones are cut. */
export function formatValue(value: JsonValue): string {
  const text = format(value);
  return text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH).toWellFormed()}…` : text;
}

function format(value: JsonValue): string {
  if (Array.isArray(value)) return `[${value.map(format).join(", ")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const wrapped = wrapperKind(value);
  const payload = wrapped && value[wrapped];
  if (typeof payload === "string") {
    const bytes = Buffer.from(payload, "base64");
    if (wrapped === "$integer" && bytes.length === 8) return `${bytes.readBigInt64LE()}n`;
    if (wrapped === "$float" && bytes.length === 8) {
      const number = bytes.readDoubleLE();
      return Object.is(number, -0) ? "-0" : String(number);
    }
    if (wrapped === "$bytes") return `bytes(${bytes.length})`;
  }
  const fields = Object.entries(value).map(([field, inner]) => `${field}: ${format(inner)}`);
  return `{${fields.join(", ")}}`;
}

/** The `$…` field of a wrapped value such as `{"$integer": …}`; undefined for ordinary objects. */
export function wrapperKind(value: JsonObject): string | undefined {
  const fields = Object.keys(value);
  const [only] = fields;
  return fields.length === 1 && only?.startsWith("$") ? only : undefined;
}
