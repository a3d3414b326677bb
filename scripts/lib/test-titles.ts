import { parseSync } from "vite";

type Node = { readonly type: string; readonly [field: string]: unknown };
type Constants = ReadonlyMap<string, Node>;

/**
 * The titles of the tests in a file's source, their describes' before them. A table of cases that is written out, in place or as a constant of
 * the file, gives one title for each of its rows; any other table gives one, as it is written. Tests that never run (skip,
 * todo) are left out. Throws on a source that does not parse.
 */
export function testTitles(file: string, source: string): string[] {
  const { program, errors } = parseSync(file, source);
  const [root] = nodesIn(program);
  if (errors[0] !== undefined || root === undefined) throw new Error(`${file}: ${errors[0]?.message ?? "is empty"}`);
  return titlesWithin(root, "", constantsOf(root));
}

function titlesWithin(node: Node, before: string, constants: Constants): string[] {
  const call = readTestCall(node, constants);
  if (call === null) return childrenOf(node).flatMap((child) => titlesWithin(child, before, constants));
  return call.titles
    .map((title) => before + title)
    .flatMap((title) =>
      call.isTest ? [title] : call.body.flatMap((part) => titlesWithin(part, `${title} > `, constants)),
    );
}

interface TestCall {
  readonly isTest: boolean;
  readonly titles: readonly string[];
  readonly body: readonly Node[];
}

/** A call of test, it or describe that gives a title, or null. One that never runs has no titles. */
function readTestCall(node: Node, constants: Constants): TestCall | null {
  if (node.type !== "CallExpression") return null;
  const callee = readCallee(node["callee"]);
  const [title, ...body] = nodesIn(node["arguments"]);
  const text = title === undefined ? null : textOf(title);
  if (callee === null || text === null) return null;
  const isTest = callee.name !== "describe";
  if (callee.modifiers.some((modifier) => modifier === "skip" || modifier === "todo")) {
    return { isTest, titles: [], body };
  }
  const rows = callee.table === null ? null : rowsOf(callee.table, constants);
  return { isTest, titles: rows === null ? [text] : rows.map((row) => fill(text, row)), body };
}

interface Callee {
  readonly name: string;
  readonly modifiers: readonly string[];
  readonly table: Node | null;
}

/** Reads `test`, `test.only`, `test.each(table)` and their like from the outside in. */
function readCallee(value: unknown): Callee | null {
  const [node] = nodesIn(value);
  if (node?.type === "Identifier") {
    const name = String(node["name"]);
    return ["test", "it", "describe"].includes(name) ? { name, modifiers: [], table: null } : null;
  }
  if (node?.type === "MemberExpression") {
    const inner = readCallee(node["object"]);
    const [property] = nodesIn(node["property"]);
    return inner && { ...inner, modifiers: [...inner.modifiers, String(property?.["name"])] };
  }
  if (node?.type === "CallExpression") {
    const inner = readCallee(node["callee"]);
    const [table] = nodesIn(node["arguments"]);
    const isTable = inner?.modifiers.at(-1) === "each" || inner?.modifiers.at(-1) === "for";
    return inner && { ...inner, table: isTable ? (table ?? null) : inner.table };
  }
  return null;
}

function rowsOf(table: Node, constants: Constants): Node[] | null {
  const bare = withoutType(table);
  const array = bare.type === "Identifier" ? constants.get(String(bare["name"])) : bare;
  return array?.type === "ArrayExpression" ? nodesIn(array["elements"]) : null;
}

/** Puts a row's texts where the runner would print them: `%s` in turn, `$name` by name. */
function fill(title: string, row: Node): string {
  const bare = withoutType(row);
  const values = bare.type === "ArrayExpression" ? nodesIn(bare["elements"]) : [bare];
  let next = 0;
  const filled = title.replaceAll(/%[sdifjoO]/g, (place) => {
    const value = values[next++];
    return (value === undefined ? null : textOf(value)) ?? place;
  });
  if (bare.type !== "ObjectExpression") return filled;
  const texts = new Map(nodesIn(bare["properties"]).map(readProperty));
  return filled.replaceAll(/\$(\w+)/g, (place, name: string) => texts.get(name) ?? place);
}

function readProperty(property: Node): [string, string | null] {
  const [key] = nodesIn(property["key"]);
  const [value] = nodesIn(property["value"]);
  return [String(key?.["name"] ?? key?.["value"]), value === undefined ? null : textOf(value)];
}

/** What a string says; of a template, that which is fixed. */
function textOf(node: Node): string | null {
  const bare = withoutType(node);
  if (bare.type === "Literal" && typeof bare["value"] === "string") return bare["value"];
  if (bare.type !== "TemplateLiteral") return null;
  return nodesIn(bare["quasis"])
    .map(({ value }) => (typeof value === "object" && value !== null && "cooked" in value ? String(value.cooked) : ""))
    .join("…");
}

function constantsOf(root: Node): Constants {
  const declared = childrenOf(root)
    .flatMap((statement) => (statement.type === "ExportNamedDeclaration" ? childrenOf(statement) : [statement]))
    .filter(({ type }) => type === "VariableDeclaration")
    .flatMap(({ declarations }) => nodesIn(declarations));
  return new Map(
    declared.flatMap(({ id, init }) => {
      const [name] = nodesIn(id);
      const [value] = nodesIn(init);
      return name === undefined || value === undefined ? [] : [[String(name["name"]), withoutType(value)]];
    }),
  );
}

function withoutType(node: Node): Node {
  const wrapped = ["TSAsExpression", "TSSatisfiesExpression", "ParenthesizedExpression"].includes(node.type);
  const [inner] = wrapped ? nodesIn(node["expression"]) : [];
  return inner === undefined ? node : withoutType(inner);
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap(nodesIn);
}

/** The nodes in a field: one, several, or none. */
function nodesIn(field: unknown): Node[] {
  return (Array.isArray(field) ? field : [field]).filter(isNode);
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
