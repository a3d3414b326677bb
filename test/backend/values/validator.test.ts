import { v, type Validator } from "convex/values";
import { describe, expect, test } from "vitest";
import { createId } from "#backend/values/document-id.ts";
import { fromConvexValue, isJsonObject, type JsonValue } from "#backend/values/json.ts";
import { compileValidator } from "#backend/values/validator.ts";

const USERS = 1001;
const KEYS = 1002;
const OTHER_MOUNT = 1003;
const tableName = (tableNumber: number) =>
  tableNumber === USERS ? "users" : tableNumber === KEYS ? "keys" : undefined;

/** The JSON the server library exports for a validator; `json` is an internal member of the package's classes. */
function jsonOf(validator: Validator<unknown, "required" | "optional", string>): JsonValue {
  if (!("json" in validator)) throw new Error("validator has no json");
  const json: unknown = JSON.parse(JSON.stringify(validator.json));
  if (!isJsonObject(json)) throw new Error("validator json is no object");
  return json;
}

function check(validator: Validator<unknown, "required" | "optional", string>, value: JsonValue): string | null {
  return compileValidator(jsonOf(validator), { tableName })(value);
}

const int64 = fromConvexValue(5n);
const bytes = fromConvexValue(new Uint8Array([1, 2]).buffer);
const nan = fromConvexValue(NaN);

describe("each kind accepts its own values and refuses the others", () => {
  const samples = {
    null: null,
    boolean: true,
    string: "text",
    number: 1.5,
    special: nan,
    int64,
    bytes,
    array: [1],
    object: { a: 1 },
  };
  const cases: [string, Validator<unknown, "required", string>, (keyof typeof samples)[]][] = [
    ["any", v.any(), ["null", "boolean", "string", "number", "special", "int64", "bytes", "array", "object"]],
    ["null", v.null(), ["null"]],
    ["boolean", v.boolean(), ["boolean"]],
    ["string", v.string(), ["string"]],
    ["number", v.number(), ["number", "special"]],
    ["int64", v.int64(), ["int64"]],
    ["bytes", v.bytes(), ["bytes"]],
    ["array", v.array(v.number()), ["array"]],
    ["object", v.object({ a: v.number() }), ["object"]],
    ["record", v.record(v.string(), v.number()), ["object"]],
    ["literal", v.literal("text"), ["string"]],
    ["int64 literal", v.literal(5n), ["int64"]],
    ["union", v.union(v.string(), v.null()), ["null", "string"]],
    ["empty union", v.union(), []],
  ];
  test.each(cases)("%s", (_name, validator, accepted) => {
    const validate = compileValidator(jsonOf(validator), { tableName });
    const passing = Object.entries(samples).filter(([, value]) => validate(value) === null);
    expect(passing.map(([name]) => name)).toEqual(accepted);
  });
});

test("a mismatch says where it is, what was found and what was wanted", () => {
  const validator = v.object({ list: v.array(v.object({ name: v.optional(v.string()) })) });
  expect(check(validator, { list: [{ name: "a" }, { name: 3 }] })).toBe(
    "Value does not match validator.\nPath: .list[1].name\nValue: 3\nValidator: v.string()",
  );
});

test("missing and extra fields are named", () => {
  const validator = v.object({ a: v.string(), b: v.optional(v.int64()) });
  expect(check(validator, {})).toBe(
    "Object is missing the required field `a`. Consider wrapping the field validator in `v.optional(...)` if this is " +
      "expected.\n\nObject: {}\nValidator: v.object({a: v.string(), b: v.optional(v.int64())})",
  );
  expect(check(validator, { a: "x", c: int64 })).toContain(
    'Object contains extra field `c` that is not in the validator.\n\nObject: {a: "x", c: 5n}',
  );
  expect(check(validator, { a: "x" })).toBeNull();
  expect(check(validator, { a: "x", b: null })).toContain("Path: .b\nValue: null");
});

test("names of Object.prototype are ordinary field names", () => {
  expect(check(v.object({ constructor: v.string() }), {})).toContain("missing the required field `constructor`");
  expect(check(v.object({}), { toString: 1 })).toContain("extra field `toString`");
});

test("ids must be of the named table in this mount", () => {
  const validator = v.object({ user: v.id("users") });
  expect(check(validator, { user: createId(USERS) })).toBeNull();
  const keyId = createId(KEYS);
  expect(check(validator, { user: keyId })).toBe(
    `Found ID "${keyId}" from table \`keys\`, which does not match the table name in validator \`v.id("users")\`.\nPath: .user`,
  );
  expect(check(validator, { user: createId(OTHER_MOUNT) })).toContain('Validator: v.id("users")');
  expect(check(validator, { user: "u1" })).toContain("Value does not match validator");
});

test("records check keys and values", () => {
  const validator = v.record(v.id("users"), v.number());
  expect(check(validator, { [createId(USERS)]: 1 })).toBeNull();
  expect(check(validator, { [createId(KEYS)]: 1 })).toContain("from table `keys`");
  expect(check(v.record(v.string(), v.number()), { a: "x" })).toContain("Path: .a");
});

test("a union of objects takes each member and reports the whole", () => {
  const validator = v.union(v.object({ kind: v.literal("a"), n: v.number() }), v.object({ kind: v.literal("b") }));
  expect(check(validator, { kind: "a", n: 1 })).toBeNull();
  expect(check(validator, { kind: "b" })).toBeNull();
  expect(check(validator, { kind: "a" })).toContain('v.union(v.object({kind: v.literal("a"), n: v.float64()}), ');
});

test("system fields pass only at the top of a document, unions included", () => {
  const json = jsonOf(v.union(v.object({ a: v.object({}) }), v.object({ b: v.null() })));
  const validate = compileValidator(json, { tableName, allowSystemFields: true });
  const system = { _id: createId(USERS), _creationTime: 1 };
  expect(validate({ ...system, a: {} })).toBeNull();
  expect(validate({ ...system, b: null })).toBeNull();
  expect(validate({ ...system, a: system })).not.toBeNull();
  expect(compileValidator(json, { tableName })({ ...system, b: null })).not.toBeNull();
});

test("long values are cut in messages", () => {
  expect(check(v.number(), "x".repeat(100_000))?.length).toBeLessThan(1200);
});

const malformed: JsonValue[] = [
  null,
  {},
  { type: "nope" },
  { type: "array" },
  { type: "object", value: { a: {} } },
  { type: "union" },
];
test.each(malformed)("a malformed validator %j does not compile", (json) => {
  expect(() => compileValidator(json, { tableName })).toThrow("Not a Convex validator");
});
