import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { latchkeyError } from "../shared/errors.ts";
import type { ResolvedCaller } from "./rights/callers.ts";
import { requireCreate, requireKey } from "./keys/rights.ts";

/** What makes a request one that must happen once: who sends it is known, `inputHash` tells whether it asks the same. */
export const vOnce = v.object({ operation: v.string(), idempotencyKey: v.string(), inputHash: v.string() });

export type Once = Infer<typeof vOnce>;

const KEPT_MS = 24 * 60 * 60 * 1000;
const BATCH = 200;

/**
 * The key that this caller's request of the same Idempotency-Key made or rotated before, or null. It is told as it is
 * now, so only to who may still do the same. Throws INVALID_INPUT when that request asked for something else, CONFLICT
 * when its key has been deleted since, and FORBIDDEN or NOT_FOUND as the operation does.
 */
export async function findRepetition(ctx: QueryCtx, caller: ResolvedCaller, once: Once): Promise<Doc<"keys"> | null> {
  const before = await findBefore(ctx, caller, once);
  if (before === null) return null;
  if (before.inputHash !== once.inputHash) {
    throw latchkeyError("INVALID_INPUT", "This Idempotency-Key came with another input before. Choose a new one.", [
      { path: "Idempotency-Key", message: "Use one for one input only." },
    ]);
  }
  const key = await ctx.db.get("keys", before.keyId);
  if (key === null) {
    throw latchkeyError("CONFLICT", "The key of this Idempotency-Key has been deleted since. Choose a new one.");
  }
  const { ownerKind: kind, ownerUserId: userId } = key;
  if (once.operation === "keys.create") await requireCreate(ctx, caller, { kind, userId, isMember: true });
  else await requireKey(ctx, caller, key._id, "rotate");
  return key;
}

/** Refuses with CONFLICT a request that has been done meanwhile. */
export async function requireFirst(ctx: QueryCtx, caller: ResolvedCaller, once: Once | undefined): Promise<void> {
  if (once === undefined || (await findBefore(ctx, caller, once)) === null) return;
  throw latchkeyError("CONFLICT", "The same request has just been done. Repeat it to get its result.");
}

/** Remembers what a request did, in the transaction that had found it to be the first: of two at once, one is done. */
export async function recordOnce(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  once: Once | undefined,
  key: Doc<"keys">,
): Promise<void> {
  if (once === undefined) return;
  await ctx.db.insert("repetitions", {
    ...once,
    organizationId: caller.organizationId,
    callerId: callerIdOf(caller),
    keyId: key._id,
  });
}

/** Forgets requests of more than a day ago, a batch at a time. True when there may be more. */
export async function sweepRepetitions(ctx: MutationCtx): Promise<boolean> {
  const old = await ctx.db
    .query("repetitions")
    .withIndex("by_creation_time", (q) => q.lt("_creationTime", Date.now() - KEPT_MS))
    .take(BATCH);
  await Promise.all(old.map((row) => ctx.db.delete("repetitions", row._id)));
  return old.length === BATCH;
}

async function findBefore(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  { operation, idempotencyKey }: Once,
): Promise<Doc<"repetitions"> | null> {
  return await ctx.db
    .query("repetitions")
    .withIndex("by_request", (q) =>
      q
        .eq("organizationId", caller.organizationId)
        .eq("callerId", callerIdOf(caller))
        .eq("operation", operation)
        .eq("idempotencyKey", idempotencyKey),
    )
    .unique();
}

function callerIdOf(caller: ResolvedCaller): string {
  return caller.key?.record._id ?? caller.userId;
}
