import { roleMatrixMarkdown } from "../shared/roleMatrix.ts";
import type { FunctionManifest, TeamFunction } from "../shared/functionManifest.ts";
import { FUNCTIONS_TAG, describeFunction, functionAddress } from "./functionDocument.ts";
import { Schemas } from "./jsonSchemas.ts";
import type { JsonSchema } from "./jsonSchemas.ts";
import type { Operation } from "./operations.ts";
import { pathFields } from "./operations.ts";
import { PROBLEM_SCHEMA, RATE_HEADERS, describeErrors, describeFunctionErrors, header } from "./refusalDocument.ts";
import { readsQuery } from "./rest.ts";

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
  return {
    ...described,
    parameters: [ORGANIZATION_HEADER],
    security: ANY_CREDENTIAL,
    responses: { ...responses, ...describeFunctionErrors() },
  };
}
