import { internal } from "../../_generated/api.js";
import type { ActionCtx } from "../../_generated/server.js";
import type { QuotaState, Rate } from "../../shared/allowance.ts";
import type { Ask, Taken } from "./allowances.ts";
import { GroupCommit } from "../groupCommit.ts";
import type { KeyState } from "./keyStates.ts";

// Every call with a limited key passes here: this file stays light.

/** Which limit a use did not fit into: a rate limit with the limit's state, the quota with its, or a limit that never has that much. */
export type Spent =
  | { code: "RATE_LIMITED"; reason: "KEY" | "ORGANIZATION"; rateLimit: Rate }
  | { code: "USAGE_EXCEEDED"; quota: QuotaState }
  | { code: "COST_TOO_HIGH"; rateLimit: Rate | null; quota: QuotaState | null };

/** What a use left of the limits; null where there is none. */
export type Left = { rateLimit: Rate | null; organizationRateLimit: Rate | null; quota: QuotaState | null };

/** What became of a use. */
type Use = { spent: Spent } | { spent: null; left: Left };

// Five hundred uses are one commit of a few milliseconds; more would make the first of them wait for the last.
const BATCH_MAX = 500;
const takes = new GroupCommit<Ask, Taken>(
  BATCH_MAX,
  async (ctx, asks) => await ctx.runMutation(internal.allowances.take, { asks }),
);

/**
 * Takes one use of a good key from all of its limits, or from none. It is on the disk when this returns: whatever
 * happens then, no more is ever answered as good than the limits allow. A key without limits costs nothing here, not
 * even a promise. `cost` is how much the use takes, `at` when it happens.
 */
export function takeUse(ctx: ActionCtx, key: KeyState, use: { cost: number; at: number }): Use | Promise<Use> {
  return isLimited(key) ? takeLimited(ctx, key, use) : UNLIMITED;
}

async function takeLimited(ctx: ActionCtx, key: KeyState, { cost, at }: { cost: number; at: number }): Promise<Use> {
  const { keyId, organizationId, rateLimit, organizationRateLimit, quota } = key;
  const limits = { rateLimit, organizationRateLimit, quota };
  const taken = await takes.join(ctx, { keyId, organizationId, ...limits, cost, at });
  const spent = toSpent(taken);
  if (spent !== null) return { spent };
  const { rate, organizationRate } = taken;
  return { spent, left: { rateLimit: rate, organizationRateLimit: organizationRate, quota: taken.quota } };
}

/** Whether a use takes from anything. */
export function isLimited({ rateLimit, organizationRateLimit, quota }: KeyState): boolean {
  return rateLimit !== null || organizationRateLimit !== null || quota !== null;
}

const UNLIMITED: Use = { spent: null, left: { rateLimit: null, organizationRateLimit: null, quota: null } };

/** Of two rate limits the one with less left, which is the one to tell a caller about. */
export function tighterRate({ rateLimit, organizationRateLimit }: Left): Rate | null {
  if (rateLimit === null || organizationRateLimit === null) return rateLimit ?? organizationRateLimit;
  return organizationRateLimit.remaining < rateLimit.remaining ? organizationRateLimit : rateLimit;
}

function toSpent({ refusedBy, tooHigh, rate, organizationRate, quota }: Taken): Spent | null {
  if (refusedBy === null) return null;
  if (tooHigh) return { code: "COST_TOO_HIGH", rateLimit: rate, quota };
  if (refusedBy === "organization" && organizationRate !== null) {
    return { code: "RATE_LIMITED", reason: "ORGANIZATION", rateLimit: organizationRate };
  }
  if (refusedBy === "key" && rate !== null) return { code: "RATE_LIMITED", reason: "KEY", rateLimit: rate };
  if (quota === null) throw new Error(`A use was refused by ${refusedBy}, which it has not`);
  return { code: "USAGE_EXCEEDED", quota };
}
