import { v } from "convex/values";
import type { Infer, Value } from "convex/values";

/** One condition of better-auth's, after its adapter factory has filled in the defaults. Dates are epoch milliseconds. */
export const vClause = v.object({
  field: v.string(),
  operator: v.union(
    v.literal("eq"),
    v.literal("ne"),
    v.literal("lt"),
    v.literal("lte"),
    v.literal("gt"),
    v.literal("gte"),
    v.literal("in"),
    v.literal("not_in"),
    v.literal("contains"),
    v.literal("starts_with"),
    v.literal("ends_with"),
  ),
  value: v.union(v.string(), v.number(), v.boolean(), v.null(), v.array(v.string()), v.array(v.number())),
  connector: v.union(v.literal("AND"), v.literal("OR")),
  mode: v.union(v.literal("sensitive"), v.literal("insensitive")),
});

export type Clause = Infer<typeof vClause>;
export type Row = Record<string, Value | undefined>;

/** Whether a row meets the conditions: all that are joined by AND, and one of those joined by OR if there are any. */
export function matches(row: Row, where: readonly Clause[]): boolean {
  const alternatives = where.filter((clause) => clause.connector === "OR");
  return (
    where.every((clause) => clause.connector === "OR" || holds(row, clause)) &&
    (alternatives.length === 0 || alternatives.some((clause) => holds(row, clause)))
  );
}

/** A condition that an index can answer, by its field: it must hold in every row that is wanted. */
export function indexable(where: readonly Clause[]): Map<string, Clause> {
  // A lone OR is as good as an AND.
  const required = where.length === 1 ? where : where.filter((clause) => clause.connector === "AND");
  return new Map(
    required
      .filter((clause) => clause.mode === "sensitive")
      .map((clause) => [`${clause.field} ${clause.operator}`, clause]),
  );
}

function holds(row: Row, clause: Clause): boolean {
  // Absent and null are the same: we store no nulls.
  const actual = fold(row[clause.field] ?? null, clause.mode);
  const { operator } = clause;
  const wanted = Array.isArray(clause.value)
    ? clause.value.map((value) => fold(value, clause.mode))
    : fold(clause.value, clause.mode);
  switch (operator) {
    case "eq":
      return actual === wanted;
    case "ne":
      return actual !== wanted;
    case "in":
      return isIn(actual, wanted);
    case "not_in":
      return !isIn(actual, wanted);
    case "contains":
      return typeof actual === "string" && typeof wanted === "string" && actual.includes(wanted);
    case "starts_with":
      return typeof actual === "string" && typeof wanted === "string" && actual.startsWith(wanted);
    case "ends_with":
      return typeof actual === "string" && typeof wanted === "string" && actual.endsWith(wanted);
    case "lt":
    case "lte":
    case "gt":
    case "gte":
      return isOrdered(actual, operator, wanted);
    default:
      return operator satisfies never;
  }
}

function isIn(actual: Value, wanted: Value): boolean {
  return Array.isArray(wanted) && wanted.includes(actual);
}

function isOrdered(actual: Value, operator: "lt" | "lte" | "gt" | "gte", wanted: Value): boolean {
  const comparable =
    (typeof actual === "number" && typeof wanted === "number") ||
    (typeof actual === "string" && typeof wanted === "string");
  if (!comparable) return false;
  if (operator === "lt") return actual < wanted;
  if (operator === "lte") return actual <= wanted;
  return operator === "gt" ? actual > wanted : actual >= wanted;
}

function fold(value: Value, mode: Clause["mode"]): Value {
  return mode === "insensitive" && typeof value === "string" ? value.toLowerCase() : value;
}
