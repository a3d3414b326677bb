import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation } from "./_generated/server.js";
import { callerQuery } from "./functions.ts";
import { toKeySnapshot, vKeySnapshot } from "./model/keys/views.ts";
import { findRepetition, sweepRepetitions, vOnce } from "./model/repetitions.ts";
import { SWEEP_PAUSE_MS } from "./model/sweep.ts";

/** What the caller's request with this Idempotency-Key did before, or null. It never holds a plaintext. */
export const find = callerQuery({
  args: { once: vOnce },
  returns: v.union(vKeySnapshot, v.null()),
  handler: async (ctx, { once }) => {
    const key = await findRepetition(ctx, ctx.caller, once);
    return key === null ? null : await toKeySnapshot(ctx, key);
  },
});

/** Run by the clock: forgets old requests. */
export const sweep = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const more = await sweepRepetitions(ctx);
    if (more) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.repetitions.sweep, {});
    return null;
  },
});
