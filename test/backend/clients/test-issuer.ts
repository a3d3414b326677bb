import { once } from "node:events";
import { createServer } from "node:http";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

/** An issuer of tokens whose keys are fetched over HTTP, as slowly as a test likes. */
export interface TestIssuer extends Disposable {
  /** Source text of an `auth.config.ts` that trusts it. */
  readonly authConfig: string;
  /** How often its keys were fetched. */
  readonly fetches: number;
  /** While set, the keys are not handed out before it resolves. */
  gate: Promise<void> | null;
  /** `expiresInS` may be negative: five seconds of skew are allowed. */
  token(subject: string, expiresInS?: number): Promise<string>;
}

export async function createIssuer(): Promise<TestIssuer> {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: "k1", alg: "ES256" };
  const state: { gate: Promise<void> | null; fetches: number } = { gate: null, fetches: 0 };
  const server = createServer((_req, res) => {
    state.fetches += 1;
    void (state.gate ?? Promise.resolve()).then(() => {
      res.writeHead(200, { "content-type": "application/json" });
      res.end(JSON.stringify({ keys: [jwk] }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const jwks = `http://127.0.0.1:${address.port}/jwks`;
  const issuer = "https://issuer.test";
  const provider = { type: "customJwt", applicationID: "convex", issuer, jwks, algorithm: "ES256" };
  return {
    authConfig: `export default { providers: [${JSON.stringify(provider)}] };`,
    get fetches() {
      return state.fetches;
    },
    get gate() {
      return state.gate;
    },
    set gate(gate) {
      state.gate = gate;
    },
    token: (subject, expiresInS = 3600) => {
      const now = Math.floor(Date.now() / 1000);
      return new SignJWT({ sub: subject, iss: issuer, aud: "convex" })
        .setProtectedHeader({ alg: "ES256", kid: "k1" })
        .setIssuedAt(now - 60)
        .setExpirationTime(now + expiresInS)
        .sign(privateKey);
    },
    [Symbol.dispose]: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
