import type { ActionCtx } from "../../_generated/server.js";
import { RUN_APPLICATION_ID } from "../../auth/environment.ts";
import { signJwt } from "./signing.ts";

/** Whom a function is called for. */
export type RunCaller = {
  type: "key" | "user";
  /** The key's or the user's id. */
  id: string;
  organizationId: string;
  /** What the caller may do now. */
  permissions: readonly string[];
};

// Longer than any call takes, and short enough that one which leaked is worth nothing.
const LIFETIME_S = 60;

/**
 * The credential with which the gateway calls a function of the team's, never shown to anybody. The function finds in
 * `ctx.auth.getUserIdentity()`: `subject`, `callerType`, `organizationId`, `permissions`, and for a key `keyId`.
 */
export async function signRunToken(ctx: ActionCtx, caller: RunCaller): Promise<string> {
  const iat = Math.floor(Date.now() / 1000);
  return await signJwt(ctx, "JWT", {
    aud: RUN_APPLICATION_ID,
    // A key is no user: what looks for the user of this id, as Latchkey's own queries do, finds nobody.
    sub: caller.type === "user" ? caller.id : `key:${caller.id}`,
    callerType: caller.type,
    ...(caller.type === "key" && { keyId: caller.id }),
    organizationId: caller.organizationId,
    permissions: caller.permissions,
    iat,
    exp: iat + LIFETIME_S,
    jti: crypto.randomUUID(),
  });
}
