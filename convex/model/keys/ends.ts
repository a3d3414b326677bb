import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { NO_REQUEST, SYSTEM, recordEntry } from "../audit/trail.ts";
import type { ResolvedCaller } from "../rights/callers.ts";

// The policy and disuse end keys without a write. What is written here makes such an end last.

/** A call that was let in before the key's time was up has noted its use by then: none lasts longer than 30 s. */
export const UNTIL_NOTED_MS = 60_000;

/** Since when the key is dead (epoch milliseconds), and what made that last. */
export type End = {
  diedAt: number;
  reason: "idle" | "name taken";
  /** What is told of the key as it was, beside its expiry. */
  before?: Record<string, unknown>;
  /** Whose doing it is; absent when it is the clock's. */
  request?: ResolvedCaller["request"];
};

/** Gives a key that has died the moment of its death as its expiry: no change of policy brings it back. */
export async function endForGood(
  ctx: MutationCtx,
  key: Doc<"keys">,
  { diedAt, reason, before = {}, request = NO_REQUEST }: End,
): Promise<void> {
  await ctx.db.patch("keys", key._id, { expiresAt: diedAt, ended: true, endedByPolicy: undefined });
  await ctx.db.patch("keyUsage", key.usageId, { settled: true });
  await recordEntry(ctx, key.organizationId, SYSTEM, request, {
    action: "key.expire",
    targetKind: "key",
    targetId: key._id,
    before: { expiresAt: key.expiresAt, ...before },
    after: { expiresAt: diedAt },
    reason,
  });
}
