import type { AuthConfig } from "convex/server";
import { env } from "./_generated/server.js";

// Must equal the issuer in auth/options.ts.
const issuer = new URL(env.SITE_URL).origin;

export default {
  providers: [
    {
      type: "customJwt",
      applicationID: "convex",
      issuer,
      jwks: `${issuer}/api/auth/jwks`,
      algorithm: "ES256",
    },
  ],
} satisfies AuthConfig;
