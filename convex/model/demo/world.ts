import { v } from "convex/values";
import type { ObjectType } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { DEMO_COLLEAGUES, DEMO_ORGANIZATION } from "./keys.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

export const vDemoAge = {
  keyId: v.id("keys"),
  userId: v.string(),
  ageDays: v.number(),
  lifetimeDays: v.number(),
  lastUsedMinutesAgo: v.optional(v.number()),
  disabled: v.optional(v.boolean()),
  revokeReason: v.optional(v.string()),
};

export async function getDemo(ctx: QueryCtx): Promise<Doc<"organization"> | null> {
  return await ctx.db
    .query("organization")
    .withIndex("by_slug", (q) => q.eq("slug", DEMO_ORGANIZATION.slug))
    .unique();
}

/** Makes the organization with its owner and colleagues. Answers their ids by the local part of their addresses. */
export async function foundDemo(
  ctx: MutationCtx,
  userIdText: string,
  { name, slug }: { name: string; slug: string },
): Promise<{ organizationId: Id<"organization">; members: Record<string, Id<"user">> }> {
  const ownerId = ctx.db.normalizeId("user", userIdText);
  if (ownerId === null) throw new Error("The demo's user is not there");
  const now = Date.now();
  const organizationId = await ctx.db.insert("organization", { name, slug, createdAt: now });
  await ctx.db.insert("member", { organizationId, userId: ownerId, role: "owner", createdAt: now });
  const members: Record<string, Id<"user">> = { robin: ownerId };
  for (const { role, ...person } of DEMO_COLLEAGUES) {
    const userId = await ctx.db.insert("user", { ...person, emailVerified: false, createdAt: now, updatedAt: now });
    await ctx.db.insert("member", { organizationId, userId, role, createdAt: now });
    members[person.email.slice(0, person.email.indexOf("@"))] = userId;
  }
  return { organizationId, members };
}

/** Gives a demo key the past that it would have. Touches keys of the demo organization only. */
export async function ageKey(ctx: MutationCtx, change: ObjectType<typeof vDemoAge>): Promise<void> {
  const [key, demo] = [await ctx.db.get("keys", change.keyId), await getDemo(ctx)];
  if (key === null || demo === null || key.organizationId !== demo._id) throw new Error("Not a key of the demo");
  const now = Date.now();
  const createdAt = now - change.ageDays * DAY_MS;
  const expiresAt = createdAt + change.lifetimeDays * DAY_MS;
  const revoked = change.revokeReason !== undefined;
  await ctx.db.patch("keys", key._id, {
    createdAt,
    expiresAt,
    ended: revoked || expiresAt <= now,
    ...(change.disabled === true && { disabledAt: now - DAY_MS }),
    ...(revoked && { revokedAt: now - 40 * DAY_MS, revokedBy: change.userId, revokeReason: change.revokeReason }),
  });
  if (change.lastUsedMinutesAgo !== undefined) {
    await ctx.db.patch("keyUsage", key.usageId, { lastUsedAt: now - change.lastUsedMinutesAgo * MINUTE_MS });
  }
}
