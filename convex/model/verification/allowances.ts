import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { fillBucket, refillQuota, takeFromBucket, takeFromQuota } from "../../shared/allowance.ts";
import type { Bucket, QuotaCount } from "../../shared/allowance.ts";
import type { RateLimit } from "../../shared/limits.ts";
import { RowMemory } from "../rowMemory.ts";
import { vQuota, vRateLimit } from "../validators.ts";

/** One use that has to fit into limits: those of the key and those of its organization, null where there is none. */
export const vAsk = v.object({
  keyId: v.id("keys"),
  organizationId: v.id("organization"),
  rateLimit: v.union(vRateLimit, v.null()),
  organizationRateLimit: v.union(vRateLimit, v.null()),
  quota: v.union(vQuota.extend({ setAt: v.number() }), v.null()),
  cost: v.number(),
  // When it is used, epoch milliseconds.
  at: v.number(),
});

const vRate = v.object({
  ok: v.boolean(),
  limit: v.number(),
  remaining: v.number(),
  resetMs: v.number(),
  retryAfterMs: v.number(),
});

export const vTaken = v.object({
  // The first limit that has no room: then nothing was taken from any.
  refusedBy: v.union(v.literal("organization"), v.literal("key"), v.literal("quota"), v.null()),
  // Whether no wait would help: the cost is above all of a limit.
  tooHigh: v.boolean(),
  rate: v.union(vRate, v.null()),
  organizationRate: v.union(vRate, v.null()),
  quota: v.union(
    v.object({ limit: v.number(), remaining: v.number(), refillAt: v.union(v.number(), v.null()) }),
    v.null(),
  ),
});

export type Ask = Infer<typeof vAsk>;
export type Taken = Infer<typeof vTaken>;

type Holder = Id<"keys"> | Id<"organization">;
/** A holder's row, with what this transaction makes of it. */
type Holding = {
  row: Doc<"allowances"> | null;
  bucket: Bucket | null;
  quota: QuotaCount | null;
  isChanged: boolean;
};

const rows = new RowMemory("allowances", 20_000);

/**
 * Takes every use from its limits, one after the other as if each had a transaction of its own: from all of its limits
 * or from none. Each holder's row is read and written once, however many uses there are.
 */
export async function takeAllowances(ctx: MutationCtx, asks: readonly Ask[]): Promise<Taken[]> {
  const holdings = await readHoldings(ctx, asks);
  const taken = asks.map((ask) => take(holdings, ask));
  for (const [holder, { row, isChanged, bucket, quota }] of holdings) {
    if (!isChanged) continue;
    const left = { bucket: bucket ?? undefined, quota: quota ?? undefined };
    // A use that was under way when its holder was deleted leaves nothing behind.
    if (row === null) {
      if (await isThere(ctx, holder)) await ctx.db.insert("allowances", { holder, ...left });
    } else await ctx.db.patch("allowances", row._id, left);
  }
  return taken;
}

/** Removes what is kept of a holder's limits. Part of deleting it. */
export async function deleteAllowance(ctx: MutationCtx, holder: Holder): Promise<void> {
  const row = await findRow(ctx, holder);
  if (row !== null) await ctx.db.delete("allowances", row._id);
}

async function readHoldings(ctx: MutationCtx, asks: readonly Ask[]): Promise<Map<Holder, Holding>> {
  const holders = new Set<Holder>();
  for (const { keyId, organizationId, rateLimit, quota, organizationRateLimit } of asks) {
    if (organizationRateLimit !== null) holders.add(organizationId);
    if (rateLimit !== null || quota !== null) holders.add(keyId);
  }
  const found = await Promise.all([...holders].map(async (holder) => [holder, await findRow(ctx, holder)] as const));
  return new Map(
    found.map(([holder, row]) => [
      holder,
      { row, bucket: row?.bucket ?? null, quota: row?.quota ?? null, isChanged: false },
    ]),
  );
}

async function findRow(ctx: MutationCtx, holder: Holder): Promise<Doc<"allowances"> | null> {
  const isIt = (row: Doc<"allowances">) => row.holder === holder;
  return await rows.find(ctx, holder, isIt, () =>
    ctx.db
      .query("allowances")
      .withIndex("by_holder", (q) => q.eq("holder", holder))
      .unique(),
  );
}

async function isThere(ctx: MutationCtx, holder: Holder): Promise<boolean> {
  const keyId = ctx.db.normalizeId("keys", holder);
  if (keyId !== null) return (await ctx.db.get("keys", keyId)) !== null;
  const organizationId = ctx.db.normalizeId("organization", holder);
  return organizationId !== null && (await ctx.db.get("organization", organizationId)) !== null;
}

/** Asks the organization's limit, the key's and its quota in this order. Only if all have room is anything taken. */
function take(holdings: ReadonlyMap<Holder, Holding>, ask: Ask): Taken {
  const { rateLimit, organizationRateLimit, quota, cost } = ask;
  const key = holdings.get(ask.keyId);
  const organization = holdings.get(ask.organizationId);
  const asked = fare(key, organization, ask);
  const refusedBy = firstRefusal(asked);
  if (refusedBy === null && cost > 0) {
    if (organization !== undefined) keep(organization, asked.wide?.bucket);
    if (key !== undefined) keep(key, asked.own?.bucket, asked.uses?.count);
  }
  // After a refusal, the limits that had room are shown as they stand.
  const standing = refusedBy === null ? asked : fare(key, organization, { ...ask, cost: 0 });
  return {
    refusedBy,
    tooHigh: [organizationRateLimit, rateLimit, quota].some((limit) => limit !== null && cost > limit.limit),
    organizationRate: (refusedBy === "organization" ? asked : standing).wide?.rate ?? null,
    rate: (refusedBy === "key" ? asked : standing).own?.rate ?? null,
    quota: standing.uses?.quota ?? null,
  };
}

/** How a use fares with each of its limits, taken alone. */
function fare(
  key: Holding | undefined,
  organization: Holding | undefined,
  { rateLimit, organizationRateLimit, quota, cost, at }: Ask,
) {
  const ask = (holding: Holding | undefined, limit: RateLimit) =>
    takeFromBucket(fillBucket(holding?.bucket ?? null, limit, at), limit, cost);
  return {
    wide: organizationRateLimit && ask(organization, organizationRateLimit),
    own: rateLimit && ask(key, rateLimit),
    uses: quota && takeFromQuota(refillQuota(key?.quota ?? null, quota, at), quota, cost),
  };
}

function firstRefusal({ wide, own, uses }: ReturnType<typeof fare>): Taken["refusedBy"] {
  if (wide?.rate.ok === false) return "organization";
  if (own?.rate.ok === false) return "key";
  return uses?.ok === false ? "quota" : null;
}

function keep(holding: Holding, bucket: Bucket | undefined, quota?: QuotaCount): void {
  holding.bucket = bucket ?? holding.bucket;
  holding.quota = quota ?? holding.quota;
  holding.isChanged = true;
}
