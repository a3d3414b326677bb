import type { IncomingMessage, ServerResponse } from "node:http";

const ALLOWED_HEADERS = "authorization, content-type, convex-client, content-encoding";
const ONE_DAY_S = "86400";

/**
 * Lets browsers of any origin call the API: callers authenticate by a header that no browser adds by itself, so an origin
 * proves nothing here.
 */
export function addCorsHeaders(req: IncomingMessage, res: ServerResponse): void {
  const { origin } = req.headers;
  if (origin === undefined) return;
  res.setHeader("access-control-allow-origin", origin);
  res.setHeader("access-control-allow-credentials", "true");
  res.setHeader("vary", "Origin");
}

/** Answers a preflight. */
export function sendPreflight(res: ServerResponse): void {
  res.writeHead(204, {
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": ALLOWED_HEADERS,
    "access-control-max-age": ONE_DAY_S,
  });
  res.end();
}
