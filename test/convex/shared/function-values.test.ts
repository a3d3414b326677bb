import type { ValidatorJSON, Value } from "convex/values";
import { v } from "convex/values";
import { describe, expect, test } from "vitest";
import { readArguments, toPlainJson } from "#convex/shared/functionValues.ts";
import { toJsonSchema } from "#convex/api/functionDocument.ts";

/** A validator as a registered function exports it. */
function exported(validator: object): ValidatorJSON {
  const json: unknown = Reflect.get(validator, "json");
  return JSON.parse(JSON.stringify(json));
}

const read = (validator: object, value: unknown) => {
  const { args, fields } = readArguments(exported(v.object({ value: v.optional(v.any()) })), {});
  expect({ args, fields }).toEqual({ args: {}, fields: [] });
  return readArguments(
    { type: "object", value: { value: { fieldType: exported(validator), optional: false } } },
    { value },
  );
};

describe("T13: plain JSON as arguments of a function", () => {
  const fitting: [string, object, unknown, Value][] = [
    ["a number", v.number(), 1.5, 1.5],
    ["text", v.string(), "tea", "tea"],
    ["a boolean", v.boolean(), false, false],
    ["null", v.null(), null, null],
    ["the smallest int64", v.int64(), "-9223372036854775808", -(2n ** 63n)],
    ["bytes", v.bytes(), "AP8=", Uint8Array.of(0, 255).buffer],
    ["a literal", v.literal("a"), "a", "a"],
    ["an int64 literal", v.literal(7n), "7", 7n],
    ["a list", v.array(v.int64()), ["1", "2"], [1n, 2n]],
    ["a record", v.record(v.string(), v.int64()), { a: "1" }, { a: 1n }],
    ["null among others", v.union(v.null(), v.int64()), null, null],
    ["the alternative that fits", v.union(v.number(), v.int64(), v.string()), "5", 5n],
    ["an id", v.id("orders"), "abc", "abc"],
    ["anything", v.any(), { deep: [1, { of: null }] }, { deep: [1, { of: null }] }],
    ["an object without what is optional", v.object({ a: v.optional(v.number()) }), {}, {}],
  ];
  test.each(fitting)("%s", (_title, validator, json, value) => {
    expect(read(validator, json)).toMatchObject({ args: { value }, fields: [] });
  });

  const wrong: [string, object, unknown, string][] = [
    ["a number as text", v.number(), "1", "value"],
    ["an int64 as number", v.int64(), 1, "value"],
    ["an int64 that is too large", v.int64(), "9223372036854775808", "value"],
    ["an int64 with a fraction", v.int64(), "1.0", "value"],
    ["bytes that are no base64", v.bytes(), "%", "value"],
    ["another literal", v.literal("a"), "b", "value"],
    ["a list with a wrong item", v.array(v.number()), [1, "2"], "value.1"],
    ["an object for a list", v.array(v.number()), {}, "value"],
    ["a list for an object", v.object({}), [], "value"],
    ["a missing field", v.object({ a: v.number() }), {}, "value.a"],
    ["an unknown field", v.object({}), { b: 1 }, "value.b"],
    ["an inherited field", v.object({ toString: v.optional(v.number()) }), { constructor: 1 }, "value.constructor"],
    ["a record with a wrong value", v.record(v.string(), v.number()), { a: "1" }, "value.a"],
    ["a record with Convex's own notation", v.record(v.string(), v.string()), { $integer: "x" }, "value"],
    ["anything with Convex's own notation", v.any(), [{ $bytes: "AA==" }], "value"],
    ["no alternative", v.union(v.number(), v.boolean()), "x", "value"],
    ["an empty id", v.id("orders"), "", "value"],
    ["a missing value", v.number(), undefined, "value"],
  ];
  test.each(wrong)("not %s", (_title, validator, json, path) => {
    expect(read(validator, json).fields.map((field) => field.path)).toEqual([path]);
  });

  test("ids are handed on with the table that they have to be of, also from within an alternative", () => {
    const { ids } = read(v.array(v.union(v.number(), v.id("orders"))), [1, "abc"]);
    expect(ids).toMatchObject([{ table: "orders", id: "abc" }]);
  });
});

test("T13: what a function returns is plain JSON", () => {
  const value = { n: 1n, b: Uint8Array.of(1, 2).buffer, f: [Infinity, NaN, 0.5], s: "text", nothing: null };
  expect(toPlainJson(value)).toEqual({ n: "1", b: "AQI=", f: ["Infinity", "NaN", 0.5], s: "text", nothing: null });
});

test("T19: validators as JSON Schema", () => {
  const validator = v.object({
    id: v.id("orders"),
    kind: v.union(v.literal("a"), v.literal(2)),
    tags: v.optional(v.array(v.string())),
    counts: v.record(v.string(), v.int64()),
    rest: v.any(),
  });
  expect(toJsonSchema(exported(validator))).toEqual({
    type: "object",
    properties: {
      id: { type: "string", description: "An id of orders." },
      kind: { anyOf: [{ const: "a" }, { const: 2 }] },
      tags: { type: "array", items: { type: "string" } },
      counts: {
        type: "object",
        additionalProperties: {
          type: "string",
          pattern: "^-?\\d{1,19}$",
          description: "A whole number of 64 bits.",
        },
      },
      rest: {},
    },
    required: ["id", "kind", "counts", "rest"],
    additionalProperties: false,
  });
});
