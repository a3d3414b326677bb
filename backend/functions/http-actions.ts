import type { FunctionError } from "../values/function-error.ts";
import type { HttpCaller } from "./calls.ts";
import type { CompletionLog } from "./completion-log.ts";
import { createRoot, Execution, executions } from "./execution.ts";
import { errorText, toFunctionError } from "./function-failure.ts";
import { findHttpRoute } from "./http-route.ts";
import type { LoadedDeployment } from "./loaded-deployment.ts";
import { IncomingRequest } from "../web/incoming-request.ts";

/** Routes a request to its HTTP action and runs it. A failure of user code is an answer of status 500. */
export async function runHttpAction(
  loaded: LoadedDeployment | null,
  request: Request,
  caller: HttpCaller | undefined,
  log: CompletionLog,
  production: boolean,
): Promise<Response> {
  if (loaded === null) return new Response("No functions have been deployed yet.", { status: 404 });
  const { method } = request;
  const pathname = pathOf(request.url);
  const root = createRoot(caller);
  const run = log.start("HttpAction", "", `${method} ${pathname}`, root);
  try {
    const found = findHttpRoute(loaded, pathname, method);
    const route = found instanceof Promise ? await found : found;
    if (route === null) return new Response(`No HttpAction routed for ${pathname}`, { status: 404 });
    const execution = new Execution({ kind: "httpAction", mount: route.mount, functionPath: "http:default", root });
    // What the host parses has the host's prototypes; user code expects objects of its own realm.
    if (request instanceof IncomingRequest) request.parseWith(loaded.realm.parseJson);
    else Object.defineProperty(request, "json", loaded.realm.jsonMethod);
    const response = await executions.run(execution, () => route.invoke(request));
    if (!(response instanceof Response)) throw new TypeError("An HTTP action must return a Response.");
    run?.end({ ok: true, value: "null" });
    return response;
  } catch (thrown) {
    const error = toFunctionError(thrown, (stack) => loaded.mapStack(stack));
    run?.end({ ok: false, error });
    return toResponse(error, root.requestId, production);
  }
}

function toResponse(error: FunctionError, requestId: string, production: boolean): Response {
  const code = `[Request ID: ${requestId}] Server Error`;
  const trace = production ? undefined : errorText(error);
  return Response.json({ code, trace, data: error.data }, { status: 500 });
}

/** The path of a normalized absolute URL; parsing all of it would cost more than routing. */
function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start === -1) return "/";
  let end = url.length;
  for (let i = start; i < url.length; i++) {
    const code = url.charCodeAt(i);
    if (code === 63 /* ? */ || code === 35 /* # */) {
      end = i;
      break;
    }
  }
  return url.slice(start, end);
}
