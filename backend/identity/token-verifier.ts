import { decodeJwt, errors, jwtVerify, type JWTPayload } from "jose";
import type { AuthProvider } from "../functions/deployment.ts";
import type { Identity } from "../values/identity.ts";
import { findProvider, isCustomJwt, issuerOf } from "./auth-provider.ts";
import { toIdentity } from "./identity-claims.ts";
import { type KeySetOptions, KeySets } from "./key-sets.ts";
import { TokenError } from "./token-error.ts";

export interface VerifiedToken {
  readonly identity: Identity;
  /** Epoch milliseconds after which the token counts for nothing. */
  readonly expiresAt: number;
}

const CLOCK_SKEW_S = 5;
const OIDC_ALGORITHMS = ["RS256", "EdDSA"];
const CUSTOM_ALGORITHMS: ReadonlySet<string> = new Set(["ES256", "RS256", "EdDSA"]);

/** Turns an end user's JWT into the identity that functions see. */
export class TokenVerifier {
  readonly #keySets: KeySets;

  constructor(options: KeySetOptions) {
    this.#keySets = new KeySets(options);
  }

  /**
   * Checks signature, times, issuer and audience against the deployment's providers.
   *
   * @throws TokenError with a closed `code` and a message that may be shown.
   * @example
   * const { identity, expiresAt } = await verifier.verify(token, deployment.authProviders);
   */
  async verify(token: string, providers: readonly AuthProvider[]): Promise<VerifiedToken> {
    const claimed = decode(token);
    const issuer = requireText(claimed.iss, "iss");
    const audience = typeof claimed.aud === "string" ? [claimed.aud] : (claimed.aud ?? []);
    const provider = findProvider(providers, issuer, audience);
    if (provider === null) throw new TokenError("NoAuthProvider", noProviderMessage(issuer, audience, providers));

    const payload = await this.#verifySignature(token, provider);
    const subject = requireText(payload.sub, "sub");
    if (typeof payload.exp !== "number") throw new TokenError("MissingClaim", "The token has no exp claim");
    return {
      identity: toIdentity({ ...payload, iss: issuer, sub: subject }, { renameStandardClaims: !isCustomJwt(provider) }),
      expiresAt: (payload.exp + CLOCK_SKEW_S) * 1000,
    };
  }

  /** Forgets all fetched keys, after a deployment has changed its providers. */
  forgetKeys(): void {
    this.#keySets.clear();
  }

  async #verifySignature(token: string, provider: AuthProvider): Promise<JWTPayload> {
    const algorithms = isCustomJwt(provider) ? [provider.algorithm] : OIDC_ALGORITHMS;
    if (isCustomJwt(provider) && !CUSTOM_ALGORITHMS.has(provider.algorithm)) {
      throw new TokenError("NoAuthProvider", `Unsupported algorithm in auth.config: ${provider.algorithm}`);
    }
    const keys = await this.#keySets.of(provider);
    try {
      const { payload } = await jwtVerify(token, keys, { algorithms, clockTolerance: CLOCK_SKEW_S });
      return payload;
    } catch (error) {
      throw toTokenError(error);
    }
  }
}

function decode(token: string): JWTPayload {
  try {
    return decodeJwt(token);
  } catch (error) {
    throw new TokenError("MalformedToken", "The token is no JWT", { cause: error });
  }
}

function requireText(value: unknown, claim: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw new TokenError("MissingClaim", `The token has no ${claim} claim`);
}

function toTokenError(error: unknown): TokenError {
  if (error instanceof TokenError) return error;
  if (error instanceof errors.JWTExpired) return new TokenError("TokenExpired", "The token has expired");
  if (error instanceof errors.JWTClaimValidationFailed) {
    return error.claim === "nbf"
      ? new TokenError("TokenNotYetValid", "The token is not valid yet")
      : new TokenError("MissingClaim", error.message);
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return new TokenError("UnknownSigningKey", "No key of the issuer matches the token", { cause: error });
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return new TokenError("BadSignature", "The token is signed with another algorithm than its provider's");
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return new TokenError("BadSignature", "The token's signature is wrong");
  }
  if (error instanceof errors.JWSInvalid || error instanceof errors.JWTInvalid) {
    return new TokenError("MalformedToken", "The token is no JWT", { cause: error });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new TokenError("KeySetUnavailable", `Could not read the issuer's keys: ${message}`, { cause: error });
}

function noProviderMessage(issuer: string, audience: readonly string[], providers: readonly AuthProvider[]): string {
  const configured = providers.map(issuerOf);
  return (
    `No auth provider for issuer ${issuer} and audience ${audience.join(", ") || "(none)"}; ` +
    `auth.config names ${configured.join(", ") || "none"}`
  );
}
