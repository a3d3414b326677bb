import type { Checked } from "./limits.ts";
import { PERMISSION_PATTERN } from "./permissions.ts";
import { remembering } from "./remembering.ts";

/**
 * What a call needs, as somebody writes it: `orders:read AND (orders:refund OR billing:*)`. AND binds tighter
 * than OR. Pure, and light enough for the path that every verification takes.
 */
export type PermissionExpression =
  | { type: "permission"; permission: string }
  | { type: "and" | "or"; parts: PermissionExpression[] };

export const EXPRESSION_MAX_LENGTH = 1024;
export const EXPRESSION_MAX_DEPTH = 16;

/** Reads an expression. Operators may be in any case; the problem says at which character the reading stopped. */
export function parsePermissionExpression(text: string): Checked<PermissionExpression> {
  if (text.length > EXPRESSION_MAX_LENGTH) return refuse(`Use at most ${EXPRESSION_MAX_LENGTH} characters.`);
  // Most calls name one permission, which needs no reading.
  if (PERMISSION_PATTERN.test(text)) return { ok: true, value: { type: "permission", permission: text } };
  return readExpression(text);
}

// A service asks about the same few expressions with every call.
const readExpression = remembering(1_000, (text: string): Checked<PermissionExpression> => {
  const reader = { tokens: tokenize(text), next: 0 };
  const read = readAny(reader, 0);
  if (!read.ok) return read;
  const rest = reader.tokens[reader.next];
  if (rest === undefined) return read;
  return rest.text === ")"
    ? refuse(`Nothing opens the parenthesis ${at(rest)}.`)
    : refuse(`Write AND or OR ${at(rest)}.`);
});

/** Whether an expression is true, given which single permissions are. */
export function isSatisfied(expression: PermissionExpression, holds: (permission: string) => boolean): boolean {
  switch (expression.type) {
    case "permission":
      return holds(expression.permission);
    case "and":
      return expression.parts.every((part) => isSatisfied(part, holds));
    case "or":
      return expression.parts.some((part) => isSatisfied(part, holds));
    default:
      return expression satisfies never;
  }
}

/** Every permission that an expression names, once each. */
export function permissionsIn(expression: PermissionExpression): string[] {
  if (expression.type === "permission") return [expression.permission];
  return [...new Set(expression.parts.flatMap(permissionsIn))];
}

type Token = { text: string; index: number };
type Reader = { tokens: Token[]; next: number };

function tokenize(text: string): Token[] {
  return [...text.matchAll(/[()]|[^\s()]+/g)].map((match) => ({ text: match[0], index: match.index }));
}

function readAny(reader: Reader, depth: number): Checked<PermissionExpression> {
  return readJoined(reader, "or", () => readAll(reader, depth));
}

function readAll(reader: Reader, depth: number): Checked<PermissionExpression> {
  return readJoined(reader, "and", () => readOne(reader, depth));
}

function readJoined(
  reader: Reader,
  type: "and" | "or",
  readPart: () => Checked<PermissionExpression>,
): Checked<PermissionExpression> {
  const first = readPart();
  if (!first.ok) return first;
  const parts = [first.value];
  while (reader.tokens[reader.next]?.text.toLowerCase() === type) {
    reader.next += 1;
    const part = readPart();
    if (!part.ok) return part;
    parts.push(part.value);
  }
  return parts.length === 1 ? first : { ok: true, value: { type, parts } };
}

function readOne(reader: Reader, depth: number): Checked<PermissionExpression> {
  const token = reader.tokens[reader.next];
  if (token === undefined) return refuse("A permission is missing at the end.");
  reader.next += 1;
  if (token.text === "(") {
    // Bounds the recursion: what is read here comes from outside.
    if (depth === EXPRESSION_MAX_DEPTH) return refuse(`Nest at most ${EXPRESSION_MAX_DEPTH} parentheses.`);
    const inner = readAny(reader, depth + 1);
    if (!inner.ok) return inner;
    const close = reader.tokens[reader.next];
    if (close === undefined) return refuse(`Nothing closes the parenthesis ${at(token)}.`);
    if (close.text !== ")") return refuse(`Write AND or OR ${at(close)}.`);
    reader.next += 1;
    return inner;
  }
  if (PERMISSION_PATTERN.test(token.text)) {
    return { ok: true, value: { type: "permission", permission: token.text } };
  }
  return refuse(`Write a permission as resource:action, for example orders:read, ${at(token)}.`);
}

function at({ index }: Token): string {
  return `at character ${index + 1}`;
}

function refuse(problem: string): { ok: false; problem: string } {
  return { ok: false, problem };
}
