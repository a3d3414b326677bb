import { env } from "../_generated/server.js";
import { latchkeyError } from "../shared/errors.ts";
import { requireJsonType } from "./body.ts";
import type { Credential } from "./credential.ts";

const ALLOWED_METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS";
const ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, X-Api-Key, X-Organization-Id";
const EXPOSED_HEADERS =
  "Idempotent-Replayed, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, WWW-Authenticate, X-Next-Cursor, X-Trace-Id";
const PREFLIGHT_SECONDS = 600;

/**
 * The origins whose pages may use a person's session here: SITE_URL's, and those in the comma-separated
 * LATCHKEY_ALLOWED_ORIGINS. Compared as whole strings; there are no wildcards.
 */
export function allowedOrigins(): Set<string> {
  return parseOrigins(env.SITE_URL, env.LATCHKEY_ALLOWED_ORIGINS);
}

/** CORS headers for an answer. `Vary` is always there, or a cache would hand one origin's answer to another. */
export function corsHeaders(headers: Headers): Record<string, string> {
  const origin = headers.get("origin");
  if (origin === null || !allowedOrigins().has(origin)) return VARY_ONLY;
  return {
    Vary: "Origin",
    "Access-Control-Allow-Origin": origin,
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": EXPOSED_HEADERS,
  };
}

/** What OPTIONS adds for an allowed origin. A stranger's preflight is answered without them, so it fails. */
export function preflightHeaders(headers: Headers): Record<string, string> {
  const cors = corsHeaders(headers);
  if (cors === VARY_ONLY) return VARY_ONLY;
  return {
    ...cors,
    "Access-Control-Allow-Methods": ALLOWED_METHODS,
    "Access-Control-Allow-Headers": ALLOWED_HEADERS,
    "Access-Control-Max-Age": String(PREFLIGHT_SECONDS),
  };
}

/**
 * Refuses a state-changing call that a browser may have been tricked into making. Only the cookie travels by
 * itself, so only cookie calls are held to this: an allowed Origin, or the browser's own word that the page is
 * ours, and the JSON type that no plain form can send.
 */
export function requireOwnOrigin(credential: Credential | null, request: Request): void {
  if (credential?.type !== "cookie" || isSafe(request.method)) return;
  const origin = request.headers.get("origin");
  const trusted =
    origin === null ? request.headers.get("sec-fetch-site") === "same-origin" : allowedOrigins().has(origin);
  if (!trusted) throw strangeOrigin();
  // DELETE has no body; browsers ask before sending one across origins.
  if (request.method !== "DELETE") requireJsonType(request.headers);
}

function strangeOrigin(): Error {
  return latchkeyError(
    "ORIGIN_NOT_ALLOWED",
    "A call with the session cookie must come from an allowed origin. Add the origin to LATCHKEY_ALLOWED_ORIGINS, or call with a key.",
  );
}

/** The methods that change nothing and therefore need no proof of origin. */
export function isSafe(method: string): boolean {
  return method === "GET" || method === "HEAD" || method === "OPTIONS";
}

const VARY_ONLY: Record<string, string> = { Vary: "Origin" };

function parseOrigins(siteUrl: string | undefined, list: string | undefined): Set<string> {
  const configured = [siteUrl ?? "", ...(list ?? "").split(",")];
  return new Set(configured.map((entry) => toOrigin(entry.trim())).filter((origin) => origin !== null));
}

function toOrigin(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const { origin } = new URL(text);
  // Opaque origins all serialize to "null", which any sandboxed page sends.
  return origin === "null" ? null : origin;
}
