import * as z from "zod";
import { openApiDocument } from "../../convex/api/openapi.ts";
import { operationsOf } from "../../convex/api/operations.ts";
import { appRouter } from "../../convex/api/router.ts";

type JsonSchema = { [keyword: string]: unknown };
type Answers = Record<string, { content?: Record<string, { schema: JsonSchema }> }>;

// What `public/openapi.json` is written from, so that a test of an answer never waits for the file.
const document: {
  paths: Record<string, Record<string, { responses: Answers }>>;
  components: { schemas: Record<string, object> };
} = JSON.parse(JSON.stringify(openApiDocument(operationsOf(appRouter))));
const { paths } = document;
const components = closed(document.components.schemas);

/**
 * Throws unless the document allows this answer: the status is listed for the operation, the type is the
 * listed one, and the body has exactly the fields of its schema.
 */
export function requireDocumented(
  method: string,
  pathname: string,
  answer: { status: number; type: string | null; body: unknown },
): void {
  const path = Object.keys(paths).find((template) => matches(template, pathname, method));
  if (path === undefined) throw new Error(`${method} ${pathname} is not in the document`);
  const listed = paths[path]?.[method.toLowerCase()]?.responses[answer.status];
  if (listed === undefined) throw new Error(`${method} ${path} does not list ${answer.status}`);
  if (listed.content === undefined) {
    if (answer.body !== undefined) throw new Error(`${method} ${path} ${answer.status} should have no body`);
    return;
  }
  const content = listed.content[answer.type ?? ""];
  if (content === undefined) throw new Error(`${method} ${path} ${answer.status} is not listed as ${answer.type}`);
  const schema = z.fromJSONSchema(JSON.parse(JSON.stringify({ ...closed(content.schema), $defs: components })));
  const result = schema.safeParse(answer.body);
  if (!result.success) {
    throw new Error(
      `${method} ${path} ${answer.status} breaks its schema: ${z.prettifyError(result.error)} in ${JSON.stringify(answer.body)}`,
    );
  }
}

/** Literal paths before those with parameters, as the server does. */
function matches(template: string, pathname: string, method: string): boolean {
  if (paths[template]?.[method.toLowerCase()] === undefined) return false;
  if (template === pathname) return true;
  const literal = paths[pathname]?.[method.toLowerCase()];
  return literal === undefined && new RegExp(`^${template.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname);
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
