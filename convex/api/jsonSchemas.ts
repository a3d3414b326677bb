import * as z from "zod";
import type { Operation } from "./operations.ts";

export type JsonSchema = { [keyword: string]: unknown };

/** Turns zod schemas into JSON Schema, collecting those that carry an id as components. */
export class Schemas {
  readonly components: Record<string, unknown> = {};

  /** An operation's input as its fields. Unknown fields are refused, and the document says so. */
  inputOf({ input }: Operation): { properties: Record<string, JsonSchema>; required: string[] } & JsonSchema {
    const schema = this.#convert(input, "input");
    const { properties, required } = schema;
    return {
      ...schema,
      properties: isRecord(properties) ? onlyRecords(properties) : {},
      required: Array.isArray(required) ? required.filter((name) => typeof name === "string") : [],
    };
  }

  /** Answers may gain fields, so the closing of objects is dropped from them. */
  outputOf(output: z.ZodType): JsonSchema {
    return this.#convert(output, "output");
  }

  #convert(schema: z.ZodType, io: "input" | "output"): JsonSchema {
    const { $schema: _dialect, $defs, ...root } = z.toJSONSchema(schema, { io, target: "draft-2020-12" });
    for (const [id, definition] of Object.entries($defs ?? {})) this.components[id] ??= tidy(definition, io);
    const tidied = tidy(root, io);
    return isRecord(tidied) ? tidied : {};
  }
}

function tidy(node: unknown, io: "input" | "output"): unknown {
  if (Array.isArray(node)) return node.map((item) => tidy(item, io));
  if (!isRecord(node)) return node;
  const entries = Object.entries(node).flatMap(([keyword, value]): [string, unknown][] => {
    switch (keyword) {
      case "properties":
        return [[keyword, tidyProperties(value, io)]];
      case "id":
        return [];
      case "additionalProperties":
        return value === false && io === "output" ? [] : [[keyword, tidy(value, io)]];
      case "$ref":
        return [[keyword, String(value).replace("#/$defs/", "#/components/schemas/")]];
      case "maximum":
      case "minimum":
        // zod bounds every integer by what a double holds exactly, which says nothing about our API.
        return Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER ? [] : [[keyword, value]];
      default:
        return [[keyword, tidy(value, io)]];
    }
  });
  return Object.fromEntries(entries);
}

/** Here the keys are the names of fields, which may look like keywords. */
function tidyProperties(properties: unknown, io: "input" | "output"): unknown {
  if (!isRecord(properties)) return properties;
  return Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, tidy(schema, io)]));
}

function isRecord(value: unknown): value is JsonSchema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function onlyRecords(properties: JsonSchema): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(properties).filter((entry): entry is [string, JsonSchema] => isRecord(entry[1])),
  );
}
