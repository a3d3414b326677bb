import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { DAY_MS, LAST_USED_INTERVAL_MS } from "../../shared/limits.ts";
import { RowMemory } from "../rowMemory.ts";
import { vTagCount, vUsageCount } from "../validators.ts";

/** What one key was used for within one hour, since the last time that it was told. */
export const vUsageEntry = v.object({
  organizationId: v.id("organization"),
  ownerRef: v.string(),
  keyId: v.id("keys"),
  usageId: v.id("keyUsage"),
  hour: v.number(),
  counts: v.array(vUsageCount),
  tags: v.array(vTagCount),
  // Null when nobody used it but was refused, or when its last use was noted just before.
  lastUse: v.union(v.object({ at: v.number(), ip: v.optional(v.string()), agent: v.optional(v.string()) }), v.null()),
});

/** Entries of different keys or hours. `writer` is null for a process that does not outlive its answer. */
export const usageBatch = {
  writer: v.union(v.string(), v.null()),
  batch: v.number(),
  shard: v.number(),
  entries: v.array(vUsageEntry),
};

export type UsageEntry = Infer<typeof vUsageEntry>;
type Counted = Doc<"usageCounts">;
type Counts = Pick<Counted, "counts" | "tags">;

/** On the rows that hold an organization's sums instead of a key's counts. */
export const SUMS = "*";
/** Counts together all tags beyond the first of an hour. No tag is empty, so it is none of them. */
export const OTHER_TAGS = "";
const TAGS_MAX = 100;

const rows = new RowMemory("usageCounts", 20_000);
const writers = new RowMemory("usageWriters", 100);

const RETENTION_MS = 400 * DAY_MS;
const SWEEP_BATCH = 100;

/**
 * Adds a batch to the counts and notes last uses. A batch that this writer has written already changes nothing, so
 * it may be sent again when its answer was lost.
 */
export async function recordUses(
  ctx: MutationCtx,
  { writer, batch, shard, entries }: { writer: string | null; batch: number; shard: number; entries: UsageEntry[] },
): Promise<void> {
  if (writer !== null && !(await isNewBatch(ctx, writer, batch))) return;
  const sums = new Map<string, UsageEntry[]>();
  for (const entry of entries) {
    const { organizationId, hour } = entry;
    await addToKey(ctx, shard, entry);
    await noteLastUse(ctx, entry);
    const sum = `${organizationId} ${hour}`;
    sums.set(sum, [...(sums.get(sum) ?? []), entry]);
  }
  for (const [first, ...others] of sums.values()) {
    if (first !== undefined) await addToSums(ctx, shard, first, [first, ...others]);
  }
}

/** Deletes what is older than 400 days, a batch at a time, and writers that are long gone. True when there may be more. */
export async function sweepUsage(ctx: MutationCtx, now: number): Promise<boolean> {
  const old = await ctx.db
    .query("usageCounts")
    // A row is made within its hour, or moments later.
    .withIndex("by_creation_time", (q) => q.lt("_creationTime", now - RETENTION_MS))
    .take(SWEEP_BATCH);
  const gone = await ctx.db
    .query("usageWriters")
    .withIndex("by_at", (q) => q.lt("at", now - DAY_MS))
    .take(SWEEP_BATCH);
  for (const row of old) await ctx.db.delete("usageCounts", row._id);
  for (const row of gone) await ctx.db.delete("usageWriters", row._id);
  return old.length === SWEEP_BATCH || gone.length === SWEEP_BATCH;
}

/** Counts under their operation and outcome, and tags, added up. */
export function addCounts(to: Counts, added: readonly Counts[]): Counts {
  const counts = new Map(to.counts.map((row) => [`${row.operation} ${row.outcome}`, row]));
  const tags = new Map(to.tags.map((row) => [row.tag, row]));
  for (const more of added) {
    for (const row of more.counts) {
      const name = `${row.operation} ${row.outcome}`;
      counts.set(name, { ...row, count: (counts.get(name)?.count ?? 0) + row.count });
    }
    for (const row of more.tags) {
      const tag = tags.has(row.tag) || tags.size < TAGS_MAX ? row.tag : OTHER_TAGS;
      const before = tags.get(tag);
      tags.set(tag, { tag, count: (before?.count ?? 0) + row.count, refused: (before?.refused ?? 0) + row.refused });
    }
  }
  return { counts: [...counts.values()], tags: [...tags.values()] };
}

async function addToKey(
  ctx: MutationCtx,
  shard: number,
  { organizationId, ownerRef, keyId, hour, counts, tags }: UsageEntry,
): Promise<void> {
  const isIt = (found: Counted) => found.keyId === keyId && found.hour === hour && found.shard === shard;
  const row = await rows.find(ctx, `${keyId} ${hour} ${shard}`, isIt, () =>
    ctx.db
      .query("usageCounts")
      .withIndex("by_key", (q) => q.eq("keyId", keyId).eq("hour", hour).eq("shard", shard))
      .unique(),
  );
  const added = addCounts(row ?? { counts: [], tags: [] }, [{ counts, tags }]);
  if (row !== null) await ctx.db.patch("usageCounts", row._id, added);
  else await ctx.db.insert("usageCounts", { organizationId, ownerRef, keyId, hour, shard, ...added });
}

async function addToSums(
  ctx: MutationCtx,
  shard: number,
  { organizationId, hour }: UsageEntry,
  entries: UsageEntry[],
): Promise<void> {
  const isIt = (found: Counted) =>
    found.organizationId === organizationId && found.ownerRef === SUMS && found.hour === hour && found.shard === shard;
  const row = await rows.find(ctx, `${organizationId} ${hour} ${shard}`, isIt, () =>
    ctx.db
      .query("usageCounts")
      .withIndex("by_owner", (q) =>
        q.eq("organizationId", organizationId).eq("ownerRef", SUMS).eq("hour", hour).eq("shard", shard),
      )
      .unique(),
  );
  const added = addCounts(row ?? { counts: [], tags: [] }, entries);
  if (row === null) await ctx.db.insert("usageCounts", { organizationId, ownerRef: SUMS, hour, shard, ...added });
  else await ctx.db.patch("usageCounts", row._id, added);
}

async function isNewBatch(ctx: MutationCtx, writer: string, batch: number): Promise<boolean> {
  const isIt = (found: Doc<"usageWriters">) => found.writer === writer;
  const row = await writers.find(ctx, writer, isIt, () =>
    ctx.db
      .query("usageWriters")
      .withIndex("by_writer", (q) => q.eq("writer", writer))
      .unique(),
  );
  if (row !== null && row.batch >= batch) return false;
  const written = { batch, at: Date.now() };
  if (row === null) await ctx.db.insert("usageWriters", { writer, ...written });
  else await ctx.db.patch("usageWriters", row._id, written);
  return true;
}

async function noteLastUse(ctx: MutationCtx, { usageId, lastUse }: UsageEntry): Promise<void> {
  if (lastUse === null) return;
  const usage = await ctx.db.get("keyUsage", usageId);
  // Gone with its key, or noted by another process meanwhile.
  if (usage === null) return;
  const { at, ip, agent } = lastUse;
  if (usage.lastUsedAt !== null && at - usage.lastUsedAt < LAST_USED_INTERVAL_MS) return;
  await ctx.db.patch("keyUsage", usageId, { lastUsedAt: at, ip, agent });
}
