import type { Documented, JsonSchema } from "./document.ts";

type Input = Readonly<Record<string, unknown>>;

/** An input as a request, each field where the document places it. Throws for a field that the document does not have. */
export function toRequest(operation: Documented, input: Input): { path: string; body?: Record<string, unknown> } {
  const places = new Map(operation.parameters.map((parameter) => [parameter.name, parameter.in]));
  const entries = Object.entries(input);
  const at = (place: string) => entries.filter(([name]) => (places.get(name) ?? "body") === place);
  const query = new URLSearchParams(at("query").map(([name, value]) => [name, String(value)]));
  const path = at("path").reduce(
    (filled, [name, value]) => filled.replace(`{${name}}`, encodeURIComponent(String(value))),
    operation.path,
  );
  const body = at("body");
  const unknown = body.find(([name]) => bodyFields(operation)[name] === undefined);
  if (unknown !== undefined) throw new Error(`${operation.operationId} takes no field ${unknown[0]}`);
  return {
    path: query.size === 0 ? path : `${path}?${query}`,
    ...(operation.requestBody !== undefined && { body: Object.fromEntries(body) }),
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
