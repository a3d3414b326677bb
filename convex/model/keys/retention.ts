import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { NO_REQUEST, SYSTEM, recordEntry } from "../audit/trail.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { requireRight } from "../rights/granting.ts";
import { eraseKey, toAuditState } from "./changes.ts";
import { policyOf } from "../policy/policies.ts";
import { requireRules } from "../policy/changes.ts";

// Each goes together with some rows of its own and an audit entry.
const BATCH = 20;
const COUNT_MAX = 1_000;
const SHOWN_MAX = 50;

type Cutoff = { organizationId: Id<"organization">; before: number };

/** What the next sweep would delete. `capped`: there are more than `count`. */
export const vRetentionPreview = v.object({
  keys: v.object({
    // How long they are kept, in milliseconds; null for ever.
    retentionMs: v.union(v.number(), v.null()),
    count: v.number(),
    capped: v.boolean(),
    // The first to go, longest dead first.
    first: v.array(
      v.object({
        id: v.id("keys"),
        name: v.string(),
        ownerKind: v.union(v.literal("personal"), v.literal("service")),
        ownerUserId: v.id("user"),
        start: v.string(),
        last4: v.string(),
        diedAt: v.number(),
      }),
    ),
  }),
  auditEntries: v.object({
    retentionMs: v.union(v.number(), v.null()),
    count: v.number(),
    capped: v.boolean(),
    // When the oldest of them was written; null when there is none.
    oldestAt: v.union(v.number(), v.null()),
  }),
});
export type RetentionPreview = Infer<typeof vRetentionPreview>;

/**
 * Deletes a batch of keys that were dead before `before` (epoch milliseconds), with their secrets, usage, and places
 * in groups and at licenses. What they were stands in the audit entry of the very transaction. True when there may
 * be more. Keys that are disabled, or that only the policy has ended, are not dead for good and stay.
 */
export async function deleteDeadKeys(ctx: MutationCtx, cutoff: Cutoff): Promise<boolean> {
  const dead = await deadKeys(ctx, cutoff, BATCH);
  for (const key of dead) {
    await recordEntry(ctx, cutoff.organizationId, SYSTEM, NO_REQUEST, {
      action: "key.delete",
      targetKind: "key",
      targetId: key._id,
      before: { ...toAuditState(key), diedAt: diedAtOf(key) },
      after: null,
      reason: "retention",
    });
    await eraseKey(ctx, key);
  }
  return dead.length === BATCH;
}

/** How long things would be kept, each as the policy says unless told, and the moment by which they are judged. */
export type RetentionWish = { deadKeyRetentionMs?: number; auditRetentionMs?: number; at: number };

/** What the sweep would do, counted no further than 1,000 of a kind. Throws FORBIDDEN and INVALID_INPUT. */
export async function previewRetention(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  { at, ...change }: RetentionWish,
): Promise<RetentionPreview> {
  requireRight(caller, "policy:read");
  requireRight(caller, "keys:read");
  const { organizationId } = caller;
  const rules = await requireRules(ctx, organizationId, await policyOf(ctx, organizationId), change);
  return {
    keys: await previewKeys(ctx, organizationId, rules.deadKeyRetentionMs, at),
    auditEntries: await previewEntries(ctx, organizationId, rules.auditRetentionMs, at),
  };
}

async function previewKeys(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  retentionMs: number | null,
  at: number,
): Promise<RetentionPreview["keys"]> {
  if (retentionMs === null) return { retentionMs, count: 0, capped: false, first: [] };
  const dead = await deadKeys(ctx, { organizationId, before: at - retentionMs }, COUNT_MAX + 1);
  const first = dead.slice(0, SHOWN_MAX).map(({ _id, name, ownerKind, ownerUserId, start, last4, ...key }) => {
    return { id: _id, name, ownerKind, ownerUserId, start, last4, diedAt: diedAtOf(key) };
  });
  return { retentionMs, count: Math.min(dead.length, COUNT_MAX), capped: dead.length > COUNT_MAX, first };
}

async function previewEntries(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  retentionMs: number | null,
  at: number,
): Promise<RetentionPreview["auditEntries"]> {
  if (retentionMs === null) return { retentionMs, count: 0, capped: false, oldestAt: null };
  const entries = await ctx.db
    .query("audit")
    .withIndex("by_organization", (q) => q.eq("organizationId", organizationId).lt("at", at - retentionMs))
    .take(COUNT_MAX + 1);
  const count = Math.min(entries.length, COUNT_MAX);
  return { retentionMs, count, capped: entries.length > COUNT_MAX, oldestAt: entries[0]?.at ?? null };
}

/** The first `limit` keys that died before a moment, longest dead first. */
async function deadKeys(ctx: QueryCtx, { organizationId, before }: Cutoff, limit: number): Promise<Doc<"keys">[]> {
  const revoked = await ctx.db
    .query("keys")
    .withIndex("by_death", (q) =>
      q.eq("organizationId", organizationId).eq("ended", true).gt("revokedAt", 0).lt("revokedAt", before),
    )
    .take(limit);
  const expired = await ctx.db
    .query("keys")
    .withIndex("by_death", (q) =>
      q
        .eq("organizationId", organizationId)
        .eq("ended", true)
        .eq("revokedAt", undefined)
        .gt("expiresAt", 0)
        .lt("expiresAt", before),
    )
    .take(limit);
  return [...revoked, ...expired].toSorted((left, right) => diedAtOf(left) - diedAtOf(right)).slice(0, limit);
}

/** When it died for good. Called only for keys that did. */
function diedAtOf({ revokedAt, expiresAt }: Pick<Doc<"keys">, "revokedAt" | "expiresAt">): number {
  return revokedAt ?? expiresAt ?? 0;
}
