import { defineTable } from "convex/server";
import { v } from "convex/values";

export const auditTables = {
  // Who changed what. Written by model/audit/trail.ts in the transaction of the change itself, read by `audit.list`.
  // Nothing updates an entry, and only retention deletes one (model/audit/retention.ts): it outlives the key and the
  // user it speaks of. The entries of an organization are a chain: shared/auditChain.ts says how each one's hash
  // holds the one before it, and why what tells of a person is in a table of its own.
  audit: defineTable({
    format: v.number(),
    organizationId: v.id("organization"),
    at: v.number(),
    actor: v.union(
      v.object({ type: v.literal("user"), id: v.string() }),
      v.object({ type: v.literal("key"), id: v.string(), name: v.string() }),
      v.object({ type: v.literal("system"), id: v.string(), name: v.string() }),
    ),
    personId: v.union(v.string(), v.null()),
    personDigest: v.union(v.string(), v.null()),
    subjectDigest: v.union(v.string(), v.null()),
    action: v.string(),
    targetKind: v.string(),
    targetId: v.string(),
    // JSON text of the parts that changed. Never a secret, never a hash, and no person's name or address.
    before: v.union(v.string(), v.null()),
    after: v.union(v.string(), v.null()),
    reason: v.optional(v.string()),
    requestId: v.string(),
    // Counts the organization's entries from 1. All three are absent only on rows that somebody put in past the
    // chain, which verifying tells as unchained.
    seq: v.optional(v.number()),
    previousHash: v.optional(v.string()),
    hash: v.optional(v.string()),
  })
    .index("by_organization", ["organizationId", "at"])
    .index("by_sequence", ["organizationId", "seq"])
    .index("by_action", ["organizationId", "action", "seq"])
    .index("by_actor", ["organizationId", "actor.id", "seq"])
    .index("by_target", ["organizationId", "targetId", "seq"]),

  // What an entry says of a person. Written with the entry, joined to it at every read, deleted to erase the person
  // (model/audit/erasure.ts) or with the entry. A row for each entry and not for each request or person: with a salt
  // of its own no two digests can be seen to be of the same person, and a prefix of the chain can go with its rows.
  auditPersons: defineTable({
    organizationId: v.id("organization"),
    // Of the entry.
    seq: v.number(),
    // Whose data it is: a user's id, or the address of somebody who was invited. Null for nobody's, as where a
    // service key calls from.
    personId: v.union(v.string(), v.null()),
    salt: v.string(),
    part: v.union(
      v.object({
        name: v.union(v.string(), v.null()),
        ip: v.union(v.string(), v.null()),
        agent: v.union(v.string(), v.null()),
      }),
      v.object({ email: v.string() }),
    ),
  })
    .index("by_entry", ["organizationId", "seq"])
    .index("by_person", ["organizationId", "personId", "seq"]),

  // Where the trail says that a person has been erased: `seq` is of the last entry that does, and covers all before
  // it. Only a pointer: verifying believes the entry. Written by model/audit/erasure.ts, deleted with the entry.
  auditErasures: defineTable({
    organizationId: v.id("organization"),
    // A user, or the invitation of somebody without one.
    targetId: v.string(),
    seq: v.number(),
  }).index("by_target", ["organizationId", "targetId"]),

  // Refused attempts of the last minute or two, so that the same one is not an entry each time. Written by
  // model/audit/denials.ts, deleted by its sweep.
  auditDenials: defineTable({
    organizationId: v.id("organization"),
    callerType: v.union(v.literal("user"), v.literal("key")),
    callerId: v.string(),
    operation: v.string(),
    code: v.string(),
    // When it was last made an entry.
    recordedAt: v.number(),
    // How often it happened since.
    suppressed: v.number(),
  })
    .index("by_attempt", ["organizationId", "callerId", "operation", "code"])
    .index("by_recorded", ["recordedAt"]),

  // Where an organization's audit chain ends: one row each, once it has an entry. Written with every entry, in
  // the same transaction, so that of two writers who saw the same end only one commits and the other runs anew.
  // Read to verify that no entry was cut off the end. Never deleted.
  auditHeads: defineTable({
    organizationId: v.id("organization"),
    seq: v.number(),
    hash: v.string(),
    // Where the chain begins now: the entries up to `seq` are gone, of which the last had `hash`, and those up to
    // `through` are to go. Absent while it begins at its first entry.
    pruned: v.optional(v.object({ seq: v.number(), hash: v.string(), through: v.number() })),
  }).index("by_organization", ["organizationId"]),
};
