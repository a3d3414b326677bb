import * as z from "zod";
import type { KeySnapshot } from "../model/keys/views.ts";
import { refillQuota, takeFromQuota } from "../shared/allowance.ts";
import type { QuotaState } from "../shared/allowance.ts";
import { endOf, keyStatus } from "../shared/keyStatus.ts";
import { REFILLS } from "../shared/limits.ts";
import type { Quota } from "../shared/limits.ts";

const moment = z.number().int();

/** Requests per window, as a key's own limit. */
export const rateLimitSchema = z.strictObject({
  limit: z.number().int().describe("How many requests fit into a window."),
  windowMs: z.number().int().describe("How long a window lasts, in milliseconds."),
});

// Whatever arrives is JSON. Saying so by z.json() makes a schema that refers to itself, which generators of clients choke on.
export const metadataSchema = z.record(z.string(), z.unknown());

/** Uses until the next refill. */
export const quotaSchema = z.strictObject({
  limit: z.number().int().describe("How many uses there are between two refills."),
  refill: z
    .enum(REFILLS)
    .describe(
      "When all of them come back, in UTC: at the full hour, at midnight, at midnight before Monday, at midnight before the day of the month on which it was set, or not at all.",
    ),
});

/** Where a key stands against its quota, in uses. */
export const quotaStateSchema = z
  .object({
    limit: z.number().int(),
    remaining: z.number().int(),
    refillAt: z.number().int().nullable().describe("When all of it comes back, epoch milliseconds; null for never."),
  })
  .meta({ id: "QuotaState", description: "Where a key stands against its quota." });

/** Who used a key last. */
export const lastUseSchema = z.object({ at: moment, ip: z.string().nullable(), agent: z.string().nullable() });

export const resourcePermissionsSchema = z.array(
  z.strictObject({ resource: z.string().describe("As `type:id`."), permissions: z.array(z.string()) }),
);

/** A key as the public API shows it. Its plaintext is not part of it. Times are epoch milliseconds. */
export const keyRecordSchema = z
  .object({
    id: z.string().describe("Names the key in every operation. Not secret."),
    organizationId: z.string(),
    ownerKind: z.enum(["personal", "service"]).describe("A personal key can do at most what its member may do now."),
    ownerUserId: z.string().describe("The member whose key it is, or who answers for a service key."),
    ownerName: z.string().nullable().describe("Null once the user is gone."),
    name: z.string(),
    description: z.string().nullable(),
    tags: z.array(z.string()),
    env: z.enum(["live", "test"]),
    prefix: z.string(),
    start: z.string().describe("The public part of the plaintext, for example `lk_live_4fQ2x9LmZa`."),
    last4: z.string().describe("The last four characters of the plaintext."),
    permissions: z.array(z.string()).describe("As granted. What holds now also depends on a personal key's owner."),
    status: z
      .enum(["active", "expiring", "not-yet-valid", "disabled", "expired", "revoked"])
      .describe("At the time of the answer. `expiring` is good, with less than seven days to live."),
    rateLimit: rateLimitSchema.nullable(),
    cidrs: z.array(z.string()).nullable().describe("From where it may be used; null for anywhere."),
    allowList: z
      .array(z.string())
      .nullable()
      .describe("Resources that it may touch, a key of Latchkey as `key:<id>`; null for all, empty for none."),
    createdAt: moment,
    createdByUserId: z.string(),
    createdByKeyId: z.string().nullable().describe("Set when a key made it."),
    expiresAt: moment.nullable().describe("Of a key that has died of disuse: when it did."),
    disabledAt: moment.nullable().describe("Null also where only its owner's suspension disables it."),
    revokedAt: moment.nullable(),
    revokedBy: z.string().nullable().describe("The id of the user or key that revoked it."),
    revokeReason: z.string().nullable(),
    roles: z.array(z.string()).describe("Service keys only: roles that it holds beside its permissions."),
    resourcePermissions: resourcePermissionsSchema.describe("Service keys only: permissions on single resources."),
    quota: quotaSchema.nullable(),
    quotaLeft: quotaStateSchema.nullable().describe("What is left of the quota; null without one."),
    lastUse: lastUseSchema.nullable().describe("As of a few seconds ago; null when it was never used."),
    notBefore: moment.nullable().describe("From when on it is good; null from the start."),
    idleExpiryMs: z.number().int().nullable().describe("How long it may go unused, in milliseconds; null for ever."),
    idleExpiresAt: moment
      .nullable()
      .describe("When it dies of disuse unless it is used before, by its own limit or the policy's; null for never."),
    metadata: metadataSchema.nullable().describe("What you stored with it. Latchkey does not look inside."),
    format: z.enum(["opaque", "jwt"]).describe("`jwt`: its plaintext is a signed token that others can check offline."),
    disabledReason: z
      .string()
      .nullable()
      .describe(
        "Why it is disabled, when nobody did it by hand. `owner inactive`: for as long as a personal key's owner is suspended or holds no role.",
      ),
    version: z.number().int().describe("Counts the secrets that it has had."),
    previousSecretValidUntil: moment
      .nullable()
      .describe("Until when the secret from before the last rotation still works."),
  })
  .meta({ id: "KeyRecord", description: "A key without its plaintext. Times are epoch milliseconds." });

export type KeyRecord = z.infer<typeof keyRecordSchema>;

/** What a person is told of an own key, wherever it is: enough to know it by and to end it. */
export const ownKeySchema = keyRecordSchema
  .pick({
    id: true,
    organizationId: true,
    name: true,
    env: true,
    start: true,
    last4: true,
    status: true,
    createdAt: true,
    expiresAt: true,
    revokedAt: true,
    lastUse: true,
  })
  .extend({ organizationName: z.string().nullable().describe("Null when the organization is being deleted.") })
  .meta({
    id: "OwnKey",
    description: "A personal key of the caller's, in any organization. Times are epoch milliseconds.",
  });

/** The record of a key at `now` (epoch milliseconds), by which its status is told. */
export function toKeyRecord(view: KeySnapshot, now: number): KeyRecord {
  const { _id, _creationTime, metadata, idleLimitMs: _limit, ownerActive: _active, quotaUse, ...rest } = view;
  const status = keyStatus(view, now);
  return {
    id: _id,
    ...rest,
    // As it will stand in the record once the sweep has been there.
    expiresAt: status === "expired" ? endOf(view) : view.expiresAt,
    metadata: metadata === null ? null : metadataSchema.parse(JSON.parse(metadata)),
    status,
    // Nothing is written of it, so that it ends together with its cause.
    disabledReason: status === "disabled" && view.disabledAt === null ? "owner inactive" : view.disabledReason,
    quotaLeft: leftOf(view.quota, quotaUse, now),
  };
}

/** What its owner is told of it, whether a member of its organization or not. */
export function toOwnKey(record: KeyRecord, organizationName: string | null): z.infer<typeof ownKeySchema> {
  const { id, organizationId, name, env, start, last4, status, createdAt, expiresAt, revokedAt, lastUse } = record;
  return {
    id,
    organizationId,
    organizationName,
    name,
    env,
    start,
    last4,
    status,
    createdAt,
    expiresAt,
    revokedAt,
    lastUse,
  };
}

/** By the clock, because refills are not written when they are due. */
function leftOf(quota: Quota | null, use: KeySnapshot["quotaUse"], now: number): QuotaState | null {
  if (quota === null || use === null) return null;
  const anchored = { ...quota, setAt: use.setAt };
  return takeFromQuota(refillQuota(use.count, anchored, now), anchored, 0).quota;
}

/** What examples in the document show. No such key exists. */
export const EXAMPLE_RECORD: KeyRecord = {
  id: "kd7f2m9x4c8q1v5w0z3b6n7p2s9t4r8y",
  organizationId: "k17c5r9t2w8x4z0b3m6n7p1q5s9v2y4d",
  ownerKind: "service",
  ownerUserId: "k57a9c2e4g6j8m0p1r3t5v7x9z2b4d6f",
  ownerName: "Ada Lovelace",
  name: "Billing worker",
  description: "Reads orders every night",
  tags: ["billing"],
  env: "live",
  prefix: "lk",
  start: "lk_live_4fQ2x9LmZa",
  last4: "c0de",
  permissions: ["orders:read"],
  status: "active",
  rateLimit: { limit: 100, windowMs: 60_000 },
  cidrs: ["192.0.2.0/24"],
  allowList: ["project:*", "report:2026"],
  createdAt: 1_790_000_000_000,
  createdByUserId: "k57a9c2e4g6j8m0p1r3t5v7x9z2b4d6f",
  createdByKeyId: null,
  expiresAt: 1_792_592_000_000,
  disabledAt: null,
  revokedAt: null,
  revokedBy: null,
  revokeReason: null,
  roles: [],
  resourcePermissions: [],
  quota: { limit: 10_000, refill: "monthly" },
  quotaLeft: { limit: 10_000, remaining: 9_481, refillAt: 1_790_208_000_000 },
  lastUse: { at: 1_789_999_999_000, ip: "192.0.2.7", agent: "curl/8.14.1" },
  notBefore: null,
  idleExpiryMs: null,
  idleExpiresAt: null,
  metadata: { customer: "42" },
  format: "opaque",
  disabledReason: null,
  version: 1,
  previousSecretValidUntil: null,
};
