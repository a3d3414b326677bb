import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { JWT_ALGORITHM, MAX_JWT_LIFETIME_MS, MAX_TOKEN_LIFETIME_MS } from "../../shared/jwt.ts";

/** The public half of a key that signs tokens. `retiredAt` is when it stopped signing; null for one that still does. */
export const vSigningKey = v.object({
  kid: v.string(),
  // A JWK as JSON text.
  publicKey: v.string(),
  createdAt: v.number(),
  retiredAt: v.union(v.number(), v.null()),
});

export type SigningKey = Infer<typeof vSigningKey>;

// Retired ones go when nothing that they signed can be alive, so there are as many as rotations in a year.
const SIGNING_KEYS_MAX = 200;
// Clocks of others differ, and an hour is nothing to a year.
const SLACK_MS = 60 * 60 * 1000;

/** Newest first. */
export async function listSigningKeys(ctx: QueryCtx): Promise<SigningKey[]> {
  const rows = await ctx.db.query("jwks").order("desc").take(SIGNING_KEYS_MAX);
  return rows
    .filter(({ alg }) => alg === JWT_ALGORITHM)
    .map(({ _id, publicKey, createdAt, expiresAt }) => ({
      kid: _id,
      publicKey,
      createdAt,
      retiredAt: expiresAt ?? null,
    }));
}

/** Takes every signing key out of use, and out of the table those of which nothing can be alive; with `withdraw`, all. */
export async function retireSigningKeys(ctx: MutationCtx, withdraw: boolean): Promise<void> {
  const now = Date.now();
  for (const key of await listSigningKeys(ctx)) {
    const id = ctx.db.normalizeId("jwks", key.kid);
    if (id === null) continue;
    if (withdraw || !isPublished(key, now)) await ctx.db.delete("jwks", id);
    else if (key.retiredAt === null || key.retiredAt > now) await ctx.db.patch("jwks", id, { expiresAt: now });
  }
}

/** The key to sign with: the newest that is not retired. */
export function chooseSigningKey(keys: readonly SigningKey[], now: number): SigningKey | undefined {
  return keys.find(({ retiredAt }) => retiredAt === null || retiredAt > now);
}

/** Whether others may still meet something good that this key signed: a JWT key lives up to a year. */
export function isPublished({ retiredAt }: SigningKey, now: number): boolean {
  return retiredAt === null || now < retiredAt + MAX_JWT_LIFETIME_MS + SLACK_MS;
}

/** Whether an exchange token by this key can be good. Far shorter: whoever steals a retired key shall not use it for a year. */
export function isTrustedForTokens({ retiredAt }: SigningKey, now: number): boolean {
  return retiredAt === null || now < retiredAt + MAX_TOKEN_LIFETIME_MS;
}
