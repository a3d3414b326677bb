import { jsonToConvex } from "convex/values";
import type { ObjectFieldType, ValidatorJSON, Value } from "convex/values";
import type { FieldError } from "./errors.ts";
import type { Json } from "./json.ts";

// Convex's values have forms that JSON lacks. Callers of /api/run write and read plain JSON: int64 as decimal text,
// bytes as base64 text. Validators say which text is meant.

/** An id in the arguments, and the table it has to be of. */
export type IdArgument = { path: string; table: string; id: string };

/** The arguments that a JSON body means, with every field that does not fit, and the ids, which only the database can judge. */
export function readArguments(
  validator: ValidatorJSON,
  body: { [field: string]: unknown },
): { args: Value | undefined; fields: FieldError[]; ids: IdArgument[] } {
  const reading: Reading = { fields: [], ids: [] };
  const args = readValue(validator, body, "", reading);
  return { args, ...reading };
}

/** A value that a function returned, as plain JSON. */
export function toPlainJson(value: Value): Json {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value instanceof ArrayBuffer) return toBase64(value);
  if (Array.isArray(value)) return value.map(toPlainJson);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([field, inner]) => (inner === undefined ? [] : [[field, toPlainJson(inner)]])),
  );
}

type Reading = { fields: FieldError[]; ids: IdArgument[] };

const FIELD_NAMES = "Names of fields are ASCII and begin with neither $ nor _.";
const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

/** Undefined, after noting why, for a value that does not fit. Recursion ends where the validator does. */
function readValue(validator: ValidatorJSON, json: unknown, path: string, reading: Reading): Value | undefined {
  const refuse = (message: string): undefined => {
    reading.fields.push({ path, message });
  };
  switch (validator.type) {
    case "any":
      return readAnything(json, refuse);
    case "null":
      return json === null ? null : refuse("This has to be null.");
    case "boolean":
      return typeof json === "boolean" ? json : refuse("Write true or false.");
    case "number":
      return typeof json === "number" ? json : refuse("Write a number.");
    case "string":
      return typeof json === "string" ? json : refuse("Write text in quotes.");
    case "bigint":
      return readInt64(json) ?? refuse('Write a whole number of 64 bits as text, for example "42".');
    case "bytes":
      return readBytes(json) ?? refuse("Write bytes as base64 text.");
    case "id":
      if (typeof json !== "string" || json === "") return refuse(`Write an id of ${validator.tableName}.`);
      reading.ids.push({ path, table: validator.tableName, id: json });
      return json;
    case "literal": {
      const wanted = jsonToConvex(validator.value);
      return toPlainJson(wanted) === json ? wanted : refuse(`This has to be ${JSON.stringify(toPlainJson(wanted))}.`);
    }
    case "array":
      if (!Array.isArray(json)) return refuse("Write a list.");
      return json.map((item, index) => readValue(validator.value, item, join(path, String(index)), reading) ?? null);
    case "object":
      return isObject(json) ? readObject(validator.value, json, path, reading) : refuse("Write an object.");
    case "record":
      if (!isObject(json) || !Object.keys(json).every(isFieldName)) return refuse(`Write an object. ${FIELD_NAMES}`);
      return Object.fromEntries(
        Object.entries(json).map(([key, inner]) => {
          readValue(validator.keys, key, join(path, key), reading);
          return [key, readValue(validator.values.fieldType, inner, join(path, key), reading) ?? null];
        }),
      );
    case "union": {
      const value = readUnion(validator.value, json, reading);
      return value === undefined ? refuse("This fits none of the allowed shapes.") : value;
    }
    case "commitTs":
      return refuse("Only Convex itself can give this.");
    default:
      return validator satisfies never;
  }
}

function readObject(
  shape: Record<string, ObjectFieldType>,
  json: { [field: string]: unknown },
  path: string,
  reading: Reading,
): Value {
  const unknown = Object.keys(json).filter((field) => !Object.hasOwn(shape, field));
  for (const field of unknown) reading.fields.push({ path: join(path, field), message: "There is no such field." });
  const entries = Object.entries(shape).flatMap(([field, { fieldType, optional }]): [string, Value][] => {
    const inner = Object.hasOwn(json, field) ? json[field] : undefined;
    if (inner === undefined) {
      if (!optional) reading.fields.push({ path: join(path, field), message: "This field is missing." });
      return [];
    }
    const value = readValue(fieldType, inner, join(path, field), reading);
    return value === undefined ? [] : [[field, value]];
  });
  return Object.fromEntries(entries);
}

/** The first alternative that fits; what is wrong with the others is of no interest. */
function readUnion(alternatives: ValidatorJSON[], json: unknown, reading: Reading): Value | undefined {
  for (const alternative of alternatives) {
    const attempt: Reading = { fields: [], ids: [] };
    const value = readValue(alternative, json, "", attempt);
    if (value === undefined || attempt.fields.length > 0) continue;
    reading.ids.push(...attempt.ids);
    return value;
  }
  return undefined;
}

/** Whatever JSON says, unless Convex would take it for the notation of one of its own values. */
function readAnything(json: unknown, refuse: (message: string) => undefined): Value | undefined {
  if (json === null || typeof json === "boolean" || typeof json === "number" || typeof json === "string") return json;
  if (Array.isArray(json)) return json.map((item) => readAnything(item, refuse) ?? null);
  if (!isObject(json)) return refuse("Write JSON.");
  if (!Object.keys(json).every(isFieldName)) return refuse(FIELD_NAMES);
  return Object.fromEntries(Object.entries(json).map(([field, inner]) => [field, readAnything(inner, refuse) ?? null]));
}

function isFieldName(name: string): boolean {
  return /^[ -~]{1,1024}$/.test(name) && !name.startsWith("$") && !name.startsWith("_");
}

function readInt64(json: unknown): bigint | undefined {
  if (typeof json !== "string" || !/^-?\d{1,19}$/.test(json)) return undefined;
  const value = BigInt(json);
  return value >= INT64_MIN && value <= INT64_MAX ? value : undefined;
}

function readBytes(json: unknown): ArrayBuffer | undefined {
  if (typeof json !== "string") return undefined;
  try {
    return Uint8Array.from(atob(json), (character) => character.charCodeAt(0)).buffer;
  } catch {
    return undefined; // not base64
  }
}

function toBase64(bytes: ArrayBuffer): string {
  return btoa(Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join(""));
}

function isObject(json: unknown): json is { [field: string]: unknown } {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function join(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}
