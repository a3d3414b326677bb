import { describe, expect, test } from "vitest";
import {
  ALLOW_LIST_MAX,
  allows,
  checkAllowList,
  idsAllowed,
  isResource,
  isWithinAllowList,
} from "../../../convex/shared/allowList.ts";
import { seededRandom } from "../../helpers/seeded-random.ts";

const UUID = "0b7e2c1e-6b5c-4f5e-9d57-3d0a8c1f2e4b";

describe("C6 allow lists", () => {
  test.each(["project:42", `workspace:${UUID}`, "project:*", "a-b:x.y_z~1", "a:A"])("%s is a resource", (text) =>
    expect(isResource(text)).toBe(true),
  );

  test.each([
    "",
    "project",
    "project:",
    ":42",
    "*",
    "*:42",
    "*:*",
    "Project:1",
    "project:4 2",
    "project:a/b",
    "project:a:b",
    "project:**",
    `project:${"x".repeat(129)}`,
  ])("%j is none", (text) => expect(isResource(text)).toBe(false));

  test.each<[string[], string[]]>([
    [[], []],
    [
      ["project:2", "project:1", "project:2"],
      ["project:1", "project:2"],
    ],
    [
      ["project:1", "project:*", "report:9"],
      ["project:*", "report:9"],
    ],
    [["project:1", "report:*", "*:*"], ["*:*"]],
    [
      ["projects:1", "project:*"],
      ["project:*", "projects:1"],
    ],
  ])("%j is stored as %j", (raw, value) => expect(checkAllowList(raw)).toEqual({ ok: true, value }));

  test("a wrong entry is named, and a list is bounded after wildcards have swallowed ids", () => {
    expect(checkAllowList(["project:1", "nonsense"])).toMatchObject({
      ok: false,
      problem: expect.stringContaining('"nonsense"'),
    });
    expect(checkAllowList(["*:1"]).ok).toBe(false);
    const ids = Array.from({ length: ALLOW_LIST_MAX + 1 }, (_, index) => `project:${index}`);
    expect(checkAllowList(ids).ok).toBe(false);
    expect(checkAllowList(ids.slice(1)).ok).toBe(true);
    expect(checkAllowList([...ids, "project:*"])).toEqual({ ok: true, value: ["project:*"] });
  });

  test.each<[string[] | null, string, boolean]>([
    [null, "project:1", true],
    [[], "project:1", false],
    [["project:1"], "project:1", true],
    [["project:1"], "project:2", false],
    [["project:1"], "project:*", false],
    [["project:*"], "project:2", true],
    [["project:*"], "project:*", true],
    [["project:*"], "projects:2", false],
    [["*:*"], "anything:2", true],
  ])("%j allows %s: %s", (list, resource, expected) => expect(allows(list, resource)).toBe(expected));

  test.each<[string[] | null, string[] | null]>([
    [null, null],
    [["*:*"], null],
    [["project:*"], null],
    [
      ["projects:*", "project:1", "a:2", "project:x.y"],
      ["1", "x.y"],
    ],
    [["a:*"], []],
    [[], []],
  ])("E7 of all projects, %j names %j", (list, ids) => expect(idsAllowed(list, "project")).toEqual(ids));

  test.each<[string[] | null, string[] | null, boolean]>([
    [null, null, true],
    [["project:1"], null, true],
    [null, ["*:*"], true],
    [null, ["project:*"], false],
    [["*:*"], ["project:*"], false],
    [["project:1", "project:2"], ["project:*"], true],
    [["project:*"], ["project:1"], false],
    [[], ["project:1"], true],
    [[], [], true],
    [["project:1"], [], false],
  ])("E8 %j lies within %j: %s", (inner, outer, expected) => expect(isWithinAllowList(inner, outer)).toBe(expected));

  test("storing changes neither what a list allows nor, done again, itself; what lies within another allows no more", () => {
    const { random, pick } = seededRandom(6);
    const entry = () => (random() < 0.05 ? "*:*" : `${pick(["a", "b", "c"])}:${pick(["1", "2", "3", "4", "*"])}`);
    const list = () => Array.from({ length: Math.floor(random() * 6) }, entry);
    let nested = 0;
    for (let round = 0; round < 3000; round += 1) {
      const [raw, other] = [list(), list()];
      const checked = checkAllowList(raw);
      if (!checked.ok) throw new Error(checked.problem);
      expect(checkAllowList(checked.value.toReversed())).toEqual(checked);
      const resource = `${pick(["a", "b", "c", "d"])}:${pick(["1", "2", "5"])}`;
      expect(allows(checked.value, resource)).toBe(allows(raw, resource));
      if (!isWithinAllowList(raw, other)) continue;
      nested += 1;
      if (allows(raw, resource)) expect(allows(other, resource)).toBe(true);
    }
    expect(nested).toBeGreaterThan(300);
  });
});
