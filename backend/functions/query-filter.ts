import { fromConvexValue, isJsonObject, toConvexValue, type JsonObject, type JsonValue } from "../values/json.ts";
import { encodeKey, fieldAt } from "../values/ordered-key.ts";
import { definedValue } from "./index-range.ts";

type Operand = JsonValue | undefined;
type Evaluate = (document: JsonObject) => Operand;

/** Compiles a `.filter(…)` expression into a predicate. Throws on malformed expressions. */
export function compileFilter(expression: JsonValue): (document: JsonObject) => boolean {
  const evaluate = compile(expression);
  return (document) => {
    const result = evaluate(document);
    if (typeof result === "boolean") return result;
    throw new Error(`Query filter must evaluate to a boolean, got: ${describe(result)}`);
  };
}

function compile(expression: JsonValue): Evaluate {
  if (!isJsonObject(expression)) throw new Error("Malformed query filter.");
  const [entry, ...others] = Object.entries(expression);
  if (entry === undefined || others.length > 0) throw new Error("Malformed query filter.");
  const [operator, operand] = entry;
  switch (operator) {
    case "$literal": {
      const literal = definedValue(operand);
      return () => literal;
    }
    case "$field": {
      if (typeof operand !== "string") throw new Error("Malformed query filter.");
      return (document) => fieldAt(document, operand);
    }
    case "$eq":
      return compared(operand, (order) => order === 0);
    case "$neq":
      return compared(operand, (order) => order !== 0);
    case "$lt":
      return compared(operand, (order) => order < 0);
    case "$lte":
      return compared(operand, (order) => order <= 0);
    case "$gt":
      return compared(operand, (order) => order > 0);
    case "$gte":
      return compared(operand, (order) => order >= 0);
    case "$and": {
      const parts = operands(operand).map(compile);
      return (document) => parts.every((part) => asBoolean(part(document), "and"));
    }
    case "$or": {
      const parts = operands(operand).map(compile);
      return (document) => parts.some((part) => asBoolean(part(document), "or"));
    }
    case "$not": {
      const part = compile(operand);
      return (document) => !asBoolean(part(document), "not");
    }
    case "$neg": {
      const part = compile(operand);
      return (document) => arithmetic("neg", 0, part(document));
    }
    case "$add":
    case "$sub":
    case "$mul":
    case "$div":
    case "$mod": {
      const [left, right] = pair(operand);
      return (document) => arithmetic(operator.slice(1), left(document), right(document));
    }
    default:
      throw new Error(`Unknown operator in a query filter: ${operator}`);
  }
}

/** Any two values compare, in the order that indexes have. */
function compared(operand: JsonValue, holds: (order: number) => boolean): Evaluate {
  const [left, right] = pair(operand);
  return (document) => {
    const a = left(document);
    const b = right(document);
    if (typeof a === "string" && a === b) return holds(0);
    const keyA = encodeKey([a]);
    const keyB = encodeKey([b]);
    return holds(keyA < keyB ? -1 : keyA > keyB ? 1 : 0);
  };
}

function arithmetic(operator: string, left: Operand, right: Operand): JsonValue {
  const a = left === undefined ? undefined : toConvexValue(left);
  const b = right === undefined ? undefined : toConvexValue(right);
  if (operator === "neg") {
    if (typeof b === "number") return fromConvexValue(-b);
    if (typeof b === "bigint") return fromConvexValue(-b);
  } else if (typeof a === "number" && typeof b === "number") {
    return fromConvexValue(numbers(operator, a, b));
  } else if (typeof a === "bigint" && typeof b === "bigint") {
    return fromConvexValue(bigints(operator, a, b));
  }
  throw new Error(`Unsupported operands of "${operator}" in a query filter: ${describe(left)} and ${describe(right)}`);
}

function numbers(operator: string, a: number, b: number): number {
  switch (operator) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "div":
      return a / b;
    default:
      return a % b;
  }
}

function bigints(operator: string, a: bigint, b: bigint): bigint {
  switch (operator) {
    case "add":
      return a + b;
    case "sub":
      return a - b;
    case "mul":
      return a * b;
    case "div":
      return a / b;
    default:
      return a % b;
  }
}

function asBoolean(value: Operand, operator: string): boolean {
  if (typeof value === "boolean") return value;
  throw new Error(`Operands of "${operator}" in a query filter must be booleans, got: ${describe(value)}`);
}

function operands(operand: JsonValue): JsonValue[] {
  if (!Array.isArray(operand)) throw new Error("Malformed query filter.");
  return operand;
}

function pair(operand: JsonValue): [Evaluate, Evaluate] {
  const [left, right] = operands(operand);
  if (left === undefined || right === undefined) throw new Error("Malformed query filter.");
  return [compile(left), compile(right)];
}

function describe(value: Operand): string {
  return value === undefined ? "undefined" : JSON.stringify(value);
}
