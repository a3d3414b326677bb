import type { ActionCtx } from "../_generated/server.js";
import type { Arrival } from "../api/context.ts";
import { serveAuth } from "../auth/auth.ts";
import { isAuthRoute } from "../auth/routes.ts";
import { latchkeyError } from "../shared/errors.ts";
import { readJson, requireSmallBody } from "./body.ts";
import { FRONT_HEADERS } from "./clientAddress.ts";
import { isSafe } from "./origins.ts";

/** Under `/api/auth`, better-auth's own routes as far as the product uses them, held to the edge's limits. It checks origins itself. */
export async function serveSession(ctx: ActionCtx, { request, traceId, ip, agent }: Arrival): Promise<Response> {
  if (!isAuthRoute(request.method, new URL(request.url).pathname)) {
    throw latchkeyError("NOT_FOUND", "Nothing is here. Keys are managed under /api/v1, as /openapi.json lists.");
  }
  requireSmallBody(request.headers);
  // Read here, because better-auth takes JSON that does not parse for a fault of its own.
  const input = isSafe(request.method) ? undefined : await readJson(request);
  const body = input === undefined ? {} : { body: JSON.stringify(input) };
  const headers = new Headers(request.headers);
  for (const name of FRONT_HEADERS) headers.delete(name);
  const whole = new Request(request.url, { method: request.method, headers, ...body });
  return await serveAuth(ctx, whole, { id: traceId, ...(ip !== null && { ip }), ...(agent !== null && { agent }) });
}
