import { describe, expect, test } from "vitest";
import {
  EXPRESSION_MAX_DEPTH,
  EXPRESSION_MAX_LENGTH,
  isSatisfied,
  parsePermissionExpression,
} from "../../../convex/shared/permissionExpression.ts";
import { covers } from "../../../convex/shared/permissions.ts";
import { seededRandom } from "../../helpers/seeded-random.ts";

describe("C5 permission expressions", () => {
  test.each([
    ["orders:read", ["orders:read"], true],
    ["orders:read", ["orders:*"], true],
    ["orders:read", ["orders:write"], false],
    ["a:x AND b:x", ["a:x"], false],
    ["a:x AND b:x", ["a:x", "b:*"], true],
    ["a:x or b:x", ["b:x"], true],
    ["a:x AND (b:x OR c:x)", ["a:x", "c:x"], true],
    ["a:x AND (b:x OR c:x)", ["b:x", "c:x"], false],
    // AND binds tighter.
    ["a:x OR b:x AND c:x", ["a:x"], true],
    ["(a:x OR b:x) AND c:x", ["a:x"], false],
    ["a:x oR(b:x)aNd((c:x))", ["b:x", "c:x"], true],
    ["  a:x\n\tand b:x ", ["a:x", "b:x"], true],
    // A permission may be named like an operator.
    ["and:or AND or:and", ["and:or", "or:and"], true],
  ])("%j for %j is %s", (text, granted, expected) => expect(evaluate(text, granted)).toBe(expected));

  test.each([
    ["", "end"],
    ["   ", "end"],
    ["a:x AND", "end"],
    ["AND a:x", "character 1"],
    ["a:x b:x", "AND or OR at character 5"],
    ["a:x AND OR b:x", "character 9"],
    ["(a:x", "closes the parenthesis at character 1"],
    ["a:x)", "opens the parenthesis at character 4"],
    ["()", "character 2"],
    ["(a:x b:x)", "character 6"],
    ["a:x NOT b:x", "character 5"],
    ["a:x && b:x", "character 5"],
    ["A:x", "character 1"],
    ["*:*", "character 1"],
    ["a:x\u0000", "character 1"],
  ])("%j is refused, and says where", (text, where) => {
    const parsed = parsePermissionExpression(text);
    expect(parsed).toMatchObject({ ok: false, problem: expect.stringContaining(where) });
  });

  test("length and depth are bounded", () => {
    expect(parsePermissionExpression(nested(EXPRESSION_MAX_DEPTH)).ok).toBe(true);
    expect(parsePermissionExpression(nested(EXPRESSION_MAX_DEPTH + 1)).ok).toBe(false);
    const long = "a:x OR ".repeat(200);
    expect(parsePermissionExpression(long.slice(0, EXPRESSION_MAX_LENGTH + 1))).toMatchObject({
      problem: expect.stringContaining(String(EXPRESSION_MAX_LENGTH)),
    });
    expect(parsePermissionExpression("(".repeat(EXPRESSION_MAX_LENGTH)).ok).toBe(false);
  });

  test("any expression means what it was made from, and more rights never make it false", () => {
    const { random, pick } = seededRandom(1);
    const names = ["a:x", "b:x", "c:x", "d:x"];
    const space = () => pick([" ", "  ", "\n"]);
    // Writes an expression together with what it means.
    function write(depth: number): { text: string; means: (granted: string[]) => boolean } {
      if (depth === 0 || random() < 0.3) {
        const name = pick(names);
        return { text: name, means: (granted) => granted.includes(name) };
      }
      const [left, right] = [write(depth - 1), write(depth - 1)];
      const operator = pick(["AND", "and", "And", "OR", "or", "oR"]);
      const both = operator.toLowerCase() === "and";
      return {
        text: `(${left.text})${space()}${operator}${space()}(${right.text})`,
        means: (granted) =>
          both ? left.means(granted) && right.means(granted) : left.means(granted) || right.means(granted),
      };
    }
    for (let round = 0; round < 2000; round += 1) {
      const { text, means } = write(4);
      if (text.length > EXPRESSION_MAX_LENGTH) continue;
      const granted = names.filter(() => random() < 0.5);
      expect(evaluate(text, granted), `${text} for ${granted.join()}`).toBe(means(granted));
      if (means(granted)) expect(evaluate(text, [...granted, pick(names)])).toBe(true);
    }
  });

  test("any text is either read or refused, never thrown at", () => {
    const { random, pick } = seededRandom(2);
    const parts = ["(", ")", " ", "and", "OR", "a:x", "b:*", ":", "*", "ü", "\u0000"];
    for (let round = 0; round < 5000; round += 1) {
      const text = Array.from({ length: Math.floor(random() * 12) }, () => pick(parts)).join("");
      const parsed = parsePermissionExpression(text);
      if (parsed.ok) expect(isSatisfied(parsed.value, () => true)).toBe(true);
      else expect(parsed.problem).not.toBe("");
    }
  });
});

function nested(depth: number): string {
  return `${"(".repeat(depth)}a:x${")".repeat(depth)}`;
}

function evaluate(text: string, granted: readonly string[]): boolean {
  const parsed = parsePermissionExpression(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.problem}`);
  return isSatisfied(parsed.value, (permission) => covers(granted, permission));
}
