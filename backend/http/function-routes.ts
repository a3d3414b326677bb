import { type Caller } from "../access/caller.ts";
import type { CallAnswer, FunctionCalls } from "../access/function-calls.ts";
import type { JsonValue } from "../values/json.ts";
import { authenticate, type Authentication } from "./authenticate.ts";
import { type CallBody, decodeCallBody, decodeCallParameters, decodeRunBody } from "./call-body.ts";
import { toPlainJson } from "./plain-json.ts";
import { type BodyReading, readJsonBody } from "./request-body.ts";
import { sendJsonText } from "./respond.ts";
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

/** `POST /api/query`, `mutation`, `action` and `function`, and `GET /api/query`. */
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
