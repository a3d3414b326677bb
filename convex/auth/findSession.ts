import type { Id } from "../_generated/dataModel.js";
import type { ActionCtx } from "../_generated/server.js";
import { createAuth } from "./auth.ts";

/**
 * The user whose live session this is, or null. `cookie` is the signed value of the session cookie, under
 * whichever name it arrived; `session` is the session's token as signing in answered it, or that signed value.
 * Only in actions and HTTP actions.
 */
export async function findSessionUserId(
  ctx: ActionCtx,
  credential: { type: "cookie"; value: string } | { type: "session"; token: string },
): Promise<Id<"user"> | null> {
  const auth = createAuth(ctx);
  const context = await auth.$context;
  const signed = credential.type === "cookie" ? credential.value : credential.token;
  if (credential.type === "session" && !signed.includes(".")) {
    const found = await context.internalAdapter.findSession(signed);
    if (found === null || found.session.expiresAt.getTime() <= Date.now()) return null;
    return toUserId(found.session.userId);
  }
  // better-auth looks under one name only, by whether its own address is HTTPS; a proxy may have seen another.
  const headers = new Headers({ cookie: `${context.authCookies.sessionToken.name}=${signed}` });
  const found = await auth.api.getSession({ headers, query: { disableRefresh: true } });
  return found === null ? null : toUserId(found.session.userId);
}

/** The decoder between better-auth's ids and ours. */
function toUserId(id: string): Id<"user"> {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the session table holds no other kind of id
  return id as Id<"user">;
}
