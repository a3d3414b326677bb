/**
 * Writes the SDK's types and methods from the OpenAPI document, so that a client can call what the document
 * describes and nothing else. Covers the JSON Schema that our document uses and throws on any other.
 */

type Schema = { [keyword: string]: unknown };
type Parameter = { name: string; in: string; required: boolean; schema: Schema };
type OperationObject = {
  operationId: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  requestBody?: { content: { "application/json": { schema: Schema } } };
  responses: Record<string, { content?: { "application/json"?: { schema: Schema } } }>;
};
export type OpenApiDocument = {
  paths: Record<string, Record<string, OperationObject>>;
  components: { schemas: Record<string, Schema> };
};

type Method = { name: string; signature: string; body: string; doc: string };

/** The text of `sdk/operations.gen.ts`. */
export function writeOperations(document: OpenApiDocument): string {
  const nouns = new Map<string, Method[]>();
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      const [noun = "", verb] = operation.operationId.split(".");
      const owner = verb === undefined ? "" : noun;
      nouns.set(owner, [...(nouns.get(owner) ?? []), writeMethod(path, method, operation, verb ?? noun)]);
    }
  }
  const types = Object.entries(document.components.schemas).map(
    ([name, schema]) => `${docComment(schema, "")}export type ${name} = ${writeType(schema, "")};`,
  );
  return [
    "// Written by scripts/generate-openapi.ts from the public API's router. Do not edit: run it again.",
    'import type { Call, CallOptions } from "./request.ts";',
    ...types,
    `/** Every operation of the public API. */\nexport type Operations = {\n${writeNouns(nouns, (it) => `${it.doc}${it.name}${it.signature}`, ";")}\n};`,
    `/** The operations, on top of one function that makes the call. */\nexport function operations(call: Call): Operations {\n  return {\n${writeNouns(nouns, (it) => `${it.name}: ${it.body}`, ",")}\n  };\n}`,
    "",
  ].join("\n\n");
}

function writeNouns(nouns: Map<string, Method[]>, write: (method: Method) => string, end: ";" | ","): string {
  return [...nouns]
    .map(([noun, methods]) => {
      const lines = methods.map((method) => write(method) + end).join("\n");
      return noun === "" ? lines : `${noun}: {\n${lines}\n}${end}`;
    })
    .join("\n");
}

function writeMethod(path: string, method: string, operation: OperationObject, name: string): Method {
  const fields = operation.parameters.filter((parameter) => parameter.in !== "header");
  const body = operation.requestBody?.content["application/json"].schema;
  const properties: Schema = isSchema(body?.["properties"]) ? { ...body["properties"] } : {};
  const required = Array.isArray(body?.["required"]) ? [...body["required"]] : [];
  for (const field of fields) {
    properties[field.name] = field.schema;
    if (field.required) required.push(field.name);
  }
  const input = writeType({ type: "object", properties, required }, "");
  const empty = Object.keys(properties).length === 0;
  const output = writeOutput(operation);
  const parameter = empty ? "" : `input${required.length > 0 ? "" : "?"}: ${input}, `;
  const call = `call("${method.toUpperCase()}", "${path}", ${empty ? "{}" : "input"}, options)`;
  const argument = empty ? "" : `${required.length > 0 ? "input" : "input = {}"}, `;
  return {
    name,
    signature: `(${parameter}options?: CallOptions): Promise<${output}>`,
    body: `(${argument}options) => ${call}`,
    doc: `/** ${operation.summary}. ${operation.description} */\n`,
  };
}

function writeOutput(operation: OperationObject): string {
  // Of two kinds of success, the second, or the 200 beside a 201, is the answer to a repeated Idempotency-Key,
  // which the SDK never sends.
  const success = Object.entries(operation.responses).findLast(([status]) => status.startsWith("2"))?.[1];
  const schema = success?.content?.["application/json"]?.schema;
  if (schema === undefined) return "null";
  const [first] = Array.isArray(schema["anyOf"]) ? schema["anyOf"] : [schema];
  return writeType(first, "");
}

function writeType(schema: Schema, indent: string): string {
  const { $ref, type, enum: values, anyOf, oneOf, allOf } = schema;
  if (Object.keys(schema).every((keyword) => keyword === "description")) return "unknown";
  if (typeof $ref === "string") return $ref.replace("#/components/schemas/", "");
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value)).join(" | ");
  const union = anyOf ?? oneOf;
  if (Array.isArray(union)) return union.map((member) => writeType(member, indent)).join(" | ");
  if (Array.isArray(allOf)) return allOf.map((member) => `(${writeType(member, indent)})`).join(" & ");
  if (Array.isArray(type)) return type.map((one) => writeType({ ...schema, type: one }, indent)).join(" | ");
  switch (type) {
    case "string":
    case "boolean":
    case "null":
      return type;
    case "number":
    case "integer":
      return "number";
    case "array":
      return `Array<${isSchema(schema["items"]) ? writeType(schema["items"], indent) : "unknown"}>`;
    case "object":
      return writeObject(schema, indent);
    default:
      throw new Error(`The SDK's types cannot say ${JSON.stringify(schema)}`);
  }
}

function writeObject(schema: Schema, indent: string): string {
  const { properties, required, additionalProperties } = schema;
  const needed = Array.isArray(required) ? required : [];
  const inner = `${indent}  `;
  const lines = Object.entries(isSchema(properties) ? properties : {}).map(([name, property]) => {
    if (!isSchema(property)) throw new Error(`The property ${name} has no schema`);
    return `${docComment(property, inner)}${inner}${name}${needed.includes(name) ? "" : "?"}: ${writeType(property, inner)};`;
  });
  if (lines.length > 0) return `{\n${lines.join("\n")}\n${indent}}`;
  return isSchema(additionalProperties)
    ? `Record<string, ${writeType(additionalProperties, indent)}>`
    : "Record<string, never>";
}

function docComment(schema: Schema, indent: string): string {
  return typeof schema["description"] === "string" ? `${indent}/** ${schema["description"]} */\n` : "";
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
