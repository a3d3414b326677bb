import type { ValidatorJSON } from "convex/values";
import { jsonToConvex } from "convex/values";
import type { TeamFunction } from "../shared/functionManifest.ts";
import { toPlainJson } from "../shared/functionValues.ts";
import type { JsonSchema } from "./jsonSchemas.ts";

export const FUNCTIONS_TAG = {
  name: "Functions",
  description:
    "What this deployment's own team has added: public Convex functions, called as whoever the credential is of.",
};

/** The address of a function under /api/run. */
export function functionAddress(path: string): string {
  return `/api/run/${path.replace(":", "/")}`;
}

/** A team's function as an OpenAPI operation, but for what it has in common with every other one. */
export function describeFunction(
  path: string,
  { kind, permission, args, returns }: TeamFunction,
): JsonSchema & { responses: JsonSchema } {
  const schema = args.type === "object" ? toJsonSchema(args) : { type: "object" };
  const answer = {
    type: "object",
    required: ["value"],
    properties: { value: returns === null ? {} : toJsonSchema(returns) },
  };
  return {
    operationId: `run.${path.replaceAll(/[/:]/g, ".")}`,
    tags: [FUNCTIONS_TAG.name],
    summary: `Run the ${kind} ${path}`,
    description: `Takes \`${permission}\`. Int64 is written as decimal text, bytes as base64 text.`,
    "x-permission": permission,
    requestBody: { required: "required" in schema, content: { "application/json": { schema } } },
    responses: {
      200: { description: "What the function returned.", content: { "application/json": { schema: answer } } },
    },
  };
}

/** What a Convex validator lets through, as JSON Schema of the plain JSON that callers see. */
export function toJsonSchema(validator: ValidatorJSON): JsonSchema {
  switch (validator.type) {
    case "any":
      return {};
    case "null":
    case "boolean":
    case "number":
    case "string":
      return { type: validator.type };
    case "bigint":
      return { type: "string", pattern: "^-?\\d{1,19}$", description: "A whole number of 64 bits." };
    case "bytes":
      return { type: "string", contentEncoding: "base64" };
    case "id":
      return { type: "string", description: `An id of ${validator.tableName}.` };
    case "literal":
      return { const: toPlainJson(jsonToConvex(validator.value)) };
    case "array":
      return { type: "array", items: toJsonSchema(validator.value) };
    case "record":
      return { type: "object", additionalProperties: toJsonSchema(validator.values.fieldType) };
    case "union":
      return { anyOf: validator.value.map(toJsonSchema) };
    case "object":
      return toObjectSchema(validator.value);
    case "commitTs":
      return { type: "string" };
    default:
      return validator satisfies never;
  }
}

function toObjectSchema(fields: Extract<ValidatorJSON, { type: "object" }>["value"]): JsonSchema {
  const required = Object.entries(fields).flatMap(([name, { optional }]) => (optional ? [] : [name]));
  return {
    type: "object",
    properties: Object.fromEntries(
      Object.entries(fields).map(([name, field]) => [name, toJsonSchema(field.fieldType)]),
    ),
    ...(required.length > 0 && { required }),
    additionalProperties: false,
  };
}
