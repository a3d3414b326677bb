/**
 * The shapes of the JWTs that callers show us, told apart by `typ` before anything is believed. Pure and light: every
 * bearer credential passes here.
 */

import { DAY_MS } from "./limits.ts";

/** A key in the form of a JWT. Its hash is looked up like any other key's. */
export const KEY_TYP = "key+jwt";
/** What a key is exchanged for: short-lived, for one audience. */
export const TOKEN_TYP = "at+jwt";

/** The one algorithm that anything of ours is signed with. */
export const JWT_ALGORITHM = "ES256";

/** How long a key in the form of a JWT lives, and an exchange token at most. */
export const MIN_JWT_LIFETIME_MS = 7 * DAY_MS;
export const MAX_JWT_LIFETIME_MS = 365 * DAY_MS;
export const MAX_TOKEN_LIFETIME_MS = 5 * 60 * 1000;

/** What a header may carry: servers commonly take 8 KiB of headers in all. */
export const JWT_MAX_LENGTH = 4096;

const MAX_HEADER_LENGTH = 256;
// An ES256 signature is 64 bytes, which is 86 characters.
const JWT_PATTERN = /^([\w-]+)\.[\w-]+\.[\w-]{86}$/;

/** Whether text has a JWT's three parts, whoever signed it. No key and no session token has two dots. */
export function looksLikeJwt(text: string): boolean {
  return text.split(".").length === 3;
}

/**
 * The kind and signing key that a JWT names, or null for anything that is not of ours: another algorithm, "none" among
 * them, another kind, or a wrong shape. Nothing is verified by this.
 */
export function readJwtHeader(text: string): { typ: typeof KEY_TYP | typeof TOKEN_TYP; kid: string } | null {
  if (text.length > JWT_MAX_LENGTH) return null;
  const encoded = JWT_PATTERN.exec(text)?.[1];
  if (encoded === undefined || encoded.length > MAX_HEADER_LENGTH) return null;
  const header = parseHeader(encoded);
  if (typeof header !== "object" || header === null) return null;
  if (!("alg" in header) || header.alg !== JWT_ALGORITHM) return null;
  if (!("kid" in header) || typeof header.kid !== "string" || header.kid === "") return null;
  if (!("typ" in header) || (header.typ !== KEY_TYP && header.typ !== TOKEN_TYP)) return null;
  return { typ: header.typ, kid: header.kid };
}

/** Whether text can be a key in the form of a JWT. */
export function isJwtKey(text: string): boolean {
  return readJwtHeader(text)?.typ === KEY_TYP;
}

function parseHeader(encoded: string): unknown {
  try {
    return JSON.parse(atob(encoded.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return null; // base64 or JSON of somebody else's
  }
}
