import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { isDead } from "../../shared/keyStatus.ts";
import { idleDeathOf, idleLimitOf } from "../../shared/policy.ts";
import type { Policy } from "../../shared/policy.ts";
import { UNTIL_NOTED_MS, endForGood } from "../keys/ends.ts";
import { getMember } from "../organizations/members.ts";
import { expiryOf, policyOf } from "./policies.ts";

// Whether a key is good is computed whenever it is used. What is written here follows later: lists lose the keys that
// the policy has ended and get them back when it is loosened, and a key that nobody used for too long gets the moment
// of its death as its expiry, for good.

const BATCH = 100;
// Keys that are ended for good, each with an audit entry.
const IDLE_BATCH = 25;

/** A batch of the organizations that have a policy of their own, and where to go on. */
export async function listPolicies(
  ctx: QueryCtx,
  cursor: string | null,
): Promise<{ policies: Doc<"policies">[]; nextCursor: string | null }> {
  const { page, isDone, continueCursor } = await ctx.db.query("policies").paginate({ numItems: BATCH, cursor });
  return { policies: page, nextCursor: isDone ? null : continueCursor };
}

type Page = { organizationId: Id<"organization">; at: number; cursor: string | null };

/**
 * Moves keys whose time is up under the policy at `at` out of the lists of live keys. Their own expiry stays, so a
 * loosened policy revives them. Answers where to go on, or null when done.
 */
export async function endByPolicy(ctx: MutationCtx, { organizationId, at, cursor }: Page): Promise<string | null> {
  const policy = await policyOf(ctx, organizationId);
  // No key that is younger than this has lived too long.
  const shortest = shortestLifetimeOf(policy);
  if (shortest === null) return null;
  const { page, isDone, continueCursor } = await ctx.db
    .query("keys")
    .withIndex("by_organization_ended", (q) =>
      q
        .eq("organizationId", organizationId)
        .eq("ended", false)
        // That time has fractions of the millisecond in which the key's own begins.
        .lt("_creationTime", at - shortest + 1),
    )
    .paginate({ numItems: BATCH, cursor });
  for (const key of page) {
    if (isDead(key, at) || !(await isEnded(ctx, policy, key, at))) continue;
    await ctx.db.patch("keys", key._id, { ended: true, endedByPolicy: true });
  }
  return isDone ? null : continueCursor;
}

/** Gives the lists back what the policy had ended and does not end any more. Answers where to go on, or null. */
export async function reviveByPolicy(
  ctx: MutationCtx,
  { organizationId, cursor, at: begun }: Page,
): Promise<string | null> {
  // Never as of a moment that has passed: a later sweep may have ended more by now.
  const at = Math.max(begun, Date.now());
  const policy = await policyOf(ctx, organizationId);
  const { page, isDone, continueCursor } = await ctx.db
    .query("keys")
    .withIndex("by_policy_end", (q) => q.eq("organizationId", organizationId).eq("endedByPolicy", true))
    .paginate({ numItems: BATCH, cursor });
  for (const key of page) {
    // Dead by itself by now: it stays where it is, whatever the policy says.
    if (isDead(key, at)) await ctx.db.patch("keys", key._id, { endedByPolicy: undefined });
    else if (!(await isEnded(ctx, policy, key, at))) {
      await ctx.db.patch("keys", key._id, { ended: false, endedByPolicy: undefined });
    }
  }
  return isDone ? null : continueCursor;
}

/**
 * Expires the keys of an organization that have gone unused for as long as its policy allows, by when they were last
 * used. Answers where to go on, or null.
 */
export async function expireIdle(ctx: MutationCtx, { organizationId, at, cursor }: Page): Promise<string | null> {
  const policy = await policyOf(ctx, organizationId);
  const limit = policy.idleExpiryMs;
  if (limit === null) return null;
  const { page, isDone, continueCursor } = await ctx.db
    .query("keyUsage")
    // Null, for never, sorts below every number.
    .withIndex("by_last_use", (q) =>
      q
        .eq("organizationId", organizationId)
        .eq("settled", undefined)
        .lte("lastUsedAt", at - limit),
    )
    .paginate({ numItems: IDLE_BATCH, cursor });
  for (const usage of page) {
    const key = usage.keyId === undefined ? null : await ctx.db.get("keys", usage.keyId);
    if (key === null || isDead(key, at)) await ctx.db.patch("keyUsage", usage._id, { settled: true });
    else await expireIfIdle(ctx, policy, key, usage, at);
  }
  return isDone ? null : continueCursor;
}

/** The same for keys with an idle limit of their own, in all organizations. */
export async function expireIdleByOwnLimit(
  ctx: MutationCtx,
  { at, cursor }: { at: number; cursor: string | null },
): Promise<string | null> {
  const { page, isDone, continueCursor } = await ctx.db
    .query("keys")
    .withIndex("by_idle_limit", (q) => q.eq("ended", false).gt("idleExpiryMs", 0))
    .paginate({ numItems: IDLE_BATCH, cursor });
  for (const key of page) {
    const usage = await ctx.db.get("keyUsage", key.usageId);
    if (usage === null || isDead(key, at)) continue;
    await expireIfIdle(ctx, await policyOf(ctx, key.organizationId), key, usage, at);
  }
  return isDone ? null : continueCursor;
}

/** Reads the last use in the transaction that writes the expiry: a use noted meanwhile makes it run anew, and wins. */
async function expireIfIdle(
  ctx: MutationCtx,
  policy: Policy,
  key: Doc<"keys">,
  usage: Doc<"keyUsage">,
  at: number,
): Promise<void> {
  const limit = idleLimitOf(policy, key);
  const died = limit === null ? Infinity : idleDeathOf(key, usage.lastUsedAt, limit);
  if (died > at - UNTIL_NOTED_MS) return;
  await endForGood(ctx, key, { diedAt: died, reason: "idle", before: { lastUsedAt: usage.lastUsedAt } });
}

async function isEnded(ctx: MutationCtx, policy: Policy, key: Doc<"keys">, at: number): Promise<boolean> {
  const depends = key.ownerKind === "personal" && Object.keys(policy.maxLifetimeMsByRole).length > 0;
  const member = depends ? await getMember(ctx, key.organizationId, key.ownerUserId) : null;
  const expiresAt = expiryOf(policy, key, member?.role ?? "");
  return expiresAt !== null && expiresAt <= at;
}

/** The shortest time after which the policy may end a key; null when it ends none. */
function shortestLifetimeOf({ maxLifetimeMs, maxLifetimeMsByRole, neverExpiring, defaultLifetimeMs }: Policy) {
  const general = maxLifetimeMs ?? (neverExpiring ? null : defaultLifetimeMs);
  const lifetimes = [...Object.values(maxLifetimeMsByRole), ...(general === null ? [] : [general])];
  return lifetimes.length === 0 ? null : Math.min(...lifetimes);
}
