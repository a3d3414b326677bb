import { Migrations } from "@convex-dev/migrations";
import { v } from "convex/values";
import type { Infer } from "convex/values";
import { components, internal } from "./_generated/api.js";
import { internalMutation, internalQuery } from "./_generated/server.js";

const migrations = new Migrations(components.migrations, { internalMutation });

// A migration goes over every row of a table in batches, beside the traffic: until it is done, and on a deployment
// where nobody has started it yet, code meets rows of both shapes. It decides by the row alone whether there is
// something to do, so that running it over rows that are done already changes nothing.

/** Keys from before policies: nobody has chosen their expiry anew, so a maximum lifetime counts from their creation. */
export const keysExpirySetAt = migrations.define({
  table: "keys",
  migrateOne: (_ctx, key) => (key.expirySetAt === undefined ? { expirySetAt: key.createdAt } : undefined),
});

// In the order in which they were written, which is the order in which they run: append, never insert or remove.
const ALL = [internal.migrations.keysExpirySetAt];

/**
 * Starts what is not done yet, one migration after the other. What is done is left alone, what was interrupted goes on
 * where it stopped, and after a failure nothing that comes later is started. Answers before all is done.
 */
export const runAll = migrations.runner(ALL);

const vProgress = v.object({
  name: v.string(),
  // "unknown": nobody has started it yet.
  state: v.union(
    v.literal("inProgress"),
    v.literal("success"),
    v.literal("failed"),
    v.literal("canceled"),
    v.literal("unknown"),
  ),
  // Rows gone over so far, each counted once.
  processed: v.number(),
  error: v.optional(v.string()),
});

/** How far each migration is, in their order. */
export const status = internalQuery({
  args: {},
  returns: v.array(vProgress),
  handler: async (ctx): Promise<Infer<typeof vProgress>[]> => {
    const all = await migrations.getStatus(ctx, { migrations: ALL });
    return all.map(({ name, state, processed, error }) => ({ name, state, processed, error }));
  },
});
