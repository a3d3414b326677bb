import { RateLimiter, calculateRateLimit } from "@convex-dev/rate-limiter";
import { v } from "convex/values";
import { components } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";

const limiter = new RateLimiter(components.rateLimiter);

/**
 * Takes from a key's token bucket, which holds `limit` and refills evenly over `windowMs`. When it is empty
 * nothing is taken and `retryAfterMs` says when to come back. `resetMs` is until the bucket is full again.
 */
export const consume = internalMutation({
  args: { keyId: v.id("keys"), limit: v.number(), windowMs: v.number(), cost: v.optional(v.number()) },
  returns: v.object({
    ok: v.boolean(),
    limit: v.number(),
    remaining: v.number(),
    retryAfterMs: v.number(),
    resetMs: v.number(),
  }),
  handler: async (ctx, { keyId, limit, windowMs, cost }) => {
    const config = { kind: "token bucket" as const, rate: limit, period: windowMs, capacity: limit };
    const { ok, retryAfter } = await limiter.limit(ctx, "key", { key: keyId, count: cost ?? 1, config });
    const state = await limiter.getValue(ctx, "key", { key: keyId, config });
    const { value } = calculateRateLimit(state, config, Date.now(), 0);
    const remaining = Math.max(0, Math.floor(value));
    return {
      ok,
      limit,
      remaining,
      retryAfterMs: retryAfter ?? 0,
      resetMs: Math.ceil(((limit - Math.max(0, value)) / limit) * windowMs),
    };
  },
});
