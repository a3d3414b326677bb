import { decodeId } from "./document-id.ts";
import { formatValidator } from "./format-validator.ts";
import { formatValue, wrapperKind } from "./format-value.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "./json.ts";

/** Says what is wrong with a value, in Convex's words and with the path to the culprit; null when nothing is. */
export type Validate = (value: JsonValue) => string | null;

export interface ValidatorOptions {
  /** The name of the table with this number in the mount the value belongs to; undefined for other mounts' tables. */
  tableName(tableNumber: number): string | undefined;
  /** Let `_id` and `_creationTime` pass at the top, as whole documents have them and schemas do not name them. */
  allowSystemFields?: boolean;
}

/** Thrown when the validator itself is malformed. */
export class InvalidValidatorError extends Error {
  override readonly name = "InvalidValidatorError";
}

/**
 * Compiles a validator's JSON (as `exportArgs()`, `exportReturns()` and schemas give it) once, for many checks.
 *
 * @example compileValidator({ type: "string" }, { tableName })(1)
 *   // "Value does not match validator.\nValue: 1\nValidator: v.string()"
 */
export function compileValidator(validator: JsonValue, options: ValidatorOptions): Validate {
  const check = compile(validator, options, options.allowSystemFields === true);
  return (value) => {
    const mismatch = check(value);
    return mismatch && mismatch.describe(mismatch.path);
  };
}

/** The path is put together on the way out, so that matching values cost nothing for it. */
interface Mismatch {
  path: string;
  describe(path: string): string;
}

type Check = (value: JsonValue) => Mismatch | null;

function compile(validator: JsonValue, options: ValidatorOptions, isDocument: boolean): Check {
  if (!isJsonObject(validator) || typeof validator.type !== "string") throw malformed(validator);
  switch (validator.type) {
    case "any":
      return () => null;
    case "null":
      return matching(validator, (value) => value === null);
    case "boolean":
      return matching(validator, (value) => typeof value === "boolean");
    case "string":
      return matching(validator, (value) => typeof value === "string");
    case "number":
      return matching(validator, (value) => typeof value === "number" || isWrapped(value, "$float"));
    case "bigint":
      return matching(validator, (value) => isWrapped(value, "$integer"));
    case "commitTs":
      return matching(validator, (value) => isWrapped(value, "$integer") || isWrapped(value, "$commitTs"));
    case "bytes":
      return matching(validator, (value) => isWrapped(value, "$bytes"));
    case "literal":
      return compileLiteral(validator);
    case "id":
      return compileId(validator, options);
    case "array":
      return compileArray(validator, options);
    case "object":
      return compileObject(validator, options, isDocument);
    case "record":
      return compileRecord(validator, options);
    case "union":
      return compileUnion(validator, options, isDocument);
    default:
      throw malformed(validator);
  }
}

function matching(validator: JsonObject, matches: (value: JsonValue) => boolean): Check {
  return (value) => (matches(value) ? null : noMatch(value, validator));
}

function compileLiteral(validator: JsonObject): Check {
  const { value: literal } = validator;
  if (literal === undefined || literal === null || Array.isArray(literal)) throw malformed(validator);
  if (typeof literal !== "object") return matching(validator, (value) => value === literal);
  const text = JSON.stringify(literal);
  return matching(validator, (value) => isJsonObject(value) && JSON.stringify(value) === text);
}

function compileId(validator: JsonObject, options: ValidatorOptions): Check {
  const { tableName: expected } = validator;
  if (typeof expected !== "string") throw malformed(validator);
  return (value) => {
    const id = typeof value === "string" ? decodeId(value) : null;
    if (!id) return noMatch(value, validator);
    const found = options.tableName(id.tableNumber);
    if (found === expected) return null;
    // The id of another mount's table says nothing here: its name would mean a table the caller cannot see.
    if (found === undefined) return noMatch(value, validator);
    return {
      path: "",
      describe: (path) =>
        `Found ID ${formatValue(value)} from table \`${found}\`, which does not match the table name in validator ` +
        `\`v.id("${expected}")\`.${path && `\nPath: ${path}`}`,
    };
  };
}

function compileArray(validator: JsonObject, options: ValidatorOptions): Check {
  if (validator.value === undefined) throw malformed(validator);
  const element = compile(validator.value, options, false);
  return (value) => {
    if (!Array.isArray(value)) return noMatch(value, validator);
    for (const [position, item] of value.entries()) {
      const mismatch = element(item);
      if (mismatch) return within(`[${position}]`, mismatch);
    }
    return null;
  };
}

function compileObject(validator: JsonObject, options: ValidatorOptions, isDocument: boolean): Check {
  if (!isJsonObject(validator.value)) throw malformed(validator);
  const fields = new Map<string, Check>();
  const required: string[] = [];
  for (const [name, field] of Object.entries(validator.value)) {
    if (!isJsonObject(field) || field.fieldType === undefined) throw malformed(validator);
    fields.set(name, compile(field.fieldType, options, false));
    if (field.optional !== true) required.push(name);
  }
  return (value) => {
    if (!isPlainObject(value)) return noMatch(value, validator);
    for (const name of required) if (!Object.hasOwn(value, name)) return missingField(name, value, validator);
    for (const name of Object.keys(value)) {
      const check = fields.get(name);
      if (check) {
        const mismatch = check(value[name] ?? null);
        if (mismatch) return within(`.${name}`, mismatch);
      } else if (!(isDocument && (name === "_id" || name === "_creationTime"))) {
        return extraField(name, value, validator);
      }
    }
    return null;
  };
}

function compileRecord(validator: JsonObject, options: ValidatorOptions): Check {
  const { keys, values } = validator;
  if (keys === undefined || !isJsonObject(values) || values.fieldType === undefined) throw malformed(validator);
  const checkKey = compile(keys, options, false);
  const checkValue = compile(values.fieldType, options, false);
  return (value) => {
    if (!isPlainObject(value)) return noMatch(value, validator);
    for (const [key, item] of Object.entries(value)) {
      const mismatch = checkKey(key) ?? checkValue(item);
      if (mismatch) return within(`.${key}`, mismatch);
    }
    return null;
  };
}

function compileUnion(validator: JsonObject, options: ValidatorOptions, isDocument: boolean): Check {
  if (!Array.isArray(validator.value)) throw malformed(validator);
  const members = validator.value.map((member) => compile(member, options, isDocument));
  const [only] = members;
  if (only && members.length === 1) return only;
  return (value) => (members.some((member) => member(value) === null) ? null : noMatch(value, validator));
}

function isWrapped(value: JsonValue, kind: string): boolean {
  return isJsonObject(value) && wrapperKind(value) === kind;
}

function isPlainObject(value: JsonValue): value is JsonObject {
  return isJsonObject(value) && wrapperKind(value) === undefined;
}

function within(segment: string, mismatch: Mismatch): Mismatch {
  mismatch.path = segment + mismatch.path;
  return mismatch;
}

function noMatch(value: JsonValue, validator: JsonObject): Mismatch {
  return {
    path: "",
    describe: (path) =>
      `Value does not match validator.\n${path && `Path: ${path}\n`}` +
      `Value: ${formatValue(value)}\nValidator: ${formatValidator(validator)}`,
  };
}

function missingField(field: string, object: JsonObject, validator: JsonObject): Mismatch {
  return {
    path: "",
    describe: (path) =>
      `Object is missing the required field \`${field}\`. Consider wrapping the field validator in ` +
      `\`v.optional(...)\` if this is expected.\n\n${describeObject(path, object, validator)}`,
  };
}

function extraField(field: string, object: JsonObject, validator: JsonObject): Mismatch {
  return {
    path: "",
    describe: (path) =>
      `Object contains extra field \`${field}\` that is not in the validator.\n\n` +
      describeObject(path, object, validator),
  };
}

function describeObject(path: string, object: JsonObject, validator: JsonObject): string {
  return `${path && `Path: ${path}\n`}Object: ${formatValue(object)}\nValidator: ${formatValidator(validator)}`;
}

function malformed(validator: JsonValue): InvalidValidatorError {
  return new InvalidValidatorError(`Not a Convex validator: ${JSON.stringify(validator)}`);
}
