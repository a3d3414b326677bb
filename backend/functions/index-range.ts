import type { KeyRange } from "../database/database.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { afterPrefix, encodeKey, WHOLE_INDEX } from "../values/ordered-key.ts";
import type { IndexDefinition } from "./deployment.ts";

/**
 * The key range that `withIndex` expressions select: equalities on a prefix of the index's fields, then at most one lower
 * and one upper bound on the next field. Throws on any other shape. An impossible range comes out with lower >= upper.
 */
export function toKeyRange(index: IndexDefinition, label: string, expressions: JsonValue): KeyRange {
  if (!Array.isArray(expressions)) throw new Error(`Malformed range on index ${label}.`);
  // Every index ends with these two, as its keys do. Libraries that page by key name both.
  const fields = index.name === "by_id" ? index.fields : [...index.fields, "_creationTime", "_id"];
  const bounds = expressions.map((expression) => toBound(label, expression));

  const equal: (JsonValue | undefined)[] = [];
  let at = 0;
  for (let bound = bounds[at]; bound?.type === "Eq"; bound = bounds[++at]) {
    requireField(fields, equal.length, bound.field, label);
    equal.push(bound.value);
  }

  const prefix = encodeKey(equal);
  const range = equal.length === 0 ? { ...WHOLE_INDEX } : { lower: prefix, upper: afterPrefix(prefix) };
  let hasLower = false;
  let hasUpper = false;
  for (const bound of bounds.slice(at)) {
    requireField(fields, equal.length, bound.field, label);
    const key = encodeKey([...equal, bound.value]);
    const isLower = bound.type === "Gt" || bound.type === "Gte";
    if (bound.type === "Eq" || (isLower ? hasLower : hasUpper)) {
      throw new Error(
        `Tried to query index ${label} but the query has more than one bound on field "${bound.field}". ${ORDER_RULE}`,
      );
    }
    if (isLower) {
      hasLower = true;
      range.lower = bound.type === "Gt" ? afterPrefix(key) : key;
    } else {
      hasUpper = true;
      range.upper = bound.type === "Lt" ? key : afterPrefix(key);
    }
  }
  return range;
}

/** Undefined for the wire form of undefined. */
export function definedValue(value: JsonValue | undefined): JsonValue | undefined {
  return isJsonObject(value) && "$undefined" in value ? undefined : value;
}

const ORDER_RULE = "Index fields must be compared in order: equalities first, then bounds on the field after them.";

interface Bound {
  readonly type: "Eq" | "Gt" | "Gte" | "Lt" | "Lte";
  readonly field: string;
  readonly value: JsonValue | undefined;
}

function toBound(label: string, expression: JsonValue): Bound {
  if (isJsonObject(expression)) {
    const { type, fieldPath, value }: JsonObject = expression;
    if (
      typeof fieldPath === "string" &&
      (type === "Eq" || type === "Gt" || type === "Gte" || type === "Lt" || type === "Lte")
    ) {
      return { type, field: fieldPath, value: definedValue(value) };
    }
  }
  throw new Error(`Malformed range on index ${label}.`);
}

function requireField(fields: readonly string[], position: number, field: string, label: string): void {
  if (fields[position] === field) return;
  const expected = fields[position];
  throw new Error(
    `Tried to query index ${label} but the query didn't use the index fields in order: expected ${
      expected === undefined ? "no further field" : `"${expected}"`
    } in position ${position + 1} but got "${field}". ${ORDER_RULE}`,
  );
}
