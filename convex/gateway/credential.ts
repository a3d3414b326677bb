import { latchkeyError } from "../shared/errors.ts";
import { TOKEN_TYP, looksLikeJwt, readJwtHeader } from "../shared/jwt.ts";

/** The one credential of a request, read but not yet believed. */
export type Credential =
  | { type: "key"; key: string }
  | { type: "token"; token: string }
  | { type: "session"; token: string }
  | { type: "cookie"; value: string };

// An application key begins with its prefix and environment; a session token holds no underscore there.
const KEY_START = /^[a-z0-9]{2,16}_(?:live|test)_/;
const SESSION_COOKIE = "latchkey.session_token";
/** Strongest first: a neighbouring subdomain can plant a plain cookie, never a `__Host-` one. */
const SESSION_COOKIES = [`__Host-${SESSION_COOKIE}`, `__Secure-${SESSION_COOKIE}`, SESSION_COOKIE];

/**
 * The credential that a request carries, or null when it carries none: `x-api-key`, `Authorization: Bearer`
 * with a key, an exchange token or a session token, or the session cookie. A header beats the cookie, which is then
 * ignored, even by a header that is empty.
 * Throws AMBIGUOUS_CREDENTIALS for a repeated header and for two headers that differ.
 */
export function readCredential(headers: Headers): Credential | null {
  const apiKey = readSingle(headers.get("x-api-key"), "x-api-key");
  const bearer = readBearer(readSingle(headers.get("authorization"), "Authorization"));
  if (apiKey !== null && bearer !== null && apiKey !== bearer) {
    throw latchkeyError(
      "AMBIGUOUS_CREDENTIALS",
      "The request carries two different credentials. Send either x-api-key or Authorization: Bearer.",
    );
  }
  if (apiKey !== null) return { type: "key", key: apiKey };
  if (bearer !== null) return readBearerCredential(bearer);
  // Whoever meant to call with a key and has none must not act as the person whose browser it is.
  if (headers.has("x-api-key") || /^\s*bearer\b/i.test(headers.get("authorization") ?? "")) return null;
  const cookies = headers.get("cookie");
  const value = cookies === null ? null : readSessionCookie(cookies);
  return value === null ? null : { type: "cookie", value };
}

function readBearerCredential(bearer: string): Credential {
  if (KEY_START.test(bearer)) return { type: "key", key: bearer };
  if (!looksLikeJwt(bearer)) return { type: "session", token: bearer };
  // A JWT that is no exchange token can only be a key: sessions are never shown as one.
  return readJwtHeader(bearer)?.typ === TOKEN_TYP ? { type: "token", token: bearer } : { type: "key", key: bearer };
}

/** Repeated headers reach us joined by commas, and neither a key nor a token contains one. */
function readSingle(value: string | null, name: string): string | null {
  if (value === null) return null;
  if (value.includes(",")) {
    throw latchkeyError("AMBIGUOUS_CREDENTIALS", `The ${name} header is repeated. Send it once, with one value.`);
  }
  const trimmed = value.trim();
  return trimmed === "" ? null : trimmed;
}

/** Other schemes are not ours: a proxy's Basic login in front of us must not shadow the session. */
function readBearer(authorization: string | null): string | null {
  const match = authorization === null ? null : /^bearer[ \t]+(\S+)$/i.exec(authorization);
  return match?.[1] ?? null;
}

function readSessionCookie(header: string): string | null {
  const cookies = new Map<string, string>();
  for (const pair of header.split(";")) {
    const equals = pair.indexOf("=");
    const name = pair.slice(0, Math.max(equals, 0)).trim();
    // Of two under one name the first is of the longer path; better-auth goes by it too.
    if (name !== "" && !cookies.has(name)) cookies.set(name, pair.slice(equals + 1).trim());
  }
  for (const name of SESSION_COOKIES) {
    const value = cookies.get(name);
    if (value !== undefined && value !== "") return value;
  }
  return null;
}
