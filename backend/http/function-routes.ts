import { AccessError } from "../access/access-error.ts";
import type { Caller } from "../access/caller.ts";
import type { CallAnswer, FunctionCalls } from "../access/function-calls.ts";
import { decodeTimestamp, encodeTimestamp } from "../access/wire-timestamp.ts";
import type { JsonValue } from "../values/json.ts";
import { authenticate, type Authentication } from "./authenticate.ts";
import { type CallBody, decodeCallBody, decodeCallParameters, decodeRunBody } from "./call-body.ts";
import { toPlainJson } from "./plain-json.ts";
import { type BodyReading, readJsonBody } from "./request-body.ts";
import { sendJson, sendJsonText } from "./respond.ts";
import type { ApiRequest, RouteHandler, RouteTable } from "./route.ts";

export interface FunctionRoutesOptions {
  readonly calls: FunctionCalls;
  readonly authentication: Authentication;
  readonly body: BodyReading;
}

type Kind = "query" | "mutation" | "action" | "any";

/** A failed function is a successful request: clients tell it from a broken one by this status. */
const FUNCTION_FAILED = 560;
export const RUN_PREFIX = "/api/run/";

/** `POST /api/query`, `mutation`, `action` and `function`, `GET /api/query`, and consistent reads. */
export function functionRoutes(options: FunctionRoutesOptions): RouteTable {
  const call =
    (kind: Kind): RouteHandler =>
    async (request) => {
      const caller = await authenticate(request.req, options.authentication);
      const body = decodeCallBody(await readJsonBody(request.req, options.body));
      await answerCall(request, options.calls, caller, kind, body);
    };
  return new Map<string, RouteHandler>([
    ["POST /api/query", call("query")],
    ["POST /api/mutation", call("mutation")],
    ["POST /api/action", call("action")],
    ["POST /api/function", call("any")],
    [
      "POST /api/query_ts",
      async ({ res }) => sendJson(res, 200, { ts: encodeTimestamp(await options.calls.beginConsistentReads()) }),
    ],
    [
      "POST /api/query_at_ts",
      async ({ req, res }) => {
        const caller = await authenticate(req, options.authentication);
        const body = decodeCallBody(await readJsonBody(req, options.body));
        sendAnswer(res, await options.calls.queryAt(caller, body, requireMoment(body.ts)), body.format);
      },
    ],
    [
      "GET /api/query",
      async (request) => {
        const caller = await authenticate(request.req, options.authentication);
        await answerCall(request, options.calls, caller, "query", decodeCallParameters(request.url.searchParams));
      },
    ],
  ]);
}

/** `POST /api/run/<dir>/<module>/<function>`. */
export function runRoute(options: FunctionRoutesOptions): RouteHandler {
  return async (request) => {
    const caller = await authenticate(request.req, options.authentication);
    const path = decodeURIComponent(request.url.pathname.slice(RUN_PREFIX.length));
    const body = decodeRunBody(path, await readJsonBody(request.req, options.body));
    await answerCall(request, options.calls, caller, "any", body);
  };
}

async function answerCall(
  { res }: ApiRequest,
  calls: FunctionCalls,
  caller: Caller,
  kind: Kind,
  body: CallBody,
): Promise<void> {
  sendAnswer(res, await calls[kind](caller, body), body.format);
}

function requireMoment(text: string | null): number {
  try {
    return decodeTimestamp(text ?? "");
  } catch (error) {
    throw new AccessError(400, "BadRequest", "ts must be a timestamp from /api/query_ts.", { cause: error });
  }
}

/** Writes the outcome of a call in the form that the official HTTP client reads. */
export function sendAnswer(res: ApiRequest["res"], answer: CallAnswer, format: CallBody["format"]): void {
  const logLines = JSON.stringify(answer.logLines);
  if (answer.ok) {
    const value = format === "json" ? plainText(answer.value) : answer.value;
    // The value is JSON text already; parsing it only to write it again would cost as much as the query.
    sendJsonText(res, 200, `{"status":"success","value":${value},"logLines":${logLines}}`);
    return;
  }
  const { errorMessage, errorData } = answer;
  const data = errorData !== undefined && format === "json" ? toPlainJson(errorData) : errorData;
  const text = JSON.stringify({ status: "error", errorMessage, errorData: data, logLines: answer.logLines });
  sendJsonText(res, FUNCTION_FAILED, text);
}

function plainText(value: string): string {
  if (!value.includes('{"$')) return value;
  const parsed: JsonValue = JSON.parse(value);
  return JSON.stringify(toPlainJson(parsed));
}
