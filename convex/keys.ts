import { paginationOptsValidator, paginationResultValidator } from "convex/server";
import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalMutation, internalQuery } from "./_generated/server.js";
import { callerMutation, callerQuery, memberQuery } from "./functions.ts";
import { deleteKey, disableKey, enableKey, expireKey, revokeKey } from "./model/keys/changes.ts";
import { updateKey } from "./model/keys/edits.ts";
import { keyFields } from "./model/keys/fields.ts";
import { countDead as countDeadKeys, listKeys, paginateKeys, requireAudience, vKeyFilter } from "./model/keys/lists.ts";
import { readSigned, renewJwt, vSigned } from "./model/keys/jwtKeys.ts";
import { requireKey } from "./model/keys/rights.ts";
import { createKeys, vCreated, vCreation } from "./model/keys/batches.ts";
import { listOwnKeys, vOwnKey } from "./model/keys/ownKeys.ts";
import { toKeySnapshot, toKeySnapshots, toKeyView, toKeyViews, vKeySnapshot, vKeyView } from "./model/keys/views.ts";
import { createKey, draftJwt as draftOf, vNewKey } from "./model/keys/newKeys.ts";
import { recordOnce, requireFirst, vOnce } from "./model/repetitions.ts";
import {
  dropSpentSecrets as dropSpent,
  endGrace as endGraceOf,
  rotateKey,
  vMintedSecret,
} from "./model/keys/secrets.ts";
import { SWEEP_PAUSE_MS, sweepExpired } from "./model/sweep.ts";
import { mayActOnKey, scopeOf } from "./shared/permissions.ts";

const PAGE_MAX = 200;

/** The organization's keys that the signed-in member may see, newest first. Empty without access; `members.me` says why. */
export const list = memberQuery({
  args: { includeDead: v.boolean(), search: v.optional(v.string()), paginationOpts: paginationOptsValidator },
  returns: paginationResultValidator(vKeyView),
  handler: async (ctx, { includeDead, search, paginationOpts }) => {
    const { membership } = ctx;
    const scope = membership === null ? null : scopeOf(membership.grants, "keys:read");
    if (membership === null || scope === null) return { page: [], isDone: true, continueCursor: "" };
    const audience = { organizationId: membership.organizationId, userId: membership.userId, scope };
    const result = await paginateKeys(ctx, audience, { includeDead, search, paginationOpts });
    return { ...result, page: await toKeyViews(ctx, result.page) };
  },
});

/** One key, or null when it is missing, foreign or out of the member's sight. */
export const get = memberQuery({
  args: { keyId: v.string() },
  returns: v.union(vKeyView, v.null()),
  handler: async (ctx, { keyId }) => {
    const { membership } = ctx;
    const id = ctx.db.normalizeId("keys", keyId);
    const key = id === null ? null : await ctx.db.get("keys", id);
    if (membership === null || key === null || key.organizationId !== membership.organizationId) return null;
    return mayActOnKey(membership.grants, "read", key, membership.userId) ? await toKeyView(ctx, key) : null;
  },
});

/** How many dead keys the list hides, counting no further than 100; null without access. */
export const countDead = memberQuery({
  args: {},
  returns: v.union(v.object({ count: v.number(), capped: v.boolean() }), v.null()),
  handler: async (ctx) => {
    const { membership } = ctx;
    const scope = membership === null ? null : scopeOf(membership.grants, "keys:read");
    if (membership === null || scope === null) return null;
    return await countDeadKeys(ctx, { organizationId: membership.organizationId, userId: membership.userId, scope });
  },
});

/** A page for the public API. `at` is the gateway's clock, by which statuses are judged. */
export const listForCaller = callerQuery({
  args: {
    includeDead: v.boolean(),
    filter: vKeyFilter,
    cursor: v.union(v.string(), v.null()),
    limit: v.number(),
    at: v.number(),
  },
  returns: v.object({ items: v.array(vKeySnapshot), nextCursor: v.union(v.string(), v.null()) }),
  handler: async (ctx, { limit, ...wanted }) => {
    const page = { ...wanted, limit: Math.max(1, Math.min(limit, PAGE_MAX)) };
    const { keys, nextCursor } = await listKeys(ctx, requireAudience(ctx.caller), page);
    return { items: await toKeySnapshots(ctx, keys), nextCursor };
  },
});

/** For the gateway: the signed-in person's own keys in all organizations. `at` is the gateway's clock. */
export const listOwn = internalQuery({
  args: {
    userId: v.id("user"),
    includeDead: v.boolean(),
    cursor: v.union(v.string(), v.null()),
    limit: v.number(),
    at: v.number(),
  },
  returns: v.object({ keys: v.array(vOwnKey), nextCursor: v.union(v.string(), v.null()) }),
  handler: async (ctx, { userId, limit, ...wanted }) =>
    await listOwnKeys(ctx, userId, { ...wanted, limit: Math.max(1, Math.min(limit, PAGE_MAX)) }),
});

export const getForCaller = callerQuery({
  args: { keyId: v.string() },
  returns: vKeySnapshot,
  handler: async (ctx, { keyId }) => await toKeySnapshot(ctx, await requireKey(ctx, ctx.caller, keyId, "read")),
});

/** What a rotation needs to know before it mints: the parts of the key that stay, and the version it starts from. */
export const getForRotation = callerQuery({
  args: { keyId: v.string(), expiresAt: v.optional(v.number()), at: v.number() },
  returns: v.object({
    prefix: v.string(),
    env: v.union(v.literal("live"), v.literal("test")),
    keyIdText: v.string(),
    version: v.number(),
    notBefore: v.union(v.number(), v.null()),
    // What a JWT key will say of itself; null for an opaque one.
    signed: v.union(vSigned, v.null()),
  }),
  handler: async (ctx, { keyId, expiresAt, at }) => {
    const key = await requireKey(ctx, ctx.caller, keyId, "rotate");
    const renewed = expiresAt === undefined ? {} : await renewJwt(ctx, ctx.caller, key, expiresAt, at);
    const { prefix, env, keyIdText, version, notBefore = null } = key;
    const signed = key.format === "jwt" ? await readSigned(ctx, { ...key, ...renewed }) : null;
    return { prefix, env, keyIdText, version, notBefore, signed };
  },
});

/** What has to be signed into a JWT key before it can be stored. `at` is the gateway's clock. Throws like `insert`. */
export const draftJwt = callerQuery({
  args: { input: vNewKey, at: v.number() },
  returns: vSigned,
  handler: async (ctx, { input, at }) => await draftOf(ctx, ctx.caller, input, at),
});

/** The second half of `createKey` in auth/credentials.ts: the secret is minted, everything else happens here at once. */
export const insert = callerMutation({
  args: { input: vNewKey, secret: vMintedSecret, once: v.optional(vOnce) },
  returns: vKeySnapshot,
  handler: async (ctx, { input, secret, once }) =>
    await toKeySnapshot(ctx, await createKey(ctx, ctx.caller, input, secret, { once })),
});

/** The same for many opaque keys of many callers, in one transaction. A result per item, in their order. */
export const insertAll = internalMutation({
  args: { creations: v.array(vCreation) },
  returns: v.array(vCreated),
  handler: async (ctx, { creations }) => await createKeys(ctx, creations),
});

/** The second half of `rotateKey` in auth/credentials.ts. */
export const replaceSecret = callerMutation({
  args: {
    keyId: v.string(),
    seenVersion: v.number(),
    graceMs: v.number(),
    // Of a JWT key: the expiry that the new secret was signed with.
    expiresAt: v.optional(v.number()),
    secret: vMintedSecret,
    once: v.optional(vOnce),
  },
  returns: vKeySnapshot,
  handler: async (ctx, { secret, once, ...change }) => {
    const key = await rotateKey(ctx, ctx.caller, change, secret);
    await requireFirst(ctx, ctx.caller, once);
    await recordOnce(ctx, ctx.caller, once, key);
    return await toKeySnapshot(ctx, key);
  },
});

export const endGrace = callerMutation({
  args: { keyId: v.string() },
  returns: vKeySnapshot,
  handler: async (ctx, { keyId }) => await toKeySnapshot(ctx, await endGraceOf(ctx, ctx.caller, keyId)),
});

/** Run when a grace period is over. */
export const dropSpentSecrets = internalMutation({
  args: { keyId: v.id("keys") },
  returns: v.null(),
  handler: async (ctx, { keyId }) => {
    await dropSpent(ctx, keyId);
    return null;
  },
});

export const update = callerMutation({
  args: { keyId: v.string(), changes: v.object(keyFields) },
  returns: vKeySnapshot,
  handler: async (ctx, { keyId, changes }) =>
    await toKeySnapshot(ctx, await updateKey(ctx, ctx.caller, keyId, changes)),
});

export const revoke = callerMutation({
  args: { keyId: v.string(), reason: v.optional(v.string()) },
  returns: vKeySnapshot,
  handler: async (ctx, { keyId, reason }) => await toKeySnapshot(ctx, await revokeKey(ctx, ctx.caller, keyId, reason)),
});

export const expire = callerMutation({
  args: { keyId: v.string() },
  returns: vKeySnapshot,
  handler: async (ctx, { keyId }) => await toKeySnapshot(ctx, await expireKey(ctx, ctx.caller, keyId)),
});

export const disable = callerMutation({
  args: { keyId: v.string() },
  returns: vKeySnapshot,
  handler: async (ctx, { keyId }) => await toKeySnapshot(ctx, await disableKey(ctx, ctx.caller, keyId)),
});

export const enable = callerMutation({
  args: { keyId: v.string() },
  returns: vKeySnapshot,
  handler: async (ctx, { keyId }) => await toKeySnapshot(ctx, await enableKey(ctx, ctx.caller, keyId)),
});

export const remove = callerMutation({
  args: { keyId: v.string() },
  returns: v.null(),
  handler: async (ctx, { keyId }) => {
    await deleteKey(ctx, ctx.caller, keyId);
    return null;
  },
});

/** Run by the clock: moves keys that have expired out of the way of lists, a batch at a time. */
export const sweep = internalMutation({
  args: {},
  returns: v.null(),
  handler: async (ctx) => {
    const more = await sweepExpired(ctx);
    if (more) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.keys.sweep, {});
    return null;
  },
});
