import * as z from "zod";
import { CIDRS_MAX } from "../shared/cidr.ts";
import { LIVE_KEYS_PER_OWNER_MAX } from "../shared/policy.ts";
import type { Policy } from "../shared/policy.ts";
import { POLICY_EFFECTS } from "../shared/policyEffects.ts";
import type { PolicyEffect } from "../shared/policyEffects.ts";
import { rateLimitSchema } from "./keyRecord.ts";

const durationMs = z.number().int();

const rules = z.strictObject({
  defaultLifetimeMs: durationMs.describe("How long a key lives whose maker says nothing. Follows a lowered maximum."),
  maxLifetimeMs: durationMs
    .nullable()
    .describe("How long any key may live, from when its expiry was chosen: at least a minute. Null for no maximum."),
  maxLifetimeMsByRole: z
    // What a role can be called.
    .record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), durationMs)
    .describe(
      "The same for personal keys of members with these roles, instead of the general one; the longest counts.",
    ),
  neverExpiring: z.boolean().describe("Whether a key may live for ever."),
  liveKeysPerOwner: z
    .number()
    .int()
    .describe(`How many live personal keys a member may have: 1 to ${LIVE_KEYS_PER_OWNER_MAX}.`),
  requiredCidrs: z
    .array(z.string().max(64))
    .max(256)
    .nullable()
    .describe(`Every key is bound to these ranges on top of its own: at most ${CIDRS_MAX}. Null for none.`),
  idleExpiryMs: durationMs
    .nullable()
    .describe("How long a key may go unused before it expires: at least an hour. Null for ever."),
  deadKeyRetentionMs: durationMs
    .nullable()
    .describe("How long the records of dead keys are kept: at least a day. Null for ever."),
  auditRetentionMs: durationMs.nullable().describe("How long audit entries are kept: at least 30 days. Null for ever."),
  rateLimit: rateLimitSchema
    .nullable()
    .describe(
      "What all keys of the organization may spend together: a call with a key is a use of it, and so is a verification that finds one good. Null for any.",
    ),
});

const seenVersion = z
  .number()
  .int()
  .optional()
  .describe("The version that you looked at. When the policy is of another one by now, the answer is CONFLICT.");

export const policySchema = z
  .object({
    ...rules.shape,
    version: z.number().int().describe("Counts changes; 0 for an organization that never changed it."),
  })
  .meta({ id: "Policy", description: "What an organization allows of its keys. Durations are milliseconds." });

/** What changing a policy takes: only what is to change. */
export const policyChangeSchema = rules.partial().extend({ version: seenVersion });

/** The same, and where to go on. */
export const policyPreviewInputSchema = policyChangeSchema.extend({
  cursor: z.string().max(256).optional().describe("The `nextCursor` of the answer before."),
});

const keySummary = {
  id: z.string(),
  name: z.string(),
  ownerKind: z.enum(["personal", "service"]),
  ownerUserId: z.string(),
  start: z.string(),
  last4: z.string(),
};
const moment = z.number().int();

const keys = z.number().int();
const counts = {
  dies: keys.describe("Their time is up at once."),
  idle: keys.describe("They count as unused for too long at once."),
  revives: keys.describe("Dead under the policy as it is, they are good again."),
  expiresEarlier: keys,
  expiresLater: keys,
  neverExpiringEnds: keys.describe("They were to live for ever."),
  addressesRestricted: keys.describe("They cannot be used any more from everywhere where they can now."),
} satisfies Record<PolicyEffect, z.ZodNumber>;

export const policyPreviewSchema = z
  .object({
    version: z.number().int().describe("The version of the policy that was looked at. Send it along with the change."),
    seen: z.number().int().describe("How many keys were looked at."),
    counts: z.object(counts).describe("How many keys the change touches, and how."),
    keys: z
      .array(
        z.object({
          ...keySummary,
          effects: z.array(z.enum(POLICY_EFFECTS)),
          expiresAt: moment.nullable().describe("Under the policy as it is."),
          newExpiresAt: moment.nullable().describe("Under the policy as it would be."),
        }),
      )
      .describe("The first 50 keys that are touched."),
    ownersAboveLimit: z
      .array(z.object({ userId: z.string(), liveKeys: z.number().int() }))
      .describe("Members with more live keys than a lowered limit allows. Theirs stay; they get no new ones."),
    nextCursor: z
      .string()
      .nullable()
      .describe(
        "Null when all keys were looked at. Otherwise the counts are of a part, and those of the parts add up.",
      ),
  })
  .meta({ id: "PolicyPreview", description: "What a changed policy would touch. Nothing has been changed." });
export type PolicyPreview = z.infer<typeof policyPreviewSchema>;

/** What previewing a deletion takes. */
export const retentionInputSchema = z.strictObject({
  deadKeyRetentionMs: durationMs.optional().describe("As if dead keys were kept for so long."),
  auditRetentionMs: durationMs.optional().describe("As if audit entries were kept for so long."),
});

const counted = {
  retentionMs: durationMs.nullable().describe("How long they are kept; null for ever."),
  count: z.number().int().describe("Counted no further than 1,000."),
  capped: z.boolean().describe("There are more."),
};

export const retentionSchema = z
  .object({
    keys: z.object({
      ...counted,
      first: z
        .array(z.object({ ...keySummary, diedAt: moment }))
        .describe("The first 50 to be deleted, longest dead first."),
    }),
    auditEntries: z.object({ ...counted, oldestAt: moment.nullable() }),
  })
  .meta({ id: "Retention", description: "What the next sweep would delete. Nothing has been deleted." });
export type Retention = z.infer<typeof retentionSchema>;

/** What examples in the document show. */
export const EXAMPLE_POLICY: Policy = {
  defaultLifetimeMs: 2_592_000_000,
  maxLifetimeMs: 7_776_000_000,
  maxLifetimeMsByRole: { developer: 2_592_000_000 },
  neverExpiring: false,
  liveKeysPerOwner: 100,
  requiredCidrs: ["192.0.2.0/24"],
  idleExpiryMs: 5_184_000_000,
  deadKeyRetentionMs: 31_536_000_000,
  auditRetentionMs: null,
  rateLimit: { limit: 10_000, windowMs: 60_000 },
  version: 3,
};

const EXAMPLE_KEY = {
  id: "kd7f2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  name: "Billing worker",
  ownerKind: "service" as const,
  ownerUserId: "k57a9c2e4g6j8m0p1r3t5v7x9z2b4d6f",
  start: "lk_live_4fQ2x9LmZa",
  last4: "c0de",
};

export const EXAMPLE_PREVIEW: PolicyPreview = {
  version: 3,
  seen: 240,
  counts: {
    dies: 0,
    idle: 0,
    revives: 0,
    expiresEarlier: 1,
    expiresLater: 0,
    neverExpiringEnds: 0,
    addressesRestricted: 0,
  },
  keys: [
    {
      ...EXAMPLE_KEY,
      effects: ["expiresEarlier"],
      expiresAt: 1_797_776_000_000,
      newExpiresAt: 1_792_592_000_000,
    },
  ],
  ownersAboveLimit: [],
  nextCursor: null,
};

export const EXAMPLE_RETENTION: Retention = {
  keys: {
    retentionMs: 31_536_000_000,
    count: 1,
    capped: false,
    first: [{ ...EXAMPLE_KEY, diedAt: 1_758_464_000_000 }],
  },
  auditEntries: { retentionMs: null, count: 0, capped: false, oldestAt: null },
};
