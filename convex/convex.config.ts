import migrations from "@convex-dev/migrations/convex.config";
import { defineApp } from "convex/server";
import { v } from "convex/values";

const app = defineApp({
  env: {
    // The public origin, for example https://keys.example.com: issuer of tokens, home of cookies.
    SITE_URL: v.string(),
    // Signs sessions and encrypts the token keys. 32 or more random bytes.
    BETTER_AUTH_SECRET: v.string(),
    // Further origins whose pages may call with a cookie, comma-separated.
    LATCHKEY_ALLOWED_ORIGINS: v.optional(v.string()),
    // Peers whose X-Forwarded-For is believed, comma-separated addresses and ranges.
    LATCHKEY_TRUSTED_PROXIES: v.optional(v.string()),
    // "true" where the embedded backend runs us: it names every request's peer itself.
    LATCHKEY_EMBEDDED: v.optional(v.string()),
    // For how many milliseconds usage counts are gathered before they are written; 0 writes them before the answer.
    LATCHKEY_USAGE_WINDOW_MS: v.optional(v.string()),
    // How many malformed or unknown credentials an address may show per minute; 0 for any number.
    LATCHKEY_FAILED_CREDENTIALS_PER_MINUTE: v.optional(v.string()),
    // Where the keys are published with which reports of leaked keys are signed; GitHub's unless told.
    LATCHKEY_LEAK_KEYS_URL: v.optional(v.string()),
    // What our own proxy shows to a deployment that runs elsewhere, so that it is believed about the peer.
    LATCHKEY_PROXY_SECRET: v.optional(v.string()),
  },
});
app.use(migrations);

export default app;
