import { errors, importJWK, jwtVerify } from "jose";
import { internal } from "../../_generated/api.js";
import type { ActionCtx } from "../../_generated/server.js";
import { readAuthEnvironment } from "../../auth/environment.ts";
import { JWT_ALGORITHM, MAX_TOKEN_LIFETIME_MS, TOKEN_TYP, readJwtHeader } from "../../shared/jwt.ts";
import { narrowPermissions } from "../../shared/permissions.ts";
import type { KeyState } from "../verification/keyStates.ts";
import { signJwt } from "./signing.ts";
import { isTrustedForTokens } from "./signingKeys.ts";

/** What a token is asked for: for whom it is, which part of the key's permissions it carries, and its end in epoch milliseconds. */
export type TokenWish = { audience: string; permissions: readonly string[]; expiresAt: number };

/** An exchange token that was shown to us: the key it is of, cut to the token's part of it, and the token's end in epoch milliseconds. */
export type ShownToken = { key: KeyState; narrowedTo: string[]; narrowedUntil: number };

/** An exchange token of a key. Its `jti` names the secret that it was made with, so that it ends with that secret. */
export async function signToken(ctx: ActionCtx, key: KeyState, wish: TokenWish): Promise<string> {
  const sub = await ctx.runQuery(internal.tokens.subjectOf, { keyId: key.keyId });
  if (sub === null) throw new Error("A key that has just called is gone");
  return await signJwt(ctx, TOKEN_TYP, {
    aud: wish.audience,
    sub,
    org: key.organizationId,
    env: key.env,
    permissions: wish.permissions,
    iat: Math.floor(Date.now() / 1000),
    exp: Math.floor(wish.expiresAt / 1000),
    jti: `${key.keyId}.${key.secretVersion}.${crypto.randomUUID()}`,
  });
}

/**
 * The key that an exchange token is of, as it is now, or null when the token is not one of ours, is over, or is for
 * somebody else. Whether the key is still good is judged like that of any other.
 */
export async function findToken(ctx: ActionCtx, text: string): Promise<ShownToken | null> {
  const claims = await readClaims(ctx, text);
  if (claims === null) return null;
  const key = await ctx.runQuery(internal.tokens.keyOf, { keyId: claims.keyId, version: claims.version });
  if (key === null || key.organizationId !== claims.org) return null;
  const permissions = narrowPermissions(key.permissions, claims.permissions);
  return {
    // What a key may do on single resources is not among a token's permissions.
    key: {
      ...key,
      permissions,
      resourcePermissions: [],
      expiresAt: Math.min(key.expiresAt ?? Infinity, claims.expiresAt),
    },
    narrowedTo: claims.permissions,
    narrowedUntil: claims.expiresAt,
  };
}

type TokenClaims = { keyId: string; version: number; org: string; permissions: string[]; expiresAt: number };

// A key's public half never changes, and there are few of them.
const publicKeys = new Map<string, Awaited<ReturnType<typeof importJWK>>>();

async function readClaims(ctx: ActionCtx, text: string): Promise<TokenClaims | null> {
  const header = readJwtHeader(text);
  if (header?.typ !== TOKEN_TYP) return null;
  const now = Date.now();
  const keys = await ctx.runQuery(internal.tokens.signingKeys, {});
  const signer = keys.find(({ kid }) => kid === header.kid);
  if (signer === undefined || !isTrustedForTokens(signer, now)) return null;
  let publicKey = publicKeys.get(signer.publicKey);
  if (publicKey === undefined) {
    publicKey = await importJWK(JSON.parse(signer.publicKey), JWT_ALGORITHM);
    publicKeys.set(signer.publicKey, publicKey);
  }
  const { siteUrl } = readAuthEnvironment();
  try {
    const { payload } = await jwtVerify(text, publicKey, {
      algorithms: [JWT_ALGORITHM],
      typ: TOKEN_TYP,
      issuer: siteUrl,
      audience: siteUrl,
      requiredClaims: ["sub", "exp", "jti", "org"],
      maxTokenAge: MAX_TOKEN_LIFETIME_MS / 1000,
    });
    return toClaims(payload);
  } catch (failure) {
    if (failure instanceof errors.JOSEError) return null;
    throw failure;
  }
}

function toClaims({ jti, exp, org, aud, permissions }: Record<string, unknown>): TokenClaims | null {
  // A list of audiences would make it good elsewhere too.
  if (typeof jti !== "string" || typeof exp !== "number" || typeof org !== "string" || typeof aud !== "string") {
    return null;
  }
  if (!Array.isArray(permissions)) return null;
  const [keyId = "", version = ""] = jti.split(".");
  return {
    keyId,
    version: Number(version),
    org,
    permissions: permissions.filter((permission) => typeof permission === "string"),
    expiresAt: exp * 1000,
  };
}
