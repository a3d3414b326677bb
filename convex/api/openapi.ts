import * as z from "zod";
import type { ErrorCode } from "../shared/errors.ts";
import { HTTP_STATUS } from "../shared/errors.ts";
import { roleMatrixMarkdown } from "../shared/roleMatrix.ts";
import type { FunctionManifest, TeamFunction } from "../shared/functionManifest.ts";
import { FUNCTIONS_TAG, describeFunction, functionAddress } from "./functionDocument.ts";
import type { Operation } from "./operations.ts";
import { pathFields } from "./operations.ts";
import { readsQuery } from "./rest.ts";

type JsonSchema = { [keyword: string]: unknown };

const TAGS = [
  { name: "Keys", description: "Create keys, look at them, end them, and ask whether one is good." },
  { name: "Policy", description: "What the organization allows of its keys, and how long it keeps them." },
  { name: "Permissions", description: "What can be granted: Latchkey's own permissions, and those of your API." },
  {
    name: "Roles",
    description: `Named sets of grants. What the roles that every organization has may do to keys: \`own\` are the caller's own personal keys, \`another's\` those of other members. A key manages keys only if it was given \`keys:*\`, as here.\n\n${roleMatrixMarkdown()}`,
  },
  { name: "Groups", description: "Members and service keys that share roles, permissions and licenses." },
  { name: "Licenses", description: "Named entitlements with seats and validity, for keys and groups." },
  { name: "Members", description: "Who belongs to the organization, with which roles." },
  { name: "Organization", description: "The organization itself." },
  { name: "Usage", description: "How often keys were used, for what, and when last." },
  { name: "Audit", description: "Who changed what, and that nobody rewrote it." },
  { name: "Callers", description: "Who is calling, and with which rights." },
  { name: "System", description: "Whether this Latchkey can serve." },
];

/** Refusals that every operation behind authentication can answer. */
const COMMON_ERRORS: ErrorCode[] = [
  "MALFORMED_REQUEST",
  "AMBIGUOUS_CREDENTIALS",
  "ORGANIZATION_REQUIRED",
  "UNAUTHENTICATED",
  "KEY_EXPIRED",
  "KEY_DISABLED",
  "KEY_REVOKED",
  "FORBIDDEN",
  "ORIGIN_NOT_ALLOWED",
  // Whatever an operation looks for, the organization in X-Organization-Id may be the one that is not there.
  "NOT_FOUND",
  "INVALID_INPUT",
  "RATE_LIMITED",
  "USAGE_EXCEEDED",
  "INTERNAL",
  // Every call may come with an imported key that has to wait for its first comparison.
  "UNAVAILABLE",
  "TIMEOUT",
];
const BODY_ERRORS: ErrorCode[] = ["BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"];
const PUBLIC_ERRORS: ErrorCode[] = ["INTERNAL", "TIMEOUT"];

const FUNCTION_ERRORS: ErrorCode[] = ["FUNCTION_REFUSED", "UNAVAILABLE"];

const PERSONS = [{ bearer: [] }, { session: [] }];
const ANY_CREDENTIAL = [{ apiKey: [] }, ...PERSONS];

const SECURITY_SCHEMES = {
  apiKey: { type: "apiKey", in: "header", name: "X-Api-Key", description: "A key of the organization." },
  bearer: { type: "http", scheme: "bearer", description: "A key, an exchange token or a person's session token." },
  session: {
    type: "apiKey",
    in: "cookie",
    name: "latchkey.session_token",
    description:
      "A person's session in the browser. Its name begins with `__Host-` over HTTPS. Unsafe methods need an allowed `Origin`.",
  },
};

const header = (description: string, required = false) => ({ description, required, schema: { type: "string" } });

/** Where the caller stands, if its key has a rate limit. */
const RATE_HEADERS = {
  "RateLimit-Limit": header("Requests per window. Absent for a caller without a rate limit."),
  "RateLimit-Remaining": header("How many are left."),
  "RateLimit-Reset": header("Seconds until all of them are back."),
};

/** What a refusal says beside its body. */
const REFUSAL_HEADERS: Partial<Record<number, JsonSchema>> = {
  401: { "WWW-Authenticate": header("How to authenticate.", true) },
  429: {
    ...RATE_HEADERS,
    "Retry-After": header("Seconds until the call may be tried again. Absent for a quota that never comes back."),
  },
};

const PROBLEM_SCHEMA = {
  type: "object",
  description: "RFC 9457 problem details.",
  required: ["type", "title", "status", "detail", "code", "traceId"],
  properties: {
    type: { type: "string", const: "about:blank" },
    title: { type: "string", description: "The status in words." },
    status: { type: "integer" },
    detail: { type: "string", description: "What happened and what to do." },
    code: { type: "string", enum: Object.keys(HTTP_STATUS), description: "Stable; meant for programs." },
    traceId: { type: "string", description: "Names this request in the logs and the audit trail." },
    errors: {
      type: "array",
      description: "For INVALID_INPUT: what is wrong, field by field.",
      items: {
        type: "object",
        required: ["path", "message"],
        properties: { path: { type: "string" }, message: { type: "string" } },
      },
    },
    data: { description: "For FUNCTION_REFUSED: what the function said." },
  },
};

/** The OpenAPI 3.1 document of these operations and functions. The server is the origin that the document was loaded from. */
export function openApiDocument(operations: Operation[], functions: FunctionManifest = {}): JsonSchema {
  const schemas = new Schemas();
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const item = (paths[operation.meta.path] ??= {});
    item[operation.meta.method.toLowerCase()] = describe(operation, schemas);
  }
  for (const [path, called] of Object.entries(functions)) {
    paths[functionAddress(path)] = { post: describeTeamFunction(path, called) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Latchkey",
      version: "1",
      summary: "Self-hosted API-key management.",
      description:
        "Call with `X-Api-Key`. A person's session works too; one with several organizations names one in `X-Organization-Id`. Every refusal is a problem document with a stable `code`.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    tags: Object.keys(functions).length === 0 ? TAGS : [...TAGS, FUNCTIONS_TAG],
    paths,
    components: {
      securitySchemes: SECURITY_SCHEMES,
      schemas: { ...schemas.components, Problem: PROBLEM_SCHEMA },
    },
  };
}

function describe(operation: Operation, schemas: Schemas): JsonSchema {
  const { meta } = operation;
  return {
    operationId: operation.name,
    tags: [meta.tag],
    summary: meta.summary,
    description: meta.description,
    security: meta.public === true ? [] : meta.person === true ? PERSONS : ANY_CREDENTIAL,
    ...describeInput(operation, schemas),
    responses: { ...describeSuccess(operation, schemas), ...describeErrors(operation) },
  };
}

function describeInput(operation: Operation, schemas: Schemas): JsonSchema {
  const { meta } = operation;
  const inPath = pathFields(meta.path);
  const { properties, required, ...rest } = schemas.inputOf(operation);
  const parameters = Object.entries(properties).flatMap(([name, schema]) => {
    const place = inPath.includes(name) ? "path" : readsQuery(operation) ? "query" : null;
    if (place === null) return [];
    const { description, ...bare } = schema;
    const list = bare["type"] === "array" ? { style: "form", explode: false } : {};
    return [
      { name, in: place, required: place === "path" || required.includes(name), description, ...list, schema: bare },
    ];
  });
  const headers =
    meta.public === true || meta.person === true
      ? []
      : [ORGANIZATION_HEADER, ...(meta.repeated !== undefined ? [IDEMPOTENCY_HEADER] : [])];
  const inBody = Object.keys(properties).filter((name) => !inPath.includes(name));
  const described = { parameters: [...parameters, ...headers] };
  if (readsQuery(operation) || inBody.length === 0) return described;
  const needed = required.filter((name) => inBody.includes(name));
  const schema = {
    ...rest,
    properties: Object.fromEntries(inBody.map((name) => [name, properties[name]])),
    ...(needed.length > 0 && { required: needed }),
  };
  const example = meta.example.input === undefined ? {} : { example: meta.example.input };
  return {
    ...described,
    requestBody: { required: needed.length > 0, content: { "application/json": { schema, ...example } } },
  };
}

const ORGANIZATION_HEADER = {
  name: "X-Organization-Id",
  in: "header",
  required: false,
  description: "The id or slug of the organization to act in. Needed by a session with several; a key has its own.",
  schema: { type: "string" },
};

const IDEMPOTENCY_HEADER = {
  name: "Idempotency-Key",
  in: "header",
  required: false,
  description: "Chosen by you. A repetition within a day does nothing again and answers the record without the key.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
};

function describeSuccess({ meta, output }: Operation, schemas: Schemas): JsonSchema {
  const headers = meta.public === true ? {} : { headers: RATE_HEADERS };
  if (meta.status === 204) return { 204: { description: "Done. There is no body.", ...headers } };
  const example = meta.example.output === undefined ? {} : { example: meta.example.output };
  const done = meta.status === 201 ? "Made." : "Done.";
  const schema = schemas.outputOf(output);
  const first = { description: done, ...headers, content: { "application/json": { schema, ...example } } };
  if (meta.download !== undefined) return { [meta.status]: describeDownload(first, meta.download) };
  if (meta.repeated === undefined) return { [meta.status]: first };
  const again = schemas.outputOf(meta.repeated);
  const repeated = "Done before, by a request of the same Idempotency-Key. The plaintext is not shown again.";
  if (meta.status === 201) {
    const replayed = { "Idempotent-Replayed": header("Always `true`.", true) };
    const content = { "application/json": { schema: again } };
    return { 200: { description: repeated, headers: { ...RATE_HEADERS, ...replayed }, content }, 201: first };
  }
  const either = { schema: { anyOf: [schema, again] }, ...example };
  const replayed = { "Idempotent-Replayed": header("`true` on a repetition.") };
  const description = `${done} Or: ${repeated}`;
  return { 200: { description, headers: { ...RATE_HEADERS, ...replayed }, content: { "application/json": either } } };
}

/** Text when asked for plainly, JSON for whoever names it in `Accept`. */
function describeDownload(success: { content: JsonSchema }, types: readonly string[]): JsonSchema {
  const texts = types.map((type) => [type.split(";")[0], { schema: { type: "string" } }]);
  return {
    ...success,
    headers: {
      ...RATE_HEADERS,
      "X-Next-Cursor": { description: "The cursor of the next page; absent on the last.", schema: { type: "string" } },
    },
    content: { ...success.content, ...Object.fromEntries(texts) },
  };
}

/** A team's function beside our own operations: what it answers differs, how it is called and refused does not. */
function describeTeamFunction(path: string, called: TeamFunction): JsonSchema {
  const { responses, ...described } = describeFunction(path, called);
  const refusals = describeRefusals([...COMMON_ERRORS, ...BODY_ERRORS, ...FUNCTION_ERRORS]);
  return {
    ...described,
    parameters: [ORGANIZATION_HEADER],
    security: ANY_CREDENTIAL,
    responses: { ...responses, ...refusals },
  };
}

function describeErrors(operation: Operation): JsonSchema {
  const { meta } = operation;
  const common =
    meta.public === true ? PUBLIC_ERRORS : [...COMMON_ERRORS, ...(readsQuery(operation) ? [] : BODY_ERRORS)];
  return describeRefusals([...common, ...meta.errors]);
}

function describeRefusals(all: readonly ErrorCode[]): JsonSchema {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of new Set(all)) {
    byStatus.set(HTTP_STATUS[code], [...(byStatus.get(HTTP_STATUS[code]) ?? []), code]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, codes]) => [
      status,
      {
        description: codes.join(", "),
        ...(REFUSAL_HEADERS[status] && { headers: REFUSAL_HEADERS[status] }),
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ]),
  );
}

/** Turns zod schemas into JSON Schema, collecting those that carry an id as components. */
class Schemas {
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
