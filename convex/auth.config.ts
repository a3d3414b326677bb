import type { AuthConfig } from "convex/server";
import { env } from "./_generated/server.js";

// Must equal the issuer in auth/options.ts. A push without SITE_URL fails here, which names the variable.
const issuer = env.SITE_URL?.replace(/\/+$/, "") ?? "";

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
