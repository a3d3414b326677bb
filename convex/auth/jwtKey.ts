import type { ActionCtx } from "../_generated/server.js";
import type { Signed } from "../model/keys/jwtKeys.ts";
import { signJwt } from "../model/tokens/signing.ts";
import { latchkeyError } from "../shared/errors.ts";
import { JWT_MAX_LENGTH, KEY_TYP } from "../shared/jwt.ts";
import { generateKeyIdText } from "../shared/keyFormat.ts";
import type { GeneratedKey, KeyEnv } from "../shared/keyFormat.ts";

/** What a JWT key says of itself, beside what is public about every key. Moments in epoch milliseconds. */
export type JwtParts = {
  prefix: string;
  env: KeyEnv;
  /** Given when rotating, so that the new JWT names the same key. */
  keyIdText?: string;
  organizationId: string;
  notBefore: number | null;
  signed: Signed;
};

/** A fresh JWT key. It has no audience, so Convex takes it for nobody's session. Throws INVALID_INPUT when its permissions do not fit. */
export async function generateJwtKey(ctx: ActionCtx, parts: JwtParts): Promise<GeneratedKey> {
  const { prefix, env, organizationId, notBefore, signed } = parts;
  const keyIdText = parts.keyIdText ?? generateKeyIdText();
  const key = await signJwt(ctx, KEY_TYP, {
    sub: keyIdText,
    org: organizationId,
    env,
    permissions: signed.permissions,
    iat: Math.floor(Date.now() / 1000),
    ...(notBefore !== null && { nbf: Math.ceil(notBefore / 1000) }),
    exp: Math.floor(signed.expiresAt / 1000),
    jti: crypto.randomUUID(),
  });
  if (key.length > JWT_MAX_LENGTH) {
    const message = "These permissions do not fit into a JWT. Grant fewer, or wildcards.";
    throw latchkeyError("INVALID_INPUT", message, [{ path: "permissions", message }]);
  }
  return { key, prefix, env, keyIdText, start: `${prefix}_${env}_${keyIdText}`, last4: key.slice(-4) };
}
