import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { DAY_MS, HOUR_MS } from "../../shared/limits.ts";
import type { Scope } from "../../shared/permissions.ts";
import { findByIds } from "../keys/ranges.ts";
import { findKey } from "../keys/rights.ts";
import { SUMS } from "./counts.ts";

export const vUsageBy = v.union(
  v.literal("hour"),
  v.literal("day"),
  v.literal("operation"),
  v.literal("outcome"),
  v.literal("tag"),
);
export type UsageBy = Infer<typeof vUsageBy>;

export const vUsageReport = v.object({
  // The whole hours that were looked at: from this one on, up to that one. Epoch milliseconds.
  from: v.number(),
  to: v.number(),
  // All calls, and those of them that were refused.
  count: v.number(),
  refused: v.number(),
  // By time: `at` and no name, oldest first, without hours in which there was nothing. Else: by name, the most first.
  // A tag's name is empty where tags were too many to count each.
  items: v.array(
    v.object({
      at: v.union(v.number(), v.null()),
      name: v.union(v.string(), v.null()),
      count: v.number(),
      refused: v.number(),
    }),
  ),
  // Of the one key that was asked about.
  lastUse: v.union(
    v.object({ at: v.number(), ip: v.union(v.string(), v.null()), agent: v.union(v.string(), v.null()) }),
    v.null(),
  ),
});
export type UsageReport = Infer<typeof vUsageReport>;

/** Who looks: with scope `own`, at personal keys of their own only, and at those whose ids are in `among` only, if that is given. */
type Audience = { organizationId: Id<"organization">; userId: Id<"user">; scope: Scope; among?: readonly string[] };
type Range = { from: number; to: number };

const ROWS_MAX = 16_000;
const HOURLY_MAX_MS = 31 * DAY_MS;
const RANGE_MAX_MS = 366 * DAY_MS;
const GOOD = new Set(["OK", "VALID"]);

/** The key with this id or public id, or null when it is missing, foreign or out of the audience's sight. */
export async function getKeyForUsage(ctx: QueryCtx, audience: Audience, keyId: string): Promise<Doc<"keys"> | null> {
  const key = await findKey(ctx, audience.organizationId, keyId);
  if (key === null || !isSeenBy(audience, key)) return null;
  return audience.among === undefined || audience.among.includes(key._id) ? key : null;
}

/** The whole hours that a range touches. Throws INVALID_INPUT for one that is empty, or longer than a year, or by the hour longer than 31 days. */
export function requireUsageRange({ from, to, by }: Range & { by: UsageBy }): Range {
  const hours = { from: Math.floor(from / HOUR_MS) * HOUR_MS, to: Math.ceil(to / HOUR_MS) * HOUR_MS };
  const most = by === "hour" ? HOURLY_MAX_MS : RANGE_MAX_MS;
  if (!Number.isSafeInteger(hours.from) || !Number.isSafeInteger(hours.to) || from >= to) {
    throw wrongRange("to", "Give two moments in epoch milliseconds, this one later than `from`.");
  }
  if (hours.to - hours.from > most) {
    throw wrongRange("from", `Look at no more than ${most / DAY_MS} days at once, by ${by}.`);
  }
  return hours;
}

/** Adds up what was counted in the range, for one key or for all that the audience may see. Throws INVALID_INPUT when that is too much to read. */
export async function readUsage(
  ctx: QueryCtx,
  audience: Audience,
  { key, by, from, to }: Range & { key: Doc<"keys"> | undefined; by: UsageBy },
): Promise<UsageReport> {
  const rows = await readRows(ctx, audience, key, { from, to });
  const items = new Map<string | number, UsageReport["items"][number]>();
  const total = { count: 0, refused: 0 };
  for (const row of rows) {
    for (const { operation, outcome, count } of row.counts) {
      const refused = GOOD.has(outcome) ? 0 : count;
      total.count += count;
      total.refused += refused;
      if (by === "hour" || by === "day") add(items, startOf(row.hour, by), { count, refused });
      else if (by !== "tag") add(items, by === "operation" ? operation : outcome, { count, refused });
    }
    if (by === "tag") for (const { tag, ...counted } of row.tags) add(items, tag, counted);
  }
  const lastUse = key === undefined ? null : await readLastUse(ctx, key);
  return { from, to, ...total, items: [...items.values()].toSorted(byTimeOrCount), lastUse };
}

async function readRows(
  ctx: QueryCtx,
  audience: Audience,
  key: Doc<"keys"> | undefined,
  { from, to }: Range,
): Promise<Doc<"usageCounts">[]> {
  const { organizationId, userId, scope, among } = audience;
  if (key === undefined && among === undefined) {
    const ownerRef = scope === "any" ? SUMS : userId;
    const sums = ctx.db
      .query("usageCounts")
      .withIndex("by_owner", (q) =>
        q.eq("organizationId", organizationId).eq("ownerRef", ownerRef).gte("hour", from).lt("hour", to),
      );
    return requireFew(await sums.take(ROWS_MAX + 1));
  }
  const named = key === undefined ? await findByIds(ctx, organizationId, among ?? []) : [key];
  const rows: Doc<"usageCounts">[] = [];
  // One after the other, so that no more is read than one report may.
  for (const { _id: keyId } of named.filter((one) => isSeenBy(audience, one))) {
    const ofKey = ctx.db
      .query("usageCounts")
      .withIndex("by_key", (q) => q.eq("keyId", keyId).gte("hour", from).lt("hour", to));
    rows.push(...(await ofKey.take(ROWS_MAX + 1 - rows.length)));
    requireFew(rows);
  }
  return rows;
}

function isSeenBy({ scope, userId }: Audience, { ownerKind, ownerUserId }: Doc<"keys">): boolean {
  return scope === "any" || (ownerKind === "personal" && ownerUserId === userId);
}

function requireFew(rows: Doc<"usageCounts">[]): Doc<"usageCounts">[] {
  if (rows.length > ROWS_MAX) throw wrongRange("from", "There is too much in this range. Look at a shorter one.");
  return rows;
}

async function readLastUse(ctx: QueryCtx, key: Doc<"keys">): Promise<UsageReport["lastUse"]> {
  const usage = await ctx.db.get("keyUsage", key.usageId);
  if (usage === null || usage.lastUsedAt === null) return null;
  return { at: usage.lastUsedAt, ip: usage.ip ?? null, agent: usage.agent ?? null };
}

function add(
  items: Map<string | number, UsageReport["items"][number]>,
  name: string | number,
  { count, refused }: { count: number; refused: number },
): void {
  const before = items.get(name);
  items.set(name, {
    at: typeof name === "number" ? name : null,
    name: typeof name === "string" ? name : null,
    count: (before?.count ?? 0) + count,
    refused: (before?.refused ?? 0) + refused,
  });
}

function startOf(hour: number, by: "hour" | "day"): number {
  return by === "hour" ? hour : Math.floor(hour / DAY_MS) * DAY_MS;
}

function byTimeOrCount(left: UsageReport["items"][number], right: UsageReport["items"][number]): number {
  if (left.at !== null && right.at !== null) return left.at - right.at;
  return right.count - left.count || ((left.name ?? "") < (right.name ?? "") ? -1 : 1);
}

function wrongRange(path: string, message: string): Error {
  return latchkeyError("INVALID_INPUT", "Usage cannot be looked at like this.", [{ path, message }]);
}
