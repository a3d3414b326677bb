import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import type { ActionCtx } from "../_generated/server.js";
import { LAST_USED_INTERVAL_MS } from "../shared/limits.ts";

// What this process knows is a saving and never the truth: where every call has a process of its own, each one asks
// and writes for itself.

/** Who used a key. */
export type Sender = { ip: string | null; agent: string | null };

type Use = { keyId: Id<"keys">; at: number; ip?: string; agent?: string };
type Batch = { uses: Use[]; written: Promise<void> };

// When each key was last noted as used: spares all other calls within the interval from asking.
const notedAt = new Map<string, number>();
const NOTED_MAX = 100_000;
const BATCH_MAX = 500;

// Uses that came while the previous batch was being written go together, in one commit.
let gathering: Batch | null = null;
let previous: Promise<void> = Promise.resolve();

/**
 * Notes a use at `now` (epoch milliseconds), durably before it returns. A call within the interval after another one's
 * has nothing to add and returns at once, also while that one is still being written.
 */
export async function noteUse(ctx: ActionCtx, keyId: Id<"keys">, now: number, { ip, agent }: Sender): Promise<void> {
  const known = notedAt.get(keyId);
  if (known !== undefined && now - known < LAST_USED_INTERVAL_MS) return;
  if (notedAt.size >= NOTED_MAX) notedAt.clear();
  notedAt.set(keyId, now);
  try {
    const before = known ?? (await ctx.runQuery(internal.usage.lastUse, { keyId }));
    if (before !== null && now - before < LAST_USED_INTERVAL_MS) {
      notedAt.set(keyId, before);
      return;
    }
    await joinBatch(ctx, { keyId, at: now, ...(ip !== null && { ip }), ...(agent !== null && { agent }) });
  } catch (thrown) {
    // The next call shall try again.
    notedAt.delete(keyId);
    throw thrown;
  }
}

async function joinBatch(ctx: ActionCtx, use: Use): Promise<void> {
  if (gathering !== null && gathering.uses.length < BATCH_MAX) {
    gathering.uses.push(use);
    await gathering.written;
    return;
  }
  const uses = [use];
  const written = writeAfter(previous, ctx, uses);
  gathering = { uses, written };
  previous = written;
  await written;
}

async function writeAfter(before: Promise<void>, ctx: ActionCtx, uses: Use[]): Promise<void> {
  // A failure is told to those whose uses were in that batch.
  await before.catch(() => null);
  if (gathering?.uses === uses) gathering = null;
  await ctx.runMutation(internal.usage.recordUses, { uses });
}
