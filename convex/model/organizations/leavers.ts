import { v } from "convex/values";
import type { Infer } from "convex/values";
import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { isDead } from "../../shared/keyStatus.ts";
import { isSuspended, rolesOf } from "../../shared/roles.ts";
import { recordAuthChange } from "../audit/trail.ts";
import { getMember } from "./members.ts";
import { SWEEP_PAUSE_MS } from "../sweep.ts";

// Keys of who has left stop at their very next use, because rights are read from the live membership. What is written
// here makes it last and tells why: joining again revives nothing by itself, and no service key is without a member
// who answers for it.

// Each changes together with an audit entry.
const BATCH = 25;
// As many members as an organization can have.
const MEMBERS_MAX = 1_000;

/** Somebody's leaving, and how far it has been dealt with: newest keys first, `after` being the last one that was. */
export const vLeaving = v.object({
  organizationId: v.id("organization"),
  userId: v.id("user"),
  // Who made them leave; null when nobody is known.
  removedBy: v.union(v.id("user"), v.null()),
  reason: v.union(v.literal("owner left"), v.literal("owner deleted")),
  // The trace id of the request that did it.
  requestId: v.string(),
  ownerKind: v.union(v.literal("personal"), v.literal("service")),
  after: v.union(v.object({ createdAt: v.number(), keyId: v.id("keys") }), v.null()),
});
type Leaving = Infer<typeof vLeaving>;
type Removal = Pick<Leaving, "organizationId" | "userId" | "removedBy" | "requestId">;

/**
 * To be called in the transaction that deletes a membership, after it. Disables the member's personal keys and gives
 * their service keys to who removed them, or else to the oldest owner: the first few of each at once, the others
 * right after.
 */
export async function onMemberRemoved(ctx: MutationCtx, removal: Removal): Promise<void> {
  for (const ownerKind of ["personal", "service"] as const) {
    await settleAndGoOn(ctx, { ...removal, reason: "owner left", ownerKind, after: null });
  }
}

/** The same for a user who is deleted, once per membership, of which there may be many: only scheduled here. */
export async function onUserDeleted(ctx: MutationCtx, removal: Removal): Promise<void> {
  for (const ownerKind of ["personal", "service"] as const) {
    const leaving: Leaving = { ...removal, reason: "owner deleted", ownerKind, after: null };
    await ctx.scheduler.runAfter(0, internal.leavers.settle, leaving);
  }
}

/** Deals with a batch of a leaver's keys and schedules the next one. */
export async function settleAndGoOn(ctx: MutationCtx, leaving: Leaving): Promise<void> {
  const keys = await nextKeys(ctx, leaving);
  const live = keys.filter((key) => !isDead(key, Date.now()));
  if (leaving.ownerKind === "personal") await disableKeys(ctx, leaving, live);
  else await handOver(ctx, leaving, live);
  const last = keys.at(-1);
  if (last === undefined || keys.length < BATCH) return;
  const after = { createdAt: last._creationTime, keyId: last._id };
  await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.leavers.settle, { ...leaving, after });
}

/** Who joins again makes newer keys, which this never reaches: it goes from the newest one back. */
async function nextKeys(ctx: QueryCtx, { organizationId, userId, ownerKind, after }: Leaving): Promise<Doc<"keys">[]> {
  const keys: Doc<"keys">[] = [];
  const newestFirst = ctx.db
    .query("keys")
    .withIndex("by_owner_user", (q) =>
      q
        .eq("organizationId", organizationId)
        .eq("ownerUserId", userId)
        .eq("ownerKind", ownerKind)
        .lte("_creationTime", after?.createdAt ?? Infinity),
    )
    .order("desc");
  for await (const key of newestFirst) {
    // Keys of one transaction may be of the same time; the id settles their order.
    if (after !== null && key._creationTime === after.createdAt && key._id >= after.keyId) continue;
    keys.push(key);
    if (keys.length === BATCH) break;
  }
  return keys;
}

async function disableKeys(
  ctx: MutationCtx,
  why: { organizationId: Id<"organization">; requestId: string; reason: string },
  keys: Doc<"keys">[],
): Promise<void> {
  const disabledAt = Date.now();
  for (const key of keys) {
    // One that somebody has paused by hand stays paused as it is.
    if (key.disabledAt !== undefined) continue;
    await ctx.db.patch("keys", key._id, { disabledAt, disabledReason: why.reason });
    await recordOn(ctx, why, key, "key.disable", { before: { disabledAt: null }, after: { disabledAt } });
  }
}

async function handOver(ctx: MutationCtx, leaving: Leaving, keys: Doc<"keys">[]): Promise<void> {
  if (keys.length === 0) return;
  const heir = await findHeir(ctx, leaving);
  // Nobody is left who could answer for them.
  if (heir === null) return;
  for (const key of keys) {
    await ctx.db.patch("keys", key._id, { ownerUserId: heir });
    const [before, after] = [{ ownerUserId: key.ownerUserId }, { ownerUserId: heir }];
    await recordOn(ctx, leaving, key, "key.update", { before, after });
  }
}

/** Whoever removed the member if that is a member, else the owner who joined first. */
async function findHeir(ctx: QueryCtx, { organizationId, removedBy }: Leaving): Promise<Id<"user"> | null> {
  const remover = removedBy === null ? null : await getMember(ctx, organizationId, removedBy);
  if (remover !== null && !isSuspended(remover.role)) return remover.userId;
  const members = await ctx.db
    .query("member")
    .withIndex("by_organizationId_userId", (q) => q.eq("organizationId", organizationId))
    .take(MEMBERS_MAX);
  const [oldest] = members
    .filter(({ role }) => rolesOf(role).includes("owner"))
    .toSorted((left, right) => left.createdAt - right.createdAt || left._creationTime - right._creationTime);
  return oldest?.userId ?? null;
}

async function recordOn(
  ctx: MutationCtx,
  { organizationId, requestId, reason }: { organizationId: Id<"organization">; requestId: string; reason: string },
  key: Doc<"keys">,
  action: string,
  change: { before: Record<string, unknown>; after: Record<string, unknown> },
): Promise<void> {
  await recordAuthChange(
    ctx,
    organizationId,
    null,
    { id: requestId },
    { action, targetKind: "key", targetId: key._id, ...change, reason },
  );
}
