import { env } from "../_generated/server.js";

// Apart from options.ts, so that reading a session does not load better-auth.

/** The audiences that Convex takes our tokens for, its application ids: the dashboard's, and those of calls under /api/run. */
export const CONVEX_APPLICATION_ID = "convex";
export const RUN_APPLICATION_ID = "latchkey-run";

export type AuthEnvironment = {
  /** The public origin, for example `https://keys.example.com`. */
  siteUrl: string;
  secret: string;
  /** Further origins whose pages may call with a cookie. */
  allowedOrigins: string[];
};

/** Reads the deployment's environment variables. Throws when one that is needed is not set. */
export function readAuthEnvironment(): AuthEnvironment {
  const siteUrl = env.SITE_URL;
  const secret = env.BETTER_AUTH_SECRET;
  if (!siteUrl) throw new Error("Environment variable SITE_URL is not set: it is the public origin of Latchkey.");
  if (!secret) throw new Error("Environment variable BETTER_AUTH_SECRET is not set: give it 32 or more random bytes.");
  const allowedOrigins = (env.LATCHKEY_ALLOWED_ORIGINS ?? "")
    .split(",")
    .map((origin) => origin.trim())
    .filter((origin) => origin.length > 0);
  return { siteUrl: new URL(siteUrl).origin, secret, allowedOrigins };
}
