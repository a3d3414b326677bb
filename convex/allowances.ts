import { v } from "convex/values";
import { internalMutation } from "./_generated/server.js";
import { takeAllowances, vAsk, vTaken } from "./model/verification/allowances.ts";

/** For the gateway: takes uses from their limits, each from all of its own or from none, and answers in the same order. */
export const take = internalMutation({
  args: { asks: v.array(vAsk) },
  returns: v.array(vTaken),
  handler: async (ctx, { asks }) => await takeAllowances(ctx, asks),
});
