import { createLocalJWKSet, createRemoteJWKSet, customFetch, type JSONWebKeySet, type JWTVerifyGetKey } from "jose";
import type { AuthProvider } from "../functions/deployment.ts";
import { isCustomJwt, normalizeIssuer } from "./auth-provider.ts";
import { TokenError } from "./token-error.ts";

export interface KeySetOptions {
  /** How key sets and discovery documents are fetched. */
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>;
  /** Shortest time between two fetches of one key set, so that made-up key ids cannot make us hammer an issuer. */
  readonly refetchFloorMs?: number;
  /** How long fetched keys are used before they are fetched again. */
  readonly maxAgeMs?: number;
  readonly timeoutMs?: number;
}

const REFETCH_FLOOR_MS = 2_000;
const MAX_AGE_MS = 10 * 60_000;
const TIMEOUT_MS = 10_000;

/**
 * The issuers' public keys. Nothing here blocks: an issuer may be a function of this very backend, whose answer needs the
 * event loop we would be holding.
 */
export class KeySets {
  readonly #options: Required<KeySetOptions>;
  readonly #byUrl = new Map<string, JWTVerifyGetKey>();
  readonly #discovered = new Map<string, { readonly url: Promise<string>; readonly at: number }>();

  constructor(options: KeySetOptions) {
    this.#options = {
      fetch: options.fetch,
      refetchFloorMs: options.refetchFloorMs ?? REFETCH_FLOOR_MS,
      maxAgeMs: options.maxAgeMs ?? MAX_AGE_MS,
      timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    };
  }

  /**
   * The function that finds a token's key in its provider's key set.
   *
   * @throws TokenError `KeySetUnavailable` when discovery fails or the `data:` URI holds no key set.
   */
  async of(provider: AuthProvider): Promise<JWTVerifyGetKey> {
    const url = isCustomJwt(provider) ? provider.jwks : await this.#discover(normalizeIssuer(provider.domain));
    let keys = this.#byUrl.get(url);
    if (keys === undefined) {
      keys = url.startsWith("data:") ? parseInlineKeySet(url) : this.#remote(url);
      this.#byUrl.set(url, keys);
    }
    return keys;
  }

  /** Forgets every key: the providers have changed. */
  clear(): void {
    this.#byUrl.clear();
    this.#discovered.clear();
  }

  #remote(url: string): JWTVerifyGetKey {
    const { refetchFloorMs, maxAgeMs, timeoutMs } = this.#options;
    let failure: { readonly error: unknown; readonly at: number } | null = null;
    return createRemoteJWKSet(parseUrl(url), {
      cooldownDuration: refetchFloorMs,
      cacheMaxAge: maxAgeMs,
      timeoutDuration: timeoutMs,
      // jose's floor starts at a success; an issuer that is down needs one too.
      [customFetch]: async (target: string, init: RequestInit) => {
        if (failure !== null && Date.now() - failure.at < refetchFloorMs) throw failure.error;
        try {
          const response = await this.#options.fetch(target, init);
          failure = response.ok ? null : { error: new Error(`${url} answered ${response.status}`), at: Date.now() };
          return response;
        } catch (error) {
          failure = { error, at: Date.now() };
          throw error;
        }
      },
    });
  }

  #discover(issuer: string): Promise<string> {
    const known = this.#discovered.get(issuer);
    if (known !== undefined && Date.now() - known.at < this.#options.maxAgeMs) return known.url;
    const entry = { url: this.#fetchDiscovery(issuer), at: Date.now() };
    this.#discovered.set(issuer, entry);
    entry.url.catch(() => {
      const forget = (): void => {
        if (this.#discovered.get(issuer) === entry) this.#discovered.delete(issuer);
      };
      setTimeout(forget, this.#options.refetchFloorMs).unref();
    });
    return entry.url;
  }

  async #fetchDiscovery(issuer: string): Promise<string> {
    const address = `${issuer}/.well-known/openid-configuration`;
    let document: unknown;
    try {
      const response = await this.#options.fetch(address, {
        headers: { accept: "application/json" },
        signal: AbortSignal.timeout(this.#options.timeoutMs),
      });
      if (!response.ok) throw new Error(`answered ${response.status}`);
      document = await response.json();
    } catch (error) {
      throw new TokenError("KeySetUnavailable", `Could not fetch ${address}: ${messageOf(error)}`, { cause: error });
    }
    if (
      typeof document === "object" &&
      document !== null &&
      "jwks_uri" in document &&
      typeof document.jwks_uri === "string"
    ) {
      return document.jwks_uri;
    }
    throw new TokenError("KeySetUnavailable", `${address} names no jwks_uri`);
  }
}

function parseInlineKeySet(uri: string): JWTVerifyGetKey {
  const comma = uri.indexOf(",");
  const isBase64 = uri.slice(0, comma).endsWith(";base64");
  const payload = uri.slice(comma + 1);
  try {
    const text = isBase64 ? Buffer.from(payload, "base64").toString("utf8") : decodeURIComponent(payload);
    const keySet: unknown = JSON.parse(text);
    if (!isKeySet(keySet)) throw new Error("no keys in it");
    return createLocalJWKSet(keySet);
  } catch (error) {
    throw new TokenError("KeySetUnavailable", `The data: URI of jwks is no key set: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  return typeof value === "object" && value !== null && "keys" in value && Array.isArray(value.keys);
}

function parseUrl(url: string): URL {
  if (!URL.canParse(url)) throw new TokenError("KeySetUnavailable", `jwks is no URL: ${url}`);
  return new URL(url);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
