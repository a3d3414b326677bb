import type { ActionCtx } from "../_generated/server.js";
import type { Arrival } from "../api/context.ts";
import { FAULT, toErrorData } from "../shared/errors.ts";
import type { LatchkeyErrorData } from "../shared/errors.ts";
import { noteUse, settleUses } from "../model/usage/keyUses.ts";
import { clientAddress } from "./clientAddress.ts";
import { withinDeadline } from "./deadline.ts";
import { corsHeaders, preflightHeaders } from "./origins.ts";
import type { Answer, Problem } from "./respond.ts";
import { noContent, problem } from "./respond.ts";

/** Serves one area of the edge. Refuses by throwing; a `Response` from another handler is passed on. */
export type Serve = (ctx: ActionCtx, arrival: Arrival) => Promise<Answer | Response>;

const MAX_AGENT_LENGTH = 256;

/**
 * The whole of a request's stay: preflight, serve within the deadline, turn a throw into a problem, and give
 * every answer its trace id and CORS headers. Nothing else at the edge catches.
 */
export async function handle(ctx: ActionCtx, request: Request, serve: Serve): Promise<Response> {
  const traceId = crypto.randomUUID();
  if (request.method === "OPTIONS")
    return toResponse(noContent(preflightHeaders(request.headers)), { traceId, cors: {} });
  const cors = corsHeaders(request.headers);
  const arrival = toArrival(request, traceId);
  try {
    const answer = await withinDeadline(serve(ctx, arrival));
    const counted = countCall(ctx, arrival, outcomeOf(answer));
    if (counted !== undefined) await counted;
    return answer instanceof Response ? passOn(answer, { traceId, cors }) : toResponse(answer, { traceId, cors });
  } catch (thrown) {
    const refusal = toRefusal(thrown, traceId);
    await countCall(ctx, arrival, refusal.code);
    return toResponse(problem(refusal, traceId), { traceId, cors });
  }
}

function toArrival(request: Request, traceId: string): Arrival {
  return {
    request,
    traceId,
    ip: clientAddress(request.headers),
    agent: readAgent(request.headers),
    notes: { key: null, isAdmitted: false, operation: null, calls: [] },
  };
}

/**
 * Counts the call for its key, if a key made it, and sees to it that this and what the call counted for other keys is
 * written, which is waited for where it must be. `outcome` is for a request that ended before its operation was run, or
 * that is not run as one.
 */
function countCall(ctx: ActionCtx, { notes, ip, agent }: Arrival, outcome: string): Promise<void> | undefined {
  const { key, isAdmitted, operation, calls } = notes;
  if (key !== null) {
    const at = Date.now();
    const by = isAdmitted ? { ip, agent } : null;
    for (const call of calls.length > 0 ? calls : [{ operation: operation ?? "unknown", outcome }]) {
      noteUse(key, { ...call, at, by });
    }
  }
  return settleUses(ctx);
}

/** `OK`, or the code of a refusal that was answered instead of thrown. */
function outcomeOf(answer: Answer | Response): string {
  if (answer instanceof Response || answer.status < 400) return "OK";
  const { code }: Partial<Problem> = JSON.parse(answer.body ?? "{}");
  return code ?? "INTERNAL";
}

type Envelope = { traceId: string; cors: Record<string, string> };

function toResponse(answer: Answer, { traceId, cors }: Envelope): Response {
  const headers = { ...answer.headers, ...cors, "X-Content-Type-Options": "nosniff", "X-Trace-Id": traceId };
  return new Response(answer.body, { status: answer.status, headers });
}

function passOn(response: Response, { traceId, cors }: Envelope): Response {
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(cors)) headers.set(name, value);
  if (!headers.has("Cache-Control")) headers.set("Cache-Control", "no-store");
  headers.set("X-Content-Type-Options", "nosniff");
  headers.set("X-Trace-Id", traceId);
  return new Response(response.body, { status: response.status, headers });
}

function readAgent(headers: Headers): string | null {
  return headers.get("user-agent")?.slice(0, MAX_AGENT_LENGTH) ?? null;
}

/** A fault of ours tells its caller only the trace id, by which the log is found. */
function toRefusal(thrown: unknown, traceId: string): LatchkeyErrorData {
  const refusal = toErrorData(thrown);
  if (refusal !== null) return refusal;
  // oxlint-disable-next-line no-console -- the deployment's log is where an operator looks the trace id up
  console.error(`[${traceId}]`, thrown);
  return FAULT;
}
