import type { Value } from "convex/values";
import { env } from "../_generated/server.js";
import { internal } from "../_generated/api.js";
import type { ActionCtx } from "../_generated/server.js";
import type { Arrival, Identified } from "../api/context.ts";
import { holdsPermission, requirePermission, whoIs } from "../api/whoIs.ts";
import { noteDenial } from "../model/audit/denialNotes.ts";
import { signRunToken } from "../model/tokens/runTokens.ts";
import { functions as teamFunctions } from "../run.gen.ts";
import { latchkeyError } from "../shared/errors.ts";
import type { FieldError } from "../shared/errors.ts";
import type { TeamFunction } from "../shared/functionManifest.ts";
import { readArguments, toPlainJson } from "../shared/functionValues.ts";
import { authenticate } from "./authenticate.ts";
import { readJson, requireSmallBody } from "./body.ts";
import { json, problem, rateHeaders } from "./respond.ts";
import type { Answer } from "./respond.ts";
import { callUpstream } from "./upstream.ts";

const PREFIX = "/api/run/";

/**
 * `POST /api/run/<module>/<function>`: runs a public function that a team has added to convex/ for the caller, who has
 * to hold the function's permission. Whatever is not in the manifest does not exist here, all of Latchkey's own included.
 */
export async function serveRun(ctx: ActionCtx, arrival: Arrival): Promise<Answer> {
  const { request, traceId } = arrival;
  requireSmallBody(request.headers);
  const { pathname, searchParams } = new URL(request.url);
  if (request.method !== "POST") {
    const refused = problem({ code: "METHOD_NOT_ALLOWED", message: "Functions are called by POST." }, traceId);
    return { ...refused, headers: { ...refused.headers, Allow: "POST" } };
  }
  const found = findFunction(pathname);
  const operation = found === null ? "run" : `run.${found.path.replaceAll(/[/:]/g, ".")}`;
  arrival.notes.operation = operation;
  // Before whether there is such a function: who shows no credential is told so first.
  const identified = await authenticate(ctx, arrival);
  const { path, called } = found ?? missingFunction();
  if (!holdsPermission(identified, called.permission)) {
    await noteDenial(ctx, identified.caller, { operation, code: "FORBIDDEN", target: null });
  }
  requirePermission(identified, called.permission);
  // Addresses end up in logs, so nothing is read from one.
  const inQuery = [...new Set(searchParams.keys())];
  if (inQuery.length > 0)
    throw wrong(inQuery.map((field) => ({ path: field, message: "Send this in the JSON body." })));
  const args = await requireArguments(ctx, called, await readJson(request));
  const token = await signRunToken(ctx, toCaller(identified));
  const outcome = await callUpstream({ origin: env.CONVEX_CLOUD_URL, kind: called.kind, path, args, token });
  const headers = rateHeaders(identified.rate);
  if (outcome.ok) return json(200, { value: toPlainJson(outcome.value) }, headers);
  const message = "The function refused. What it says is in data.";
  const refused = problem({ code: "FUNCTION_REFUSED", message }, traceId, { data: toPlainJson(outcome.data) });
  return { ...refused, headers: { ...refused.headers, ...headers } };
}

function findFunction(pathname: string): { path: string; called: TeamFunction } | null {
  const named = pathname.slice(PREFIX.length);
  const slash = named.lastIndexOf("/");
  const path = `${named.slice(0, Math.max(slash, 0))}:${named.slice(slash + 1)}`;
  const called = Object.hasOwn(teamFunctions, path) ? teamFunctions[path] : undefined;
  return called === undefined ? null : { path, called };
}

function missingFunction(): never {
  throw latchkeyError("NOT_FOUND", "There is no such function. Those that can be called are listed in /openapi.json.");
}

async function requireArguments(ctx: ActionCtx, called: TeamFunction, body: unknown): Promise<Value> {
  if (body !== undefined && (typeof body !== "object" || body === null || Array.isArray(body))) {
    throw latchkeyError("MALFORMED_REQUEST", "The body must be a JSON object: the function's arguments by name.");
  }
  const { args, fields, ids } = readArguments(called.args, { ...body });
  if (fields.length > 0 || args === undefined) throw wrong(fields);
  const wrongIds = ids.length === 0 ? [] : await ctx.runQuery(internal.run.findWrongIds, { ids });
  if (wrongIds.length > 0) throw wrong(wrongIds.map((path) => ({ path, message: "This is no id of that table." })));
  return args;
}

function toCaller(identified: Identified): Parameters<typeof signRunToken>[1] {
  const { permissions, organizationId } = whoIs(identified, Date.now());
  const id = identified.type === "key" ? identified.caller.keyId : identified.userId;
  return { type: identified.type, id, organizationId, permissions };
}

function wrong(fields: FieldError[]): Error {
  return latchkeyError("INVALID_INPUT", "The arguments are not right. See errors for what to change.", fields);
}
