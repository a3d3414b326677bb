import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { isDead } from "../../shared/keyStatus.ts";
import { decodeCursor, encodeCursor, isAfter } from "./cursors.ts";
import { toKeySnapshot, vKeySnapshot } from "./views.ts";
import { SharedRead, shareReads } from "../sharedReads.ts";

// A page looks at this many keys at most; the cursor goes on from there.
const SCAN_MAX = 500;

/** A key with the name of its organization; null when that one is being deleted. */
export const vOwnKey = v.object({ key: vKeySnapshot, organizationName: v.union(v.string(), v.null()) });

const organizationNames = new SharedRead<[Id<"organization">], string | null>(
  async (ctx, organizationId) => (await ctx.db.get("organization", organizationId))?.name ?? null,
);

/**
 * A person's personal keys wherever they are, newest first, also those in organizations that the person has left: who
 * may end a key has to find it. `at` is the moment by which the dead are told, epoch milliseconds.
 */
export async function listOwnKeys(
  ctx: QueryCtx,
  userId: Id<"user">,
  { includeDead, cursor, limit, at }: { includeDead: boolean; cursor: string | null; limit: number; at: number },
): Promise<{ keys: Infer<typeof vOwnKey>[]; nextCursor: string | null }> {
  shareReads(ctx);
  const start = cursor === null ? null : decodeCursor(cursor);
  const newestFirst = ctx.db
    .query("keys")
    .withIndex("by_owner_anywhere", (q) => q.eq("ownerRef", userId).lte("_creationTime", start?.createdAt ?? Infinity))
    .order("desc");
  const keys: Infer<typeof vOwnKey>[] = [];
  let seen = 0;
  for await (const row of newestFirst) {
    if (start !== null && !isAfter(row, start)) continue;
    seen += 1;
    const own = await toOwnKey(ctx, row);
    if (includeDead || !isDead(own.key, at)) keys.push(own);
    if (keys.length >= limit || seen >= SCAN_MAX) return { keys, nextCursor: encodeCursor(row) };
  }
  return { keys, nextCursor: null };
}

async function toOwnKey(ctx: QueryCtx, row: Doc<"keys">): Promise<Infer<typeof vOwnKey>> {
  return {
    key: await toKeySnapshot(ctx, row),
    organizationName: await organizationNames.of(ctx, row.organizationId),
  };
}
