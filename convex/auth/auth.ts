import { betterAuth } from "better-auth/minimal";
import { createAuthMiddleware, getSessionFromCtx } from "better-auth/api";
import type { ActionCtx } from "../_generated/server.js";
import { convexAdapter } from "./adapter.ts";
import { readAuthEnvironment } from "./environment.ts";
import type { Origin } from "./membershipAudit.ts";
import { CLIENT_IP_HEADER, sessionOptions } from "./options.ts";
import { refuseSuspended } from "./suspension.ts";

/** What the gateway knows of a request; `id` is its trace id. */
export type AuthRequest = { id: string; ip?: string; agent?: string };

/**
 * better-auth for one request: `handler(request)` serves `/api/auth/*`, `api.getSession({ headers })` reads a
 * session. Made per request because it reads and writes through `ctx`. Only in actions and HTTP actions.
 */
export function createAuth(ctx: ActionCtx, request: AuthRequest = { id: "internal" }) {
  const origin: Origin = { userId: null, request };
  return betterAuth({
    ...sessionOptions(readAuthEnvironment()),
    database: convexAdapter(ctx, { origin }),
    hooks: {
      before: createAuthMiddleware(async (context) => {
        if (!context.path.startsWith("/organization/")) return;
        const found = await getSessionFromCtx(context);
        // The audit trail names who changed the organization.
        origin.userId = found?.user.id ?? null;
        if (found === null) return;
        const { activeOrganizationId } = found.session;
        await refuseSuspended(ctx, context, { userId: found.user.id, activeOrganizationId });
      }),
    },
  });
}

/** Serves one request to `/api/auth/*`. The client's address is the gateway's word, never the client's own. */
export async function serveAuth(ctx: ActionCtx, request: Request, known: AuthRequest): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.delete(CLIENT_IP_HEADER);
  if (known.ip !== undefined) headers.set(CLIENT_IP_HEADER, known.ip);
  return await createAuth(ctx, known).handler(new Request(request, { headers }));
}
