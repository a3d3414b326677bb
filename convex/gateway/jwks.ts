import type { ActionCtx } from "../_generated/server.js";
import { listPublicKeys } from "../model/tokens/signing.ts";
import type { Answer } from "./respond.ts";

// Short, so that a key which is withdrawn is forgotten, and a new one known, within minutes.
const MAX_AGE_S = 300;

/** `GET /.well-known/jwks.json`: the public keys by which anybody checks JWT keys and exchange tokens (RFC 7517). */
export async function serveJwks(ctx: ActionCtx): Promise<Answer> {
  return {
    status: 200,
    body: JSON.stringify({ keys: await listPublicKeys(ctx) }),
    headers: { "Content-Type": "application/json", "Cache-Control": `public, max-age=${MAX_AGE_S}` },
  };
}
