import type { JsonObject, JsonValue } from "./json.ts";

/**
 * Index keys as "binary strings": every character is one byte (0–255), so JavaScript's `<` on two keys is the byte order
 * SQLite uses for the same bytes as a BLOB. The order of keys is Convex's order of the values they encode:
 *
 *     undefined < null < int64 < float64 < false < true < string < bytes < array < object
 *
 * Each value starts with a tag byte. Tags start at 1 because 0 ends whatever has no fixed length.
 */
const UNDEFINED = "\u0001";
const NULL = "\u0002";
const INT64 = "\u0003";
const FLOAT64 = "\u0004";
const FALSE = "\u0005";
const TRUE = "\u0006";
const STRING = "\u0007";
const BYTES = "\u0008";
const ARRAY = "\u0009";
const OBJECT = "\u000a";
const END = "\u0000";
/** A zero byte within a string or bytes; 0xff follows because no tag is that large, so END still sorts first. */
const ESCAPED_ZERO = "\u0000\u00ff";

/** Sorts after every key that starts with a given whole-value prefix, when appended to it. */
const AFTER = "\u00ff";

/** Encodes a tuple of values, in order. `undefined` stands for a missing field. Throws on malformed `$` wrappers. */
export function encodeKey(values: readonly (JsonValue | undefined)[]): string {
  let key = "";
  for (const value of values) key += encodeValue(value);
  return key;
}

/**
 * The least key above all keys whose first values encode to `prefix`. With it a range is
 * `[prefix, afterPrefix(prefix))` for equality and `lower = afterPrefix(prefix)` for "greater than".
 *
 * @example afterPrefix(encodeKey(["live"])) // upper bound of all rows whose first field is "live"
 */
export function afterPrefix(prefix: string): string {
  return prefix + AFTER;
}

/** The range of all keys. */
export const WHOLE_INDEX = { lower: "", upper: AFTER } as const;

/** The value at a field path such as `a.b`, or undefined when any part of it is missing. */
export function fieldAt(document: JsonObject, path: string): JsonValue | undefined {
  const direct = document[path];
  if (direct !== undefined || !path.includes(".")) return direct;
  let value: JsonValue | undefined = document;
  for (const part of path.split(".")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = value[part];
  }
  return value;
}

/** The document id at the end of an index key: every index key ends with one. */
export function idOfKey(key: string): string {
  // Ids are base32 text, so the last STRING tag before the final END is the one that starts the id.
  return key.slice(key.lastIndexOf(STRING) + 1, -1);
}

function encodeValue(value: JsonValue | undefined): string {
  if (value === undefined) return UNDEFINED;
  if (value === null) return NULL;
  if (typeof value === "string") return STRING + encodeText(value) + END;
  if (typeof value === "number") return FLOAT64 + encodeFloat(value);
  if (typeof value === "boolean") return value ? TRUE : FALSE;
  if (Array.isArray(value)) return ARRAY + encodeKey(value) + END;
  return encodeObject(value);
}

function encodeObject(object: JsonObject): string {
  const fields = Object.keys(object);
  const [only] = fields;
  if (fields.length === 1 && only?.startsWith("$")) return encodeWrapper(only, object[only]);
  let encoded = OBJECT;
  for (const field of fields.toSorted()) encoded += STRING + encodeText(field) + END + encodeValue(object[field]);
  return encoded + END;
}

function encodeWrapper(kind: string, payload: JsonValue | undefined): string {
  if (kind === "$undefined") return UNDEFINED;
  // Not known before the commit; until then it counts as later than every known one.
  if (kind === "$commitTs") return INT64 + AFTER.repeat(8);
  if (typeof payload === "string") {
    const bytes = Buffer.from(payload, "base64");
    if (kind === "$bytes") return BYTES + escapeZeros(bytes.toString("latin1")) + END;
    if (kind === "$integer" && bytes.length === 8) {
      bytes.reverse();
      bytes[0] = (bytes[0] ?? 0) ^ 0x80;
      return INT64 + bytes.toString("latin1");
    }
    if (kind === "$float" && bytes.length === 8) return FLOAT64 + encodeFloat(bytes.readDoubleLE());
  }
  throw new TypeError(`Malformed ${kind} value.`);
}

const float = new Float64Array(1);
const floatBytes = Buffer.from(float.buffer);

function encodeFloat(value: number): string {
  // IEEE bits order like the numbers once the sign is flipped, and for negatives all other bits too.
  float[0] = value;
  floatBytes.reverse();
  const first = floatBytes[0] ?? 0;
  if (first < 0x80) {
    floatBytes[0] = first | 0x80;
  } else {
    for (let i = 0; i < 8; i += 1) floatBytes[i] = ~(floatBytes[i] ?? 0);
  }
  return floatBytes.toString("latin1");
}

// oxlint-disable-next-line no-control-regex -- the point is to find the characters that need no work
const PLAIN = /^[\u0001-\u007f]*$/;

function encodeText(text: string): string {
  if (PLAIN.test(text)) return text;
  if (text.isWellFormed()) return escapeZeros(Buffer.from(text, "utf8").toString("latin1"));
  let bytes = "";
  for (const character of text) bytes += encodeCodePoint(character);
  return escapeZeros(bytes);
}

/** UTF-8, but a lone surrogate keeps its own three bytes: as U+FFFD all of them would be the same key. */
function encodeCodePoint(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0xd800 || code > 0xdfff) return Buffer.from(character, "utf8").toString("latin1");
  return String.fromCharCode(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f));
}

function escapeZeros(bytes: string): string {
  return bytes.includes(END) ? bytes.replaceAll(END, ESCAPED_ZERO) : bytes;
}
