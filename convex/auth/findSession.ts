import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import type { ActionCtx } from "../_generated/server.js";
import { readAuthEnvironment } from "./environment.ts";
import { readSignedCookie } from "./signedCookie.ts";

// Every call of a signed-in person passes here. Setting up better-auth costs more than the rest of such a call, so
// this reads its cookie and its table directly; test/gateway/sessions.test.ts holds the two to the same answers.

/** A live session, and whose it is. */
export type LiveSession = { sessionId: Id<"session">; userId: Id<"user"> };

/**
 * The live session that this shows, or null. `cookie` is the signed value of the session cookie, under
 * whichever name it arrived; `session` is the session's token as signing in answered it, or that signed value.
 * Only in actions and HTTP actions: it looks at the clock.
 */
export async function findSession(
  ctx: ActionCtx,
  credential: { type: "cookie"; value: string } | { type: "session"; token: string },
): Promise<LiveSession | null> {
  const token = await readToken(credential);
  if (token === null) return null;
  const session = await ctx.runQuery(internal.sessions.byToken, { token });
  if (session === null || session.expiresAt <= Date.now()) return null;
  return { sessionId: session.sessionId, userId: session.userId };
}

async function readToken(credential: Parameters<typeof findSession>[1]): Promise<string | null> {
  // As signing in answers it, a token has no signature: nobody guesses one.
  if (credential.type === "session" && !credential.token.includes(".")) return credential.token;
  const signed = credential.type === "cookie" ? credential.value : credential.token;
  return await readSignedCookie(signed, readAuthEnvironment().secret);
}
