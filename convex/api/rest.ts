import type { AnyRouter } from "@trpc/server";
import { callTRPCProcedure } from "@trpc/server";
import { ConvexError } from "convex/values";
import * as z from "zod";
import { latchkeyError } from "../shared/errors.ts";
import type { ApiContext } from "./context.ts";
import type { Operation } from "./operations.ts";
import { pathFields } from "./operations.ts";
import { toRefusal, wrongInput } from "./refusal.ts";

/** Whether an operation's input arrives in the query instead of a body. */
export function readsQuery(operation: Operation): boolean {
  return operation.meta.method === "GET" || operation.meta.method === "DELETE";
}

/**
 * The input of an operation, gathered from the path, and from the query or the body. Throws INVALID_INPUT
 * when the query repeats a field or is used where a body belongs. Types are the schema's business.
 */
export function gatherInput(
  operation: Operation,
  parts: { params: Record<string, string>; query: URLSearchParams; body: unknown },
): Record<string, unknown> {
  const inPath = pathFields(operation.meta.path);
  const given = readsQuery(operation) ? fromQuery(operation, parts.query) : fromBody(parts.query, parts.body);
  const misplaced = inPath.filter((field) => Object.hasOwn(given, field));
  if (misplaced.length > 0) throw refuse(misplaced, "This field belongs into the path only.");
  return { ...given, ...parts.params };
}

/** Calls the procedure exactly as a tRPC request would, and answers what it returned. Throws refusals as themselves. */
export async function callOperation(
  router: AnyRouter,
  operation: Operation,
  ctx: ApiContext,
  input: Record<string, unknown>,
): Promise<unknown> {
  try {
    return await callTRPCProcedure({
      router,
      path: operation.name,
      type: operation.type,
      ctx,
      getRawInput: async () => input,
      signal: ctx.arrival.request.signal,
      batchIndex: 0,
    });
  } catch (thrown) {
    // tRPC wraps everything. Only here is it known what its own refusals mean.
    const refusal = toRefusal(thrown);
    if (refusal === null) throw thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
    throw new ConvexError(refusal);
  }
}

function fromQuery(operation: Operation, query: URLSearchParams): Record<string, unknown> {
  const repeated = [...new Set(query.keys())].filter((field) => query.getAll(field).length > 1);
  if (repeated.length > 0) throw refuse(repeated, "Give this field once.");
  return Object.fromEntries([...query].map(([field, text]) => [field, toTyped(operation.input.shape[field], text)]));
}

function fromBody(query: URLSearchParams, body: unknown): Record<string, unknown> {
  const inQuery = [...query.keys()];
  // Addresses end up in logs, so nothing that may be secret is read from one.
  if (inQuery.length > 0) throw refuse(inQuery, "Send this field in the JSON body.");
  if (body === undefined) return {};
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw latchkeyError("MALFORMED_REQUEST", "The body must be a JSON object.");
  }
  return { ...body };
}

/** A query holds text only. What does not read as the wanted type stays text, for the schema to refuse by name. */
function toTyped(schema: unknown, text: string): unknown {
  let inner = schema;
  while (inner instanceof z.ZodOptional || inner instanceof z.ZodDefault) inner = inner.unwrap();
  if (inner instanceof z.ZodArray) return text.split(",");
  if (inner instanceof z.ZodNumber) return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
  if (inner instanceof z.ZodBoolean && (text === "true" || text === "false")) return text === "true";
  return text;
}

function refuse(paths: string[], message: string): Error {
  return new ConvexError(wrongInput(paths.map((path) => ({ path, message }))));
}
