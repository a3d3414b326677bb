import { v } from "convex/values";
import { internalMutation, internalQuery } from "./_generated/server.js";
import { callerMutation } from "./functions.ts";
import { PREFIXES_MAX } from "./model/keys/foreignPrefixes.ts";
import { importKeys, vImportedKey } from "./model/keys/imports.ts";
import { toKeySnapshot, vKeySnapshot } from "./model/keys/views.ts";
import {
  beginAttempt as beginAttemptOn,
  findCandidates,
  settleFirst,
  vAttempt,
} from "./model/verification/slowHashes.ts";

const vFieldError = v.object({ path: v.string(), message: v.string() });

/** A result per item, in their order: its record, or why it was refused. */
export const insert = callerMutation({
  args: { items: v.array(vImportedKey) },
  returns: v.array(
    v.union(
      v.object({ outcome: v.literal("created"), view: vKeySnapshot }),
      v.object({
        outcome: v.literal("refused"),
        code: v.string(),
        message: v.string(),
        fields: v.array(vFieldError),
      }),
    ),
  ),
  handler: async (ctx, { items }) => {
    const results = await importKeys(ctx, ctx.caller, items);
    return await Promise.all(
      results.map(async (result) => {
        if ("key" in result) return { outcome: "created" as const, view: await toKeySnapshot(ctx, result.key) };
        const { code, message, fields = [] } = result.refusal;
        return { outcome: "refused" as const, code, message, fields };
      }),
    );
  },
});

/** For verification: every beginning that a foreign key may have. Cached until one comes or goes. */
export const prefixes = internalQuery({
  args: {},
  returns: v.array(v.string()),
  handler: async (ctx) => {
    const rows = await ctx.db.query("foreignPrefixes").take(PREFIXES_MAX);
    return [...new Set(rows.map(({ prefix }) => prefix))];
  },
});

/** For model/verification/firstUses.ts: the slow hashes with which a presented text may be compared. */
export const candidates = internalQuery({
  args: { startHashes: v.array(v.string()) },
  returns: v.array(v.id("slowHashes")),
  handler: async (ctx, { startHashes }) => await findCandidates(ctx, startHashes),
});

export const beginAttempt = internalMutation({
  args: { slowHashId: v.id("slowHashes") },
  returns: v.union(vAttempt, v.null()),
  handler: async (ctx, { slowHashId }) => await beginAttemptOn(ctx, slowHashId),
});

export const settle = internalMutation({
  args: { slowHashIds: v.array(v.id("slowHashes")), hash: v.string() },
  returns: v.null(),
  handler: async (ctx, { slowHashIds, hash }) => {
    await settleFirst(ctx, slowHashIds, hash);
    return null;
  },
});
