import type { AuthConfig } from "convex/server";
import { env } from "./_generated/server.js";

// Must equal the issuer in auth/options.ts.
const issuer = new URL(env.SITE_URL).origin;
// The deployment fetches the keys from itself: on Convex Cloud it cannot reach a dashboard that is on localhost.
const site = new URL(env.CONVEX_SITE_URL).origin;

export default {
  providers: [
    {
      type: "customJwt",
      applicationID: "convex",
      issuer,
      jwks: `${site}/api/auth/jwks`,
      algorithm: "ES256",
    },
    // The gateway's own calls under /api/run, in the name of a key or a person.
    {
      type: "customJwt",
      applicationID: "latchkey-run",
      issuer,
      jwks: `${site}/api/auth/jwks`,
      algorithm: "ES256",
    },
  ],
} satisfies AuthConfig;
