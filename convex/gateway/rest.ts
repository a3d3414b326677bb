import type { ActionCtx } from "../_generated/server.js";
import type { ApiContext, Arrival, Identified } from "../api/context.ts";
import { openApiDocument } from "../api/openapi.ts";
import { matchOperation, operationsOf } from "../api/operations.ts";
import type { Operation } from "../api/operations.ts";
import { findRepeated, readOnce } from "../api/repetition.ts";
import { callOperation, gatherInput, readsQuery } from "../api/rest.ts";
import { appRouter } from "../api/router.ts";
import { downloadSchema } from "../api/trpc.ts";
import type { LiveSession } from "../auth/findSession.ts";
import { functions } from "../run.gen.ts";
import { latchkeyError } from "../shared/errors.ts";
import { authenticate, findPerson } from "./authenticate.ts";
import { readJson, requireSmallBody } from "./body.ts";
import { download, json, noContent, problem, rateHeaders } from "./respond.ts";
import type { Answer } from "./respond.ts";

const operations = operationsOf(appRouter);
let document: string | undefined;

/** Everything under `/api/v1`, and `/api/health`: finds the operation, who calls it, its input, and answers what it returns. */
export async function serveRest(ctx: ActionCtx, arrival: Arrival): Promise<Answer> {
  const { request } = arrival;
  requireSmallBody(request.headers);
  const { pathname, searchParams } = new URL(request.url);
  const match = matchOperation(operations, request.method === "HEAD" ? "GET" : request.method, pathname);
  if (match === null) throw latchkeyError("NOT_FOUND", "Nothing is here. The operations are listed in /openapi.json.");
  if ("allowed" in match) {
    const message = `This address takes ${match.allowed.join(" and ")} only.`;
    const refused = problem({ code: "METHOD_NOT_ALLOWED", message }, arrival.traceId);
    return { ...refused, headers: { ...refused.headers, Allow: match.allowed.join(", ") } };
  }
  const { operation, params } = match;
  arrival.notes.operation = operation.name;
  const ownKeyId = operation.meta.forOwner === true ? params.keyId : undefined;
  const caller = await findCaller(ctx, arrival, operation, ownKeyId);
  const body = readsQuery(operation) ? undefined : await readJson(request);
  return await answer(ctx, arrival, operation, { ...caller, params, query: searchParams, body });
}

/** The rest of the way for an operation whose caller and body are known already. */
export async function serveOperation(
  ctx: ActionCtx,
  arrival: Arrival,
  { name, identified, body }: { name: string; identified: Identified; body: unknown },
): Promise<Answer> {
  const operation = operations.find((candidate) => candidate.name === name);
  if (operation === undefined) throw new Error(`There is no operation ${name}`);
  const query = new URL(arrival.request.url).searchParams;
  return await answer(ctx, arrival, operation, { identified, params: {}, query, body });
}

/** `GET /openapi.json`: the document of exactly these operations and the team's functions, made once. */
export async function serveDocument(): Promise<Answer> {
  document ??= JSON.stringify(openApiDocument(operations, functions));
  return {
    status: 200,
    body: document,
    headers: { "Content-Type": "application/json", "Cache-Control": "public, max-age=300" },
  };
}

type Found = { identified: Identified | null; person?: LiveSession | null };

/** Who calls, as far as the operation asks: nobody, a person in no organization, or a caller in one. */
async function findCaller(
  ctx: ActionCtx,
  arrival: Arrival,
  { meta }: Operation,
  ownKeyId: string | undefined,
): Promise<Found> {
  if (meta.public === true) return { identified: null };
  if (meta.person !== true) return { identified: await authenticate(ctx, arrival, ownKeyId) };
  return { identified: null, person: await findPerson(ctx, arrival) };
}

async function answer(
  ctx: ActionCtx,
  arrival: Arrival,
  operation: Operation,
  given: Found & { params: Record<string, string>; query: URLSearchParams; body: unknown },
): Promise<Answer> {
  const { identified, person } = given;
  const context: ApiContext = {
    convex: ctx,
    arrival,
    identify: async () => identified ?? (await authenticate(ctx, arrival)),
    identifyPerson: async () => (person === undefined ? await findPerson(ctx, arrival) : person),
  };
  const headers = rateHeaders(identified?.rate ?? null);
  const input = gatherInput(operation, given);
  const once = readOnce(operation, arrival.request.headers, input);
  if (once !== null) {
    const repeated = await findRepeated(context, once);
    if (repeated !== null) return json(200, repeated, { ...headers, "Idempotent-Replayed": "true" });
    context.once = once;
  }
  const output = await callOperation(appRouter, operation, context, input);
  if (operation.meta.download !== undefined && !acceptsJson(arrival.request.headers)) {
    return download(downloadSchema.parse(output), headers);
  }
  return operation.meta.status === 204 ? noContent(headers) : json(operation.meta.status, output, headers);
}

/** Whether the caller asks for JSON by name, as programs do; browsers and curl take anything. */
function acceptsJson(headers: Headers): boolean {
  return headers.get("accept")?.includes("application/json") ?? false;
}
