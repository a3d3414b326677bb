import { symmetricDecrypt } from "better-auth/crypto";
import { SignJWT, importJWK } from "jose";
import type { JWK } from "jose";
import { internal } from "../../_generated/api.js";
import type { ActionCtx } from "../../_generated/server.js";
import { readAuthEnvironment } from "../../auth/environment.ts";
import { JWT_ALGORITHM } from "../../shared/jwt.ts";
import { chooseSigningKey, isPublished } from "./signingKeys.ts";
import type { SigningKey } from "./signingKeys.ts";

type PrivateKey = Awaited<ReturnType<typeof importJWK>>;

// Decrypting and importing cost more than signing, so the key stays in memory; never anywhere else.
let imported: { kid: string; secret: string; key: Promise<PrivateKey> } | undefined;

/** The claims of everything that we sign; times in seconds. */
export type Claims = { sub: string; iat: number; exp: number; jti: string } & Record<string, unknown>;

/**
 * Signs a JWT as this deployment, with the newest key of better-auth's. `typ` keeps the kinds apart; `iss` is added. Only
 * in actions and HTTP actions.
 *
 * @example await signJwt(ctx, TOKEN_TYP, { sub: keyIdText, aud: "https://api.example.com", iat, exp, jti });
 */
export async function signJwt(ctx: ActionCtx, typ: string, claims: Claims): Promise<string> {
  const { siteUrl, secret } = readAuthEnvironment();
  const { kid } = await requireSigningKey(ctx);
  if (imported?.kid !== kid || imported.secret !== secret) imported = { kid, secret, key: importKey(ctx, kid, secret) };
  const { key } = imported;
  try {
    return await new SignJWT({ iss: siteUrl, ...claims })
      .setProtectedHeader({ alg: JWT_ALGORITHM, typ, kid })
      .sign(await key);
  } catch (failure) {
    // A key that could not be read once may be readable the next time.
    if (imported?.key === key) imported = undefined;
    throw failure;
  }
}

/** The public half of every key that signed something which may still be good, as JWKs. */
export async function listPublicKeys(ctx: ActionCtx): Promise<JWK[]> {
  // On a fresh deployment this makes the first one, or whoever cached the answer would know no key for a while.
  await requireSigningKey(ctx);
  const now = Date.now();
  const keys = await ctx.runQuery(internal.tokens.signingKeys, {});
  return keys
    .filter((key) => isPublished(key, now))
    .map(({ kid, publicKey }) => {
      const { kty, crv, x, y }: JWK = JSON.parse(publicKey);
      return { kty, crv, x, y, kid, alg: JWT_ALGORITHM, use: "sig" };
    });
}

/** Has better-auth make a new signing key, unless there is one that is not retired. */
export async function createSigningKey(ctx: ActionCtx): Promise<void> {
  // oxlint-disable-next-line no-restricted-imports -- the signing keys are better-auth's
  const { createAuth } = await import("../../auth/auth.ts");
  // It makes the key that it lacks for signing; what it signs here says nothing and goes nowhere.
  await createAuth(ctx).api.signJWT({ body: { payload: {} } });
}

async function requireSigningKey(ctx: ActionCtx): Promise<SigningKey> {
  const existing = chooseSigningKey(await ctx.runQuery(internal.tokens.signingKeys, {}), Date.now());
  if (existing !== undefined) return existing;
  await createSigningKey(ctx);
  const made = chooseSigningKey(await ctx.runQuery(internal.tokens.signingKeys, {}), Date.now());
  if (made === undefined) throw new Error("better-auth made no signing key");
  return made;
}

async function importKey(ctx: ActionCtx, kid: string, secret: string): Promise<PrivateKey> {
  const encrypted = await ctx.runQuery(internal.tokens.encryptedKey, { kid });
  if (encrypted === null) throw new Error("The signing key was withdrawn. Try again.");
  const data: string = JSON.parse(encrypted);
  return await importJWK(JSON.parse(await symmetricDecrypt({ key: secret, data })), JWT_ALGORITHM);
}
