import { exportJWK, generateKeyPair, type JSONWebKeySet, SignJWT } from "jose";
import { beforeAll, describe, expect, test } from "vitest";
import type { AuthProvider } from "#backend/functions/deployment.ts";
import { TokenVerifier } from "#backend/identity/token-verifier.ts";

const ISSUER = "https://issuer.example";
const JWKS_URL = `${ISSUER}/keys`;

interface Signer {
  readonly keySet: JSONWebKeySet;
  sign(claims?: Record<string, unknown>, options?: { expiresIn?: string; notBefore?: string }): Promise<string>;
}

async function createSigner(algorithm: "ES256" | "RS256" | "EdDSA", kid: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: algorithm };
  return {
    keySet: { keys: [jwk] },
    sign: (claims = {}, options = {}) =>
      new SignJWT({ iss: ISSUER, sub: "u1", aud: "convex", ...claims })
        .setProtectedHeader({ alg: algorithm, kid })
        .setIssuedAt()
        .setNotBefore(options.notBefore ?? "0s")
        .setExpirationTime(options.expiresIn ?? "1h")
        .sign(privateKey),
  };
}

function inline(keySet: JSONWebKeySet): string {
  return `data:application/json;base64,${Buffer.from(JSON.stringify(keySet)).toString("base64")}`;
}

function customJwt(overrides: Partial<Extract<AuthProvider, { type: "customJwt" }>> = {}): AuthProvider {
  return {
    type: "customJwt",
    issuer: ISSUER,
    applicationID: "convex",
    algorithm: "ES256",
    jwks: JWKS_URL,
    ...overrides,
  };
}

function unreachable(): Promise<Response> {
  return Promise.reject(new Error("nothing should be fetched"));
}

let es256: Signer;
beforeAll(async () => {
  es256 = await createSigner("ES256", "k1");
});

describe.each(["ES256", "RS256", "EdDSA"] as const)("%s", (algorithm) => {
  test("a token of a custom provider with an inline key set is verified without fetching", async () => {
    const signer = await createSigner(algorithm, "k1");
    const verifier = new TokenVerifier({ fetch: unreachable });
    const token = await signer.sign({ name: "Ada", role: { admin: true } });
    const { identity, expiresAt } = await verifier.verify(token, [
      customJwt({ algorithm, jwks: inline(signer.keySet) }),
    ]);
    expect(identity).toEqual({
      tokenIdentifier: `${ISSUER}|u1`,
      subject: "u1",
      issuer: ISSUER,
      name: "Ada",
      "role.admin": true,
    });
    expect(expiresAt).toBeGreaterThan(Date.now() + 3_590_000);
  });
});

test("an OIDC provider is found by discovery and its standard claims are renamed", async () => {
  const signer = await createSigner("RS256", "k1");
  const fetched: string[] = [];
  const verifier = new TokenVerifier({
    fetch: (url) => {
      fetched.push(url);
      return Promise.resolve(
        Response.json(url.endsWith("openid-configuration") ? { jwks_uri: JWKS_URL } : signer.keySet),
      );
    },
  });
  const token = await signer.sign({ given_name: "Ada", email_verified: true, address: { formatted: "1 Road" } });
  const providers: AuthProvider[] = [{ domain: "issuer.example/", applicationID: "convex" }];
  const { identity } = await verifier.verify(token, providers);
  expect(identity).toMatchObject({ givenName: "Ada", emailVerified: true, address: "1 Road" });
  expect(fetched).toEqual([`${ISSUER}/.well-known/openid-configuration`, JWKS_URL]);
});

test("a token for another audience has no provider", async () => {
  const verifier = new TokenVerifier({ fetch: unreachable });
  const token = await es256.sign({ aud: "other" });
  await expect(verifier.verify(token, [customJwt({ jwks: inline(es256.keySet) })])).rejects.toMatchObject({
    code: "NoAuthProvider",
  });
});

test("a token of another issuer has no provider", async () => {
  const verifier = new TokenVerifier({ fetch: unreachable });
  const token = await es256.sign({ iss: "https://elsewhere.example" });
  await expect(verifier.verify(token, [customJwt({ jwks: inline(es256.keySet) })])).rejects.toMatchObject({
    code: "NoAuthProvider",
  });
});

test("a token signed by somebody else's key of the same id is refused", async () => {
  const forger = await createSigner("ES256", "k1");
  const verifier = new TokenVerifier({ fetch: unreachable });
  await expect(verifier.verify(await forger.sign(), [customJwt({ jwks: inline(es256.keySet) })])).rejects.toMatchObject(
    { code: "BadSignature" },
  );
});

test("a token signed with another algorithm than the provider's is refused", async () => {
  const rsa = await createSigner("RS256", "k1");
  const verifier = new TokenVerifier({ fetch: unreachable });
  await expect(verifier.verify(await rsa.sign(), [customJwt({ jwks: inline(rsa.keySet) })])).rejects.toMatchObject({
    code: "BadSignature",
  });
});

test("five seconds of skew are allowed and no more", async () => {
  const verifier = new TokenVerifier({ fetch: unreachable });
  const providers = [customJwt({ jwks: inline(es256.keySet) })];
  await expect(verifier.verify(await es256.sign({}, { expiresIn: "-3s" }), providers)).resolves.toBeDefined();
  await expect(verifier.verify(await es256.sign({}, { expiresIn: "-7s" }), providers)).rejects.toMatchObject({
    code: "TokenExpired",
  });
  await expect(verifier.verify(await es256.sign({}, { notBefore: "60s" }), providers)).rejects.toMatchObject({
    code: "TokenNotYetValid",
  });
});

test("a token without subject or expiry is refused", async () => {
  const verifier = new TokenVerifier({ fetch: unreachable });
  const providers = [customJwt({ jwks: inline(es256.keySet) })];
  await expect(verifier.verify(await es256.sign({ sub: undefined }), providers)).rejects.toMatchObject({
    code: "MissingClaim",
  });
  await expect(verifier.verify("not a token", providers)).rejects.toMatchObject({ code: "MalformedToken" });
});

test("fetched keys are kept, and an unknown key id refetches no more often than the floor allows", async () => {
  const rotated = await createSigner("ES256", "k2");
  let keySet = es256.keySet;
  let fetches = 0;
  const verifier = new TokenVerifier({
    fetch: () => {
      fetches += 1;
      return Promise.resolve(Response.json(keySet));
    },
    refetchFloorMs: 50,
  });
  const providers = [customJwt()];
  await verifier.verify(await es256.sign(), providers);
  await verifier.verify(await es256.sign(), providers);
  expect(fetches).toBe(1);

  const token = await rotated.sign();
  await expect(verifier.verify(token, providers)).rejects.toMatchObject({ code: "UnknownSigningKey" });
  expect(fetches).toBe(1);

  keySet = rotated.keySet;
  await expect
    .poll(() => verifier.verify(token, providers).then(({ identity }) => identity.subject, String))
    .toBe("u1");
  expect(fetches).toBeLessThan(10);
});

test("an issuer that is down is not asked again for every token", async () => {
  let fetches = 0;
  const verifier = new TokenVerifier({
    fetch: () => {
      fetches += 1;
      return Promise.reject(new Error("connection refused"));
    },
    refetchFloorMs: 60_000,
  });
  const token = await es256.sign();
  for (let i = 0; i < 3; i += 1) {
    await expect(verifier.verify(token, [customJwt()])).rejects.toMatchObject({ code: "KeySetUnavailable" });
  }
  expect(fetches).toBe(1);
});
