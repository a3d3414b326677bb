import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalAction, internalMutation } from "./_generated/server.js";
import { createAuth } from "./auth/auth.ts";
import { createKey } from "./auth/credentials.ts";
import { DEMO_EMAIL, DEMO_KEYS, DEMO_ORGANIZATION } from "./model/demo/keys.ts";
import { ageKey, foundDemo, getDemo, vDemoAge } from "./model/demo/world.ts";
import { generateKeyIdText } from "./shared/keyFormat.ts";

/**
 * Fills a demo organization, so that a newcomer has something to look at. Made once: on a second run it
 * answers `created: false` and changes nothing. The password is random and is answered this one time only.
 */
export const seed = internalAction({
  args: {},
  returns: v.object({ created: v.boolean(), email: v.string(), password: v.union(v.string(), v.null()) }),
  handler: async (ctx): Promise<{ created: boolean; email: string; password: string | null }> => {
    if (await ctx.runMutation(internal.demo.exists, {})) return { created: false, email: DEMO_EMAIL, password: null };
    const password = `${generateKeyIdText()}-${generateKeyIdText()}`;
    const { user } = await createAuth(ctx).api.signUpEmail({
      body: { name: "Robin Vega", email: DEMO_EMAIL, password },
    });
    const { organizationId, members } = await ctx.runMutation(internal.demo.found, { userId: user.id });
    const request = { id: "demo", agent: "demo seed" };
    for (const { by, lifetimeDays, history, ...input } of DEMO_KEYS) {
      const userId = members[by] ?? user.id;
      const caller = { type: "user" as const, userId, organizationId, request };
      const { record } = await createKey(ctx, caller, input);
      await ctx.runMutation(internal.demo.age, { keyId: record._id, userId: user.id, lifetimeDays, ...history });
    }
    return { created: true, email: DEMO_EMAIL, password };
  },
});

export const exists = internalMutation({
  args: {},
  returns: v.boolean(),
  handler: async (ctx) => (await getDemo(ctx)) !== null,
});

export const found = internalMutation({
  args: { userId: v.string() },
  returns: v.object({ organizationId: v.id("organization"), members: v.record(v.string(), v.id("user")) }),
  handler: async (ctx, { userId }) => await foundDemo(ctx, userId, DEMO_ORGANIZATION),
});

export const age = internalMutation({
  args: vDemoAge,
  returns: v.null(),
  handler: async (ctx, change) => {
    await ageKey(ctx, change);
    return null;
  },
});
