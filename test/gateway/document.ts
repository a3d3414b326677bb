import * as z from "zod";
import { openApiDocument } from "../../convex/api/openapi.ts";
import { operationsOf } from "../../convex/api/operations.ts";
import { appRouter } from "../../convex/api/router.ts";

const Schema = z.record(z.string(), z.unknown());
const Content = z.record(z.string(), z.object({ schema: Schema, example: z.unknown().optional() }));
const Operation = z.object({
  operationId: z.string(),
  tags: z.array(z.string()),
  summary: z.string(),
  description: z.string(),
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(
    z.object({
      name: z.string(),
      in: z.enum(["path", "query", "header"]),
      required: z.boolean(),
      schema: Schema,
    }),
  ),
  requestBody: z.object({ required: z.boolean(), content: Content }).optional(),
  responses: z.record(
    z.string(),
    z.object({
      description: z.string(),
      headers: z.record(z.string(), z.object({ required: z.boolean().optional(), schema: Schema })).optional(),
      content: Content.optional(),
    }),
  ),
});
const Document = z.object({
  openapi: z.string(),
  paths: z.record(z.string(), z.record(z.string(), Operation)),
  components: z.object({ schemas: z.record(z.string(), Schema), securitySchemes: z.record(z.string(), Schema) }),
});

export type JsonSchema = z.infer<typeof Schema>;
/** An operation as the document has it, and where. */
export type Documented = z.infer<typeof Operation> & { method: string; path: string };

/** The document of the router as it is now, whatever public/openapi.json still says. */
export const liveDocument: JsonSchema = JSON.parse(JSON.stringify(openApiDocument(operationsOf(appRouter))));
const document = Document.parse(liveDocument);
const components = closed(document.components.schemas);

export const securitySchemes = document.components.securitySchemes;

export const documented: readonly Documented[] = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => Object.assign(operation, { method: method.toUpperCase(), path })),
);

/** The operation that answers at a method and path, if there is one. */
export function findDocumented(method: string, pathname: string): Documented | undefined {
  const candidates = documented.filter((operation) => operation.method === method);
  // Literal paths before those with parameters, as the server does.
  return (
    candidates.find(({ path }) => path === pathname) ??
    candidates.find(({ path }) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname))
  );
}

/** Headers that mean something to a client: none of them comes undocumented. */
const TELLING = /^(?:www-authenticate|retry-after|ratelimit-.*|x-next-cursor|idempotent-replayed|location|allow)$/;

/**
 * Throws unless the document allows this answer: the status is listed for the operation, the type is the
 * listed one, the body has exactly the fields of its schema, and the headers are the listed ones.
 */
export function requireDocumented(
  { method, path, responses }: Documented,
  answer: { status: number; headers: Headers; body: unknown },
): void {
  const where = `${method} ${path} ${answer.status}`;
  const listed = responses[answer.status];
  if (listed === undefined) throw new Error(`${method} ${path} does not list ${answer.status}`);
  const headers = Object.entries(listed.headers ?? {}).map(([name, { required }]) => [name.toLowerCase(), required]);
  for (const [name, required] of headers) {
    if (required === true && !answer.headers.has(String(name))) throw new Error(`${where} lacks the header ${name}`);
  }
  for (const name of answer.headers.keys()) {
    if (TELLING.test(name) && !headers.some(([known]) => known === name)) {
      throw new Error(`${where} has a header ${name} that is not listed`);
    }
  }
  if (listed.content === undefined) {
    if (answer.body !== undefined) throw new Error(`${where} should have no body`);
    return;
  }
  const type = answer.headers.get("content-type")?.split(";")[0] ?? "";
  const content = listed.content[type];
  if (content === undefined) throw new Error(`${where} is not listed as ${type}`);
  requireShape(content.schema, answer.body, where);
}

/** Throws unless a value has exactly what a schema of the document says. */
export function requireShape(schema: JsonSchema, value: unknown, where: string): void {
  const shape = shapes.get(schema) ?? shapeOf(schema);
  shapes.set(schema, shape);
  const result = shape.safeParse(value);
  if (!result.success) {
    throw new Error(`${where} breaks its schema: ${z.prettifyError(result.error)} in ${JSON.stringify(value)}`);
  }
}

// Made once for each: to make one takes longer than most calls whose answers are held against it.
const shapes = new WeakMap<JsonSchema, z.ZodType>();

function shapeOf(schema: JsonSchema): z.ZodType {
  return z.fromJSONSchema(JSON.parse(JSON.stringify({ ...closed(schema), $defs: components })));
}

/** Answers may grow, so the document leaves their objects open. A test wants to see what is there beyond it. */
function closed(schema: object): JsonSchema {
  const text = JSON.stringify(schema, (_key, value: unknown) =>
    typeof value === "object" && value !== null && "properties" in value && !("additionalProperties" in value)
      ? { ...value, additionalProperties: false }
      : value,
  );
  return JSON.parse(text.replaceAll("#/components/schemas/", "#/$defs/"));
}
