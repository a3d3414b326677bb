import { defineSchema, defineTable } from "convex/server";
import { v } from "convex/values";
import { authTables } from "./auth/tables.ts";
import { auditTables } from "./model/audit/tables.ts";
import { rightsTables } from "./model/rights/tables.ts";
import { usageTables } from "./model/usage/tables.ts";
import { vQuota, vRateLimit, vResourcePermissions, policyFields } from "./model/validators.ts";

const env = v.union(v.literal("live"), v.literal("test"));
const ownerKind = v.union(v.literal("personal"), v.literal("service"));

export default defineSchema({
  // user, session, account, verification, organization, member, invitation, jwks, apikey.
  // Written, read and deleted by better-auth through auth/adapter.ts; members also read by model/rights/callers.ts.
  // apikey: one row is one secret of one key. Written by model/keys/secrets.ts together with the key's record,
  // read by verification.ts, deleted when the secret is replaced or its key is deleted.
  ...authTables,

  // The truth about a key. Written by model/keys/ and, when its owner leaves, by model/organizations/leavers.ts, in one
  // transaction with the audit entry; `ended`, which only sorts, also by model/sweep.ts and model/policy/sweep.ts. Read by every
  // list and every verification. Deleted only when dead, by someone who holds `keys:delete` or by model/keys/retention.ts, or
  // with its organization by model/organizations/goneOrganizations.ts. Use never writes here: that would re-run every open list.
  keys: defineTable({
    organizationId: v.id("organization"),
    ownerKind,
    // Personal: whose key it is. Service: who answers for it.
    ownerUserId: v.id("user"),
    // Among whose keys its name is unique: the user's id for a personal key, "service" for the organization's.
    ownerRef: v.string(),
    name: v.string(),
    // The name in its form for comparing; unique among the owner's live keys.
    nameKey: v.string(),
    description: v.optional(v.string()),
    tags: v.optional(v.array(v.string())),
    env,
    prefix: v.string(),
    // The random public id inside the key's text. It stays through rotations.
    keyIdText: v.string(),
    start: v.string(),
    last4: v.string(),
    permissions: v.array(v.string()),
    createdByUserId: v.id("user"),
    // Set when a key, not a person, made it.
    createdByKeyId: v.optional(v.id("keys")),
    createdAt: v.number(),
    expiresAt: v.union(v.number(), v.null()),
    disabledAt: v.optional(v.number()),
    revokedAt: v.optional(v.number()),
    // The user or key that revoked it.
    revokedBy: v.optional(v.string()),
    revokeReason: v.optional(v.string()),
    rateLimit: v.union(vRateLimit, v.null()),
    // Ranges of addresses from which it may be used, as checkCidrs spells them. Absent: from anywhere.
    cidrs: v.optional(v.array(v.string())),
    // Resources that it may touch, as checkAllowList spells them. Absent: all; empty: none.
    allowList: v.optional(v.array(v.string())),
    // Service keys only: roles that it holds beside its own permissions, by name.
    roles: v.optional(v.array(v.string())),
    // Service keys only: permissions that it holds on single resources, `type:id`.
    resourcePermissions: v.optional(vResourcePermissions),
    // Uses that it has until the quota is refilled. What is left is in `allowances`.
    quota: v.optional(vQuota),
    // When the quota's refill was chosen; monthly ones come back on that day of the month. Absent: when it was created.
    quotaSetAt: v.optional(v.number()),
    // From when on it is good.
    notBefore: v.optional(v.number()),
    // How long it may go unused before it counts as expired, in milliseconds.
    idleExpiryMs: v.optional(v.number()),
    // When its expiry was last chosen; the policy's maximum lifetime counts from there. Absent: since it was created.
    expirySetAt: v.optional(v.number()),
    // What its makers want to find again with it: the JSON text of an object. Latchkey does not look inside.
    metadata: v.optional(v.string()),
    // "jwt": its secret is a signed token that others can check by themselves. Absent: opaque.
    format: v.optional(v.literal("jwt")),
    // Why it was disabled, when nobody did it by hand: its member left.
    disabledReason: v.optional(v.string()),
    // Newest first. An older one works until `validUntil`.
    secrets: v.array(
      v.object({
        credentialId: v.id("apikey"),
        version: v.number(),
        validUntil: v.union(v.number(), v.null()),
      }),
    ),
    // Counts rotations, from 1. Two rotations that saw the same version cannot both win.
    version: v.number(),
    usageId: v.id("keyUsage"),
    // Sorts dead keys out of the way of lists. Set on revoke and expire, and by a sweep after expiry, so it
    // can be late: it never decides whether a key is good.
    ended: v.boolean(),
    // Set with `ended` on a key that only the policy has ended: a loosened policy gives it back. Written by
    // model/policy/sweep.ts.
    endedByPolicy: v.optional(v.literal(true)),
  })
    // Two orders each: all keys by age, and the live ones by age, beside the dead ones by the moment of their death.
    // oxlint-disable-next-line convex/no-duplicate-indexes
    .index("by_organization", ["organizationId"])
    // oxlint-disable-next-line convex/no-duplicate-indexes
    .index("by_organization_ended", ["organizationId", "ended"])
    // oxlint-disable-next-line convex/no-duplicate-indexes
    .index("by_owner", ["organizationId", "ownerRef"])
    // A person's, whichever organization they are in.
    .index("by_owner_anywhere", ["ownerRef"])
    .index("by_owner_ended", ["organizationId", "ownerRef", "ended"])
    .index("by_owner_live", ["organizationId", "ownerRef", "revokedAt", "expiresAt"])
    .index("by_owner_name", ["organizationId", "ownerRef", "nameKey", "revokedAt", "expiresAt"])
    // Whoever looks for a name knows it, and not whose key has it.
    .index("by_name", ["organizationId", "nameKey"])
    .index("by_ended_expires", ["ended", "expiresAt"])
    .index("by_public_id", ["organizationId", "keyIdText"])
    // Dead keys in the order in which they died: the revoked ones, and those that expired.
    .index("by_death", ["organizationId", "ended", "revokedAt", "expiresAt"])
    .index("by_policy_end", ["organizationId", "endedByPolicy"])
    // Live keys that have an idle limit of their own.
    .index("by_idle_limit", ["ended", "idleExpiryMs"])
    // Whose personal keys they are, and for which service keys somebody answers.
    .index("by_owner_user", ["organizationId", "ownerUserId", "ownerKind"]),

  // What may be done with the keys of an organization: one row each once somebody has changed it. Written by
  // model/policy/changes.ts, read at every creation and change of a key and with every verification. Deleted with the
  // organization, unless it says when audit entries go.
  policies: defineTable({
    organizationId: v.id("organization"),
    ...policyFields,
    // Counts changes, from 1, so that a preview can be tied to what it looked at.
    version: v.number(),
  }).index("by_organization", ["organizationId"]),

  // What an organization's new keys begin with, one row each once somebody has chosen it. Written by
  // model/keys/prefixes.ts, read at every creation. Deleted with the organization.
  keyPrefixes: defineTable({
    organizationId: v.id("organization"),
    prefix: v.string(),
  }).index("by_organization", ["organizationId"]),

  // Open invitations: whoever shows the secret and has the address joins with the roles. Written by
  // model/organizations/invitations.ts; deleted when accepted, cancelled or replaced, and by a sweep after their end. The audit trail
  // tells of them for ever.
  invitations: defineTable({
    organizationId: v.id("organization"),
    // As checkAddress spells it.
    email: v.string(),
    roles: v.array(v.string()),
    // SHA-256 of the secret, hexadecimal.
    secretHash: v.string(),
    inviterUserId: v.id("user"),
    // Set when a key, not a person, made it.
    inviterKeyId: v.optional(v.id("keys")),
    createdAt: v.number(),
    expiresAt: v.number(),
  })
    // One open one per address.
    .index("by_email", ["organizationId", "email"])
    .index("by_inviter", ["organizationId", "inviterUserId"])
    .index("by_secret", ["secretHash"])
    .index("by_end", ["expiresAt"]),

  // Beginnings of keys that were imported from elsewhere and have another shape than ours. A text of a wrong shape is
  // looked up only when it begins with one of them. Written by model/keys/foreignPrefixes.ts, read by verification, deleted with
  // the last secret that begins so.
  foreignPrefixes: defineTable({
    organizationId: v.id("organization"),
    prefix: v.string(),
    // Set when all its secrets are in `foreignSecrets`. Absent on rows from before there were any: those stay.
    counted: v.optional(v.literal(true)),
  }).index("by_prefix", ["organizationId", "prefix"]),

  // Which secrets begin so. Written by model/keys/foreignPrefixes.ts, deleted with the secret.
  foreignSecrets: defineTable({
    prefixId: v.id("foreignPrefixes"),
    credentialId: v.id("apikey"),
    // SHA-256 of the slow hash that it was imported as, from its first use on: until then the secret's row holds that
    // hash. Written by model/verification/slowHashes.ts, read by imports. Absent on fast ones, and on those that were
    // used before this was kept.
    slowHash: v.optional(v.string()),
  })
    .index("by_slow_hash", ["slowHash"])
    .index("by_prefix", ["prefixId"])
    .index("by_credential", ["credentialId"]),

  // Secrets of imported keys whose hash is slow to compare, until the key is first used: then the secret's row gets a
  // fast one and this row goes. Written by model/keys/imports.ts, read by model/verification/slowHashes.ts, deleted with the secret too.
  slowHashes: defineTable({
    credentialId: v.id("apikey"),
    // Of the key's visible beginning, by which it is found.
    startHash: v.string(),
    // Texts that were compared with it in the minute that began then.
    attempts: v.number(),
    attemptsSince: v.number(),
  })
    .index("by_start", ["startHash"])
    .index("by_credential", ["credentialId"]),

  // Imported secrets that were deleted while the slow hash of another import was waiting: should that one turn out to be
  // of the same secret, it does not bring it back. Written and deleted by model/keys/deletedSecrets.ts, read at the
  // first use of a slow hash. Goes once no slow hash is left that is older.
  deletedSecrets: defineTable({
    // SHA-256 of the plaintext, as in its row.
    hash: v.string(),
  }).index("by_hash", ["hash"]),

  // Requests that came with an Idempotency-Key. Written by model/repetitions.ts in the transaction of what they
  // asked for, read before the same is done again, deleted after a day by a sweep. Never holds a plaintext.
  repetitions: defineTable({
    organizationId: v.id("organization"),
    // The user or key that sent it.
    callerId: v.string(),
    operation: v.string(),
    idempotencyKey: v.string(),
    inputHash: v.string(),
    keyId: v.id("keys"),
  }).index("by_request", ["organizationId", "callerId", "operation", "idempotencyKey"]),

  // permissions, retiredPermissions, roles, suspensions, groups, groupMembers, licenses, licenseHolders: who holds what.
  ...rightsTables,

  // keyUsage, allowances, usageCounts, usageWriters: what the use of keys leaves.
  ...usageTables,

  // audit, auditPersons, auditErasures, auditDenials, auditHeads: the audit trail.
  ...auditTables,
});
