import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { vRequest } from "./model/rights/callers.ts";
import { revokeLeaked } from "./model/keys/leaks.ts";

/** For the gateway: ends keys whose secrets it was shown as leaked. */
export const revoke = internalMutation({
  args: {
    leaks: v.array(v.object({ keyId: v.id("keys"), foundAt: v.union(v.string(), v.null()) })),
    request: vRequest,
  },
  returns: v.null(),
  handler: async (ctx, { leaks, request }) => {
    await revokeLeaked(ctx, leaks, request);
    return null;
  },
});
