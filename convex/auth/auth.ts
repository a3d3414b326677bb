import { betterAuth } from "better-auth/minimal";
import { createAuthMiddleware, getSessionFromCtx } from "better-auth/api";
import type { ActionCtx } from "../_generated/server.js";
import { convexAdapter } from "./adapter.ts";
import { readAuthEnvironment } from "./environment.ts";
import type { Origin } from "./membershipAudit.ts";
import { CLIENT_IP_HEADER, sessionOptions } from "./options.ts";
import { checkNewcomer } from "./newcomers.ts";
import { noteMembershipDenial } from "./membershipDenials.ts";
import type { Attempt } from "./membershipDenials.ts";
import { organizationOf, refuseSuspended } from "./suspension.ts";

/** What the gateway knows of a request; `id` is its trace id. */
export type AuthRequest = { id: string; ip?: string; agent?: string };

/**
 * better-auth for one request: `handler(request)` serves `/api/auth/*`, `api.getSession({ headers })` reads a
 * session, `onAttempt` learns what a member tries. Made per request because it reads and writes through `ctx`. Only in actions and HTTP actions.
 */
export function createAuth(
  ctx: ActionCtx,
  request: AuthRequest = { id: "internal" },
  onAttempt: (attempt: Attempt) => void = () => undefined,
) {
  const origin: Origin = { userId: null, request };
  return betterAuth({
    ...sessionOptions(readAuthEnvironment()),
    database: convexAdapter(ctx, { origin }),
    hooks: {
      before: createAuthMiddleware(async (context) => {
        const checked = checkNewcomer(context.path, context.body);
        const changed = checked === null ? undefined : { context: { body: checked } };
        if (!context.path.startsWith("/organization/")) return changed;
        const found = await getSessionFromCtx(context);
        // The audit trail names who changed the organization.
        origin.userId = found?.user.id ?? null;
        if (found === null) return changed;
        const organization = organizationOf(context, found.session.activeOrganizationId);
        if (organization === null) return changed;
        const userId = found.user.id;
        onAttempt({ userId, organization, path: context.path });
        await refuseSuspended(ctx, { userId, organization });
        return changed;
      }),
    },
  });
}

/** Serves one request to `/api/auth/*`. The client's address is the gateway's word, never the client's own. */
export async function serveAuth(ctx: ActionCtx, request: Request, known: AuthRequest): Promise<Response> {
  const headers = new Headers(request.headers);
  headers.delete(CLIENT_IP_HEADER);
  if (known.ip !== undefined) headers.set(CLIENT_IP_HEADER, known.ip);
  let attempt: Attempt | null = null;
  const auth = createAuth(ctx, known, (made) => (attempt = made));
  const response = await auth.handler(new Request(request, { headers }));
  if (response.status === 403 && attempt !== null) await noteMembershipDenial(ctx, attempt, known);
  return response;
}
