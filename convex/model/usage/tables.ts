import { defineTable } from "convex/server";
import { v } from "convex/values";
import { vBucket, vQuotaCount, vTagCount, vUsageCount } from "../validators.ts";

export const usageTables = {
  // When a key was last used. Made with its key; written by model/usage/counts.ts at most every few seconds per key, and
  // `settled` by the sweep for idle keys. Read by the dashboard in a query of its own, by the API with each key, and by
  // verification where idle keys expire. Deleted with its key.
  keyUsage: defineTable({
    organizationId: v.id("organization"),
    // Absent only inside the transaction that creates both.
    keyId: v.optional(v.id("keys")),
    lastUsedAt: v.union(v.number(), v.null()),
    ip: v.optional(v.string()),
    agent: v.optional(v.string()),
    // Set once the key is dead for good, so that the sweep for idle keys need not look at it again.
    settled: v.optional(v.literal(true)),
  }).index("by_last_use", ["organizationId", "settled", "lastUsedAt"]),

  // What is left of limits: one row per key that has some, and per organization whose policy limits all of its keys
  // together, once they were used. Written by model/verification/allowances.ts at every use that takes from them and never otherwise.
  // Deleted with its holder.
  allowances: defineTable({
    holder: v.union(v.id("keys"), v.id("organization")),
    bucket: v.optional(vBucket),
    quota: v.optional(vQuotaCount),
  }).index("by_holder", ["holder"]),

  // How often a key was used in one hour, by operation and outcome, and by tag. Of each hour an organization has rows of
  // its own too, its sums. Written by model/usage/counts.ts, apart from the key so that no list of keys runs anew by
  // use; read by model/usage/reports.ts; deleted by a sweep after 400 days, and with the organization. They outlive the key: it
  // was used.
  usageCounts: defineTable({
    organizationId: v.id("organization"),
    // Absent on the organization's sums.
    keyId: v.optional(v.id("keys")),
    // Whose key: the user's id for a personal key, "service" for the organization's; "*" on the organization's sums.
    ownerRef: v.string(),
    // When the hour began, epoch milliseconds (UTC).
    hour: v.number(),
    // Writers that do not know of each other write different rows of the same hour, lest they wait for one another.
    shard: v.number(),
    counts: v.array(vUsageCount),
    tags: v.array(vTagCount),
  })
    .index("by_key", ["keyId", "hour", "shard"])
    .index("by_owner", ["organizationId", "ownerRef", "hour", "shard"]),

  // The last batch of counts that a process has written, so that one whose answer was lost is not counted twice. Written
  // and read by model/usage/counts.ts, deleted by a sweep a day after the last one.
  usageWriters: defineTable({ writer: v.string(), batch: v.number(), at: v.number() })
    .index("by_writer", ["writer"])
    .index("by_at", ["at"]),
};
