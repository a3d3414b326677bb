import type { AuthProvider } from "../functions/deployment.ts";

/** The kind that names its key set directly: one issuer, one key set (a URL or a `data:` URI), one algorithm. */
export type CustomJwtProvider = Extract<AuthProvider, { type: "customJwt" }>;

/**
 * The provider that answers for a token: the first whose issuer is `issuer` and whose application id, if it has one, is in
 * `audience`. Null when nobody does.
 */
export function findProvider(
  providers: readonly AuthProvider[],
  issuer: string,
  audience: readonly string[],
): AuthProvider | null {
  const wanted = normalizeIssuer(issuer);
  for (const provider of providers) {
    if (normalizeIssuer(issuerOf(provider)) !== wanted) continue;
    if (provider.applicationID !== null && !audience.includes(provider.applicationID)) continue;
    return provider;
  }
  return null;
}

export function isCustomJwt(provider: AuthProvider): provider is CustomJwtProvider {
  return "type" in provider;
}

export function issuerOf(provider: AuthProvider): string {
  return isCustomJwt(provider) ? provider.issuer : provider.domain;
}

/** The issuer with its scheme and without trailing slash: people write all of these and mean the same. */
export function normalizeIssuer(issuer: string): string {
  const absolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(issuer) ? issuer : `https://${issuer}`;
  return absolute.endsWith("/") ? absolute.slice(0, -1) : absolute;
}
