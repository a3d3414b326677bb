import { describe, expect, test } from "vitest";
import { coverageOf, idsIn } from "../../scripts/lib/spec-coverage.ts";
import { testTitles } from "../../scripts/lib/test-titles.ts";

// Letters that no point has, so that these titles show none.
test.each([
  ["no point at all", []],
  ["X9: rotating needs the right", ["X9"]],
  ["Y5, Y17 and Z3: several", ["Y5", "Y17", "Z3"]],
  ["X9 Y28 $title", ["X9", "Y28"]],
  ["X1–X4: a range", ["X1", "X2", "X3", "X4"]],
  ["Z1-Z3 with a hyphen, Z19 – Z20 with spaces", ["Z1", "Z2", "Z3", "Z19", "Z20"]],
  ["(Y7)", ["Y7"]],
  ["X12 is not X1 or X2", ["X12", "X1", "X2"]],
  ["no word of its own: X2X, YX12, X123, X1a, x-X1, Z3-x, XS256, x4", []],
])("%j names %j", (title, ids) => {
  expect(idsIn(title)).toEqual(ids);
});

const titles = (source: string) => testTitles("some.test.ts", source);

describe("the titles in a source", () => {
  test("come with those of their describes, from test and it, at any depth", () => {
    const source = `
      import { describe, it, test } from "vitest";
      test("H1", () => {});
      describe("outer E1", () => {
        if (somewhere) { it("inner", async () => {}); }
        describe("middle", () => { test.only('quoted', () => {}); });
      });`;
    expect(titles(source)).toEqual(["H1", "outer E1 > inner", "outer E1 > middle > quoted"]);
  });

  test("of tests that never run, or are only talked about, do not count", () => {
    const source = `
      // test("E1", () => {});
      const text = 'test("E2", () => {})';
      test.skip("E3", () => {});
      it.todo("E4");
      describe.skip("E5", () => { test("within", () => {}); });
      quest("E6", () => {});
      other.test("E7");`;
    expect(titles(source)).toEqual([]);
  });

  test("of templates are what is fixed in them", () => {
    expect(titles("test(`E1 ${name} E2`, () => {});")).toEqual(["E1 … E2"]);
  });

  test("of a table are one for each row, filled in as the runner does", () => {
    const source = `
      type Row = { title: string };
      const rows = [{ title: "E1 first" }, { title: \`E2 second\` }] satisfies Row[];
      describe.each(rows)("$title of $other", ({ title }) => {
        test.each([["E3", 1], ["E4", 2]] as const)("%s is %i", () => {});
      });
      test.each(["E5", "plain"])("one %s", () => {});
      test.each(madeElsewhere)("E6 %s $title", () => {});`;
    expect(titles(source)).toEqual([
      "E1 first of $other > E3 is %i",
      "E1 first of $other > E4 is %i",
      "E2 second of $other > E3 is %i",
      "E2 second of $other > E4 is %i",
      "one E5",
      "one plain",
      "E6 %s $title",
    ]);
  });

  test("of a source that does not parse are an error that names it", () => {
    expect(() => titles("test('E1'")).toThrow("some.test.ts");
  });
});

test("coverage counts tests and files, each test once, and keeps a point without any", () => {
  const found = new Map([
    ["a.test.ts", ["E1 and E1 again", "E1–E2"]],
    ["b.test.ts", ["E2: other", "E9"]],
  ]);
  expect(coverageOf(["E2", "E1", "E3"], found)).toEqual([
    { id: "E2", tests: 2, files: ["a.test.ts", "b.test.ts"] },
    { id: "E1", tests: 2, files: ["a.test.ts"] },
    { id: "E3", tests: 0, files: [] },
  ]);
});
