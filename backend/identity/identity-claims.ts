import type { JWTPayload } from "jose";
import type { Identity } from "../values/identity.ts";
import type { JsonValue } from "../values/json.ts";

/** OpenID Connect's standard claims under the names that `ctx.auth.getUserIdentity()` gives them. */
const STANDARD_CLAIMS: Readonly<Record<string, string>> = {
  given_name: "givenName",
  family_name: "familyName",
  preferred_username: "preferredUsername",
  profile: "profileUrl",
  picture: "pictureUrl",
  website: "websiteUrl",
  email_verified: "emailVerified",
  birthdate: "birthday",
  zoneinfo: "timezone",
  locale: "language",
  phone_number: "phoneNumber",
  phone_number_verified: "phoneNumberVerified",
};

// They describe the token and not the person. Left in, every refreshed token would be a new identity to the query cache.
const TOKEN_CLAIMS: ReadonlySet<string> = new Set(["iss", "sub", "aud", "exp", "iat", "nbf", "jti"]);

/**
 * What functions see of a verified token: `tokenIdentifier` is `iss|sub`, nested claims are flattened to `a.b`, and with
 * `renameStandardClaims` OpenID's own claims get their camel case names.
 */
export function toIdentity(
  payload: JWTPayload & { readonly iss: string; readonly sub: string },
  options: { readonly renameStandardClaims: boolean },
): Identity {
  const claims: Record<string, JsonValue> = {};
  for (const [claim, value] of Object.entries(payload)) {
    if (TOKEN_CLAIMS.has(claim)) continue;
    if (options.renameStandardClaims && addStandardClaim(claims, claim, value)) continue;
    addClaim(claims, claim, value);
  }
  return {
    ...claims,
    tokenIdentifier: `${payload.iss}|${payload.sub}`,
    subject: payload.sub,
    issuer: payload.iss,
  };
}

function addStandardClaim(claims: Record<string, JsonValue>, claim: string, value: unknown): boolean {
  const renamed = STANDARD_CLAIMS[claim];
  if (renamed !== undefined) {
    addClaim(claims, renamed, value);
    return true;
  }
  if (claim === "address" && isObject(value) && typeof value["formatted"] === "string") {
    claims["address"] = value["formatted"];
    return true;
  }
  if (claim === "updated_at") {
    claims["updatedAt"] = typeof value === "number" ? new Date(value * 1000).toISOString() : String(value);
    return true;
  }
  return false;
}

function addClaim(claims: Record<string, JsonValue>, name: string, value: unknown): void {
  if (isObject(value)) {
    for (const [inner, innerValue] of Object.entries(value)) addClaim(claims, `${name}.${inner}`, innerValue);
    return;
  }
  const json = toJson(value);
  if (json !== undefined) claims[name] = json;
}

function toJson(value: unknown): JsonValue | undefined {
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean") {
    return value;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => toJson(item) ?? null);
  if (isObject(value)) {
    const object: Record<string, JsonValue> = {};
    for (const [key, inner] of Object.entries(value)) object[key] = toJson(inner) ?? null;
    return object;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
