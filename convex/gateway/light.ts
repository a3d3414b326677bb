import type { ActionCtx } from "../_generated/server.js";
import type { Arrival } from "../api/context.ts";
import { holdsPermission, whoIs } from "../api/whoIs.ts";
import { verifyKey, writeVerification } from "../model/verification/verifyKey.ts";
import { readQuestion } from "../model/verification/verifyQuestion.ts";
import type { VerifyInput, VerifyQuestion } from "../model/verification/verifyQuestion.ts";
import { authenticate } from "./authenticate.ts";
import { JWT_MAX_LENGTH } from "../shared/jwt.ts";
import { readJson, requireSmallBody } from "./body.ts";
import { json, jsonText, rateHeaders } from "./respond.ts";
import type { Answer } from "./respond.ts";

// The operations that other products call once per request of their own. They answer exactly as their procedures
// do, and share all but the reading of input with them; what is not plain goes to the procedure itself.

/** `POST /api/v1/keys/verify`. */
export async function serveVerify(ctx: ActionCtx, arrival: Arrival): Promise<Answer | Response> {
  const { request, notes } = arrival;
  notes.operation = "keys.verify";
  requireSmallBody(request.headers);
  const identified = await authenticate(ctx, arrival);
  const body = await readJson(request);
  const question = request.url.includes("?") ? null : readPlain(body);
  // A refusal is the procedure's: it is noted there.
  if (question === null || !holdsPermission(identified, "keys:verify")) {
    const { serveOperation } = await import("./rest.ts");
    return await serveOperation(ctx, arrival, { name: "keys.verify", identified, body });
  }
  const verification = await verifyKey(ctx, identified.caller.organizationId, question, arrival);
  return jsonText(200, writeVerification(verification), rateHeaders(identified.rate));
}

/** `GET /api/v1/whoami`. */
export async function serveWhoami(ctx: ActionCtx, arrival: Arrival): Promise<Answer | Response> {
  arrival.notes.operation = "whoami";
  const identified = await authenticate(ctx, arrival);
  if (arrival.request.url.includes("?")) {
    const { serveOperation } = await import("./rest.ts");
    return await serveOperation(ctx, arrival, { name: "whoami", identified, body: undefined });
  }
  return json(200, whoIs(identified, Date.now()), rateHeaders(identified.rate));
}

/** The question in an input that needs no schema to be found right; null for every other one, and then the schema says why. */
function readPlain(input: unknown): VerifyQuestion | null {
  if (!isPlain(input) || input.key.length === 0 || input.key.length > JWT_MAX_LENGTH) return null;
  const { question, fields } = readQuestion(input);
  return fields.length === 0 ? question : null;
}

const TEXTS: ReadonlySet<string> = new Set([
  "key",
  "permission",
  "ip",
  "resource",
  "license",
] satisfies (keyof VerifyInput)[]);

/** Whether every field has its type. What it says is read by `readQuestion`, here as after the schema. */
function isPlain(input: unknown): input is VerifyInput {
  if (typeof input !== "object" || input === null || !("key" in input)) return false;
  return Object.keys(input).every((field) => {
    const value: unknown = Reflect.get(input, field);
    if (TEXTS.has(field)) return typeof value === "string";
    if (field === "cost") return typeof value === "number";
    return field === "tags" && Array.isArray(value) && value.every((tag) => typeof tag === "string");
  });
}
