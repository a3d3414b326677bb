import { v } from "convex/values";
import { internalAction } from "./_generated/server.js";
import { createKey, rotateKey } from "./auth/credentials.ts";
import { vCaller } from "./model/rights/callers.ts";
import { vKeySnapshot } from "./model/keys/views.ts";
import { vNewKey } from "./model/keys/newKeys.ts";

const vRevealedKey = v.object({ key: v.string(), record: vKeySnapshot });

/** For operators and scripts, by `npx convex run credentials:create`. The answer holds the key, once. */
export const create = internalAction({
  args: { caller: vCaller, input: vNewKey },
  returns: vRevealedKey,
  handler: async (ctx, { caller, input }) => await createKey(ctx, caller, input),
});

/** The same for a new secret of an existing key. */
export const rotate = internalAction({
  args: { caller: vCaller, keyId: v.string(), graceMs: v.optional(v.number()) },
  returns: vRevealedKey,
  handler: async (ctx, { caller, keyId, graceMs }) => await rotateKey(ctx, caller, keyId, { graceMs }),
});
