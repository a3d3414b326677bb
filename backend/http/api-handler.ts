import type { IncomingMessage, ServerResponse } from "node:http";
import { AccessError } from "../access/access-error.ts";
import type { BackendLogEntry } from "../config.ts";
import { addCorsHeaders, sendPreflight } from "./cors.ts";
import { sendError } from "./respond.ts";
import type { RouteHandler, RouteTable } from "./route.ts";
import { MISSING_FEATURES } from "./server-routes.ts";

export interface ApiHandlerOptions {
  readonly routes: readonly RouteTable[];
  /** Routes for every path below a prefix, asked in order when no exact route matches. */
  readonly prefixes: readonly { readonly prefix: string; readonly method: string; readonly handler: RouteHandler }[];
  readonly log: (entry: BackendLogEntry) => void;
}

export type NodeHandler = (req: IncomingMessage, res: ServerResponse) => void;

/** A request handler for the API origin: CORS, the route, and JSON errors for whatever goes wrong. */
export function createApiHandler(options: ApiHandlerOptions): NodeHandler {
  const routes = new Map(options.routes.flatMap((table) => [...table]));
  return (req, res) => {
    addCorsHeaders(req, res);
    if (req.method === "OPTIONS") {
      sendPreflight(res);
      return;
    }
    const answer = async (): Promise<void> => {
      const url = parseTarget(req);
      const handler = routes.get(`${req.method} ${url.pathname}`) ?? findPrefix(options, req, url) ?? notFound(url);
      await handler({ req, res, url });
    };
    answer().catch((error: unknown) => sendError(res, error, options.log));
  };
}

function parseTarget(req: IncomingMessage): URL {
  const target = req.url ?? "/";
  const base = "http://localhost";
  if (!URL.canParse(target, base)) throw new AccessError(400, "BadRequest", "The request's path is invalid.");
  return new URL(target, base);
}

function findPrefix({ prefixes }: ApiHandlerOptions, req: IncomingMessage, url: URL): RouteHandler | undefined {
  return prefixes.find(({ prefix, method }) => method === req.method && url.pathname.startsWith(prefix))?.handler;
}

function notFound({ pathname }: URL): RouteHandler {
  return () => {
    const missing = MISSING_FEATURES.find(({ prefix }) => pathname.startsWith(prefix));
    if (missing !== undefined) {
      throw new AccessError(501, "FeatureNotAvailable", `${missing.feature} is not available in this backend.`);
    }
    throw new AccessError(404, "NotFound", `There is no route ${pathname}.`);
  };
}
