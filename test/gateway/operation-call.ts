import type { Documented, JsonSchema } from "./document.ts";

type Input = Readonly<Record<string, unknown>>;

/** An input's fields where the document places them. Throws for a field that it does not have. */
export function placed(
  operation: Documented,
  input: Input,
): Record<"path" | "query" | "body", Record<string, unknown>> {
  const places = new Map(operation.parameters.map((parameter) => [parameter.name, parameter.in]));
  const at = (place: string) =>
    Object.fromEntries(Object.entries(input).filter(([name]) => (places.get(name) ?? "body") === place));
  const body = at("body");
  const unknown = Object.keys(body).find((name) => bodyFields(operation)[name] === undefined);
  if (unknown !== undefined) throw new Error(`${operation.operationId} takes no field ${unknown}`);
  return { path: at("path"), query: at("query"), body };
}

/** An input as a request. */
export function toRequest(operation: Documented, input: Input): { path: string; body?: Record<string, unknown> } {
  const { path, query, body } = placed(operation, input);
  const search = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
  const filled = Object.entries(path).reduce(
    (text, [name, value]) => text.replace(`{${name}}`, encodeURIComponent(String(value))),
    operation.path,
  );
  return {
    path: search.size === 0 ? filled : `${filled}?${search}`,
    ...(operation.requestBody !== undefined && { body }),
  };
}

/** The fields of the request body with their schemas. */
function bodyFields(operation: Documented): Record<string, JsonSchema> {
  const schema = operation.requestBody?.content["application/json"]?.schema;
  return schema === undefined ? {} : recordsIn(schema["properties"]);
}

/** The input with one field of a type that the document rules out, for each field where there is such a type. */
export function wrongInputs(operation: Documented, input: Input): { field: string; input: Input }[] {
  const inQuery = operation.parameters.filter((parameter) => parameter.in === "query");
  const typedQuery = inQuery.flatMap(({ name, schema }) =>
    "enum" in schema || schema["type"] === "integer" ? [{ field: name, input: { ...input, [name]: "-wrong-" } }] : [],
  );
  const body = Object.entries(bodyFields(operation)).flatMap(([field, schema]) => {
    const wrong = [7, "-wrong-", { wrong: [] }].find((value) => !mayBe(schema, value));
    return wrong === undefined ? [] : [{ field, input: { ...input, [field]: wrong } }];
  });
  return [...typedQuery, ...body];
}

/** Whether a value is of a type that a schema names. Only types are looked at: no wrong value comes close to being right. */
function mayBe(schema: JsonSchema, value: unknown): boolean {
  if ("$ref" in schema) return true;
  if ("enum" in schema || "const" in schema) return typeof value === "string";
  const options = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(options)) return options.some((option: JsonSchema) => mayBe(option, value));
  const types = new Set([schema["type"]].flat());
  if (typeof value === "number") return types.has("number") || types.has("integer");
  return types.has(typeof value);
}

function recordsIn(value: unknown): Record<string, JsonSchema> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
