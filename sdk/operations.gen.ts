// Written by scripts/generate-openapi.ts from the public API's router. Do not edit: run it again.

import type { Call, CallOptions } from "./request.ts";

/** A key's record with its plaintext. */
export type RevealedKey = {
  /** Names the key in every operation. Not secret. */
  id: string;
  organizationId: string;
  /** A personal key can do at most what its member may do now. */
  ownerKind: "personal" | "service";
  /** The member whose key it is, or who answers for a service key. */
  ownerUserId: string;
  /** Null once the user is gone. */
  ownerName: string | null;
  name: string;
  description: string | null;
  tags: Array<string>;
  env: "live" | "test";
  prefix: string;
  /** The public part of the plaintext, for example `lk_live_4fQ2x9LmZa`. */
  start: string;
  /** The last four characters of the plaintext. */
  last4: string;
  /** As granted. What holds now also depends on a personal key's owner. */
  permissions: Array<string>;
  /** At the time of the answer. `expiring` is good, with less than seven days to live. */
  status: "active" | "expiring" | "not-yet-valid" | "disabled" | "expired" | "revoked";
  rateLimit: {
    /** How many requests fit into a window. */
    limit: number;
    /** How long a window lasts, in milliseconds. */
    windowMs: number;
  } | null;
  /** From where it may be used; null for anywhere. */
  cidrs: Array<string> | null;
  /** Resources that it may touch, a key of Latchkey as `key:<id>`; null for all, empty for none. */
  allowList: Array<string> | null;
  createdAt: number;
  createdByUserId: string;
  /** Set when a key made it. */
  createdByKeyId: string | null;
  /** Of a key that has died of disuse: when it did. */
  expiresAt: number | null;
  /** Null also where only its owner's suspension disables it. */
  disabledAt: number | null;
  revokedAt: number | null;
  /** The id of the user or key that revoked it. */
  revokedBy: string | null;
  revokeReason: string | null;
  /** Service keys only: roles that it holds beside its permissions. */
  roles: Array<string>;
  /** Service keys only: permissions on single resources. */
  resourcePermissions: Array<{
    /** As `type:id`. */
    resource: string;
    permissions: Array<string>;
  }>;
  quota: {
    /** How many uses there are between two refills. */
    limit: number;
    /** When all of them come back, in UTC: at the full hour, at midnight, at midnight before Monday, at midnight before the day of the month on which it was set, or not at all. */
    refill: "hourly" | "daily" | "weekly" | "monthly" | "never";
  } | null;
  /** What is left of the quota; null without one. */
  quotaLeft: QuotaState | null;
  /** As of a few seconds ago; null when it was never used. */
  lastUse: {
    at: number;
    ip: string | null;
    agent: string | null;
  } | null;
  /** From when on it is good; null from the start. */
  notBefore: number | null;
  /** How long it may go unused, in milliseconds; null for ever. */
  idleExpiryMs: number | null;
  /** When it dies of disuse unless it is used before, by its own limit or the policy's; null for never. */
  idleExpiresAt: number | null;
  /** What you stored with it. Latchkey does not look inside. */
  metadata: Record<string, unknown> | null;
  /** `jwt`: its plaintext is a signed token that others can check offline. */
  format: "opaque" | "jwt";
  /** Why it is disabled, when nobody did it by hand. `owner inactive`: for as long as a personal key's owner is suspended or holds no role. */
  disabledReason: string | null;
  /** Counts the secrets that it has had. */
  version: number;
  /** Until when the secret from before the last rotation still works. */
  previousSecretValidUntil: number | null;
  /** The plaintext. This answer is the only one that ever holds it: store it now. */
  key: string;
};

/** Where a key stands against its quota. */
export type QuotaState = {
  limit: number;
  remaining: number;
  /** When all of it comes back, epoch milliseconds; null for never. */
  refillAt: number | null;
};

/** A key without its plaintext. Times are epoch milliseconds. */
export type KeyRecord = {
  /** Names the key in every operation. Not secret. */
  id: string;
  organizationId: string;
  /** A personal key can do at most what its member may do now. */
  ownerKind: "personal" | "service";
  /** The member whose key it is, or who answers for a service key. */
  ownerUserId: string;
  /** Null once the user is gone. */
  ownerName: string | null;
  name: string;
  description: string | null;
  tags: Array<string>;
  env: "live" | "test";
  prefix: string;
  /** The public part of the plaintext, for example `lk_live_4fQ2x9LmZa`. */
  start: string;
  /** The last four characters of the plaintext. */
  last4: string;
  /** As granted. What holds now also depends on a personal key's owner. */
  permissions: Array<string>;
  /** At the time of the answer. `expiring` is good, with less than seven days to live. */
  status: "active" | "expiring" | "not-yet-valid" | "disabled" | "expired" | "revoked";
  rateLimit: {
    /** How many requests fit into a window. */
    limit: number;
    /** How long a window lasts, in milliseconds. */
    windowMs: number;
  } | null;
  /** From where it may be used; null for anywhere. */
  cidrs: Array<string> | null;
  /** Resources that it may touch, a key of Latchkey as `key:<id>`; null for all, empty for none. */
  allowList: Array<string> | null;
  createdAt: number;
  createdByUserId: string;
  /** Set when a key made it. */
  createdByKeyId: string | null;
  /** Of a key that has died of disuse: when it did. */
  expiresAt: number | null;
  /** Null also where only its owner's suspension disables it. */
  disabledAt: number | null;
  revokedAt: number | null;
  /** The id of the user or key that revoked it. */
  revokedBy: string | null;
  revokeReason: string | null;
  /** Service keys only: roles that it holds beside its permissions. */
  roles: Array<string>;
  /** Service keys only: permissions on single resources. */
  resourcePermissions: Array<{
    /** As `type:id`. */
    resource: string;
    permissions: Array<string>;
  }>;
  quota: {
    /** How many uses there are between two refills. */
    limit: number;
    /** When all of them come back, in UTC: at the full hour, at midnight, at midnight before Monday, at midnight before the day of the month on which it was set, or not at all. */
    refill: "hourly" | "daily" | "weekly" | "monthly" | "never";
  } | null;
  /** What is left of the quota; null without one. */
  quotaLeft: QuotaState | null;
  /** As of a few seconds ago; null when it was never used. */
  lastUse: {
    at: number;
    ip: string | null;
    agent: string | null;
  } | null;
  /** From when on it is good; null from the start. */
  notBefore: number | null;
  /** How long it may go unused, in milliseconds; null for ever. */
  idleExpiryMs: number | null;
  /** When it dies of disuse unless it is used before, by its own limit or the policy's; null for never. */
  idleExpiresAt: number | null;
  /** What you stored with it. Latchkey does not look inside. */
  metadata: Record<string, unknown> | null;
  /** `jwt`: its plaintext is a signed token that others can check offline. */
  format: "opaque" | "jwt";
  /** Why it is disabled, when nobody did it by hand. `owner inactive`: for as long as a personal key's owner is suspended or holds no role. */
  disabledReason: string | null;
  /** Counts the secrets that it has had. */
  version: number;
  /** Until when the secret from before the last rotation still works. */
  previousSecretValidUntil: number | null;
};

/** A personal key of the caller's, in any organization. Times are epoch milliseconds. */
export type OwnKey = {
  /** Names the key in every operation. Not secret. */
  id: string;
  organizationId: string;
  name: string;
  env: "live" | "test";
  /** The public part of the plaintext, for example `lk_live_4fQ2x9LmZa`. */
  start: string;
  /** The last four characters of the plaintext. */
  last4: string;
  /** At the time of the answer. `expiring` is good, with less than seven days to live. */
  status: "active" | "expiring" | "not-yet-valid" | "disabled" | "expired" | "revoked";
  createdAt: number;
  /** Of a key that has died of disuse: when it did. */
  expiresAt: number | null;
  revokedAt: number | null;
  /** As of a few seconds ago; null when it was never used. */
  lastUse: {
    at: number;
    ip: string | null;
    agent: string | null;
  } | null;
  /** Null when the organization is being deleted. */
  organizationName: string | null;
};

/** The verdict on a key. A key that is not good still says which it is. */
export type Verification = {
  valid: true;
  code: "VALID";
  keyId: string;
  organizationId: string;
  ownerKind: "personal" | "service";
  ownerUserId: string;
  name: string;
  env: "live" | "test";
  /** What it may do now. */
  permissions: Array<string>;
  expiresAt: number | null;
  /** The names of the licenses that it holds and that are valid now. */
  licenses: Array<string>;
  /** What you stored with the key; null when nothing. */
  metadata: Record<string, unknown> | null;
  rateLimit: Rate | null;
  quota: QuotaState | null;
} | {
  valid: false;
  code: "REVOKED" | "EXPIRED" | "DISABLED" | "NOT_YET_VALID" | "INSUFFICIENT_PERMISSIONS";
  keyId: string;
  organizationId: string;
  ownerKind: "personal" | "service";
  ownerUserId: string;
  name: string;
  env: "live" | "test";
  /** What it may do now. */
  permissions: Array<string>;
  expiresAt: number | null;
  /** The names of the licenses that it holds and that are valid now. */
  licenses: Array<string>;
  /** What you stored with the key; null when nothing. */
  metadata: Record<string, unknown> | null;
} | {
  valid: false;
  code: "FORBIDDEN";
  keyId: string;
  organizationId: string;
  ownerKind: "personal" | "service";
  ownerUserId: string;
  name: string;
  env: "live" | "test";
  /** What it may do now. */
  permissions: Array<string>;
  expiresAt: number | null;
  /** The names of the licenses that it holds and that are valid now. */
  licenses: Array<string>;
  /** What you stored with the key; null when nothing. */
  metadata: Record<string, unknown> | null;
  /** IP: it may not be used from there. RESOURCE: not on that. LICENSE: it does not hold that one now. */
  reason: "IP" | "RESOURCE" | "LICENSE";
} | {
  valid: false;
  code: "RATE_LIMITED";
  keyId: string;
  organizationId: string;
  ownerKind: "personal" | "service";
  ownerUserId: string;
  name: string;
  env: "live" | "test";
  /** What it may do now. */
  permissions: Array<string>;
  expiresAt: number | null;
  /** The names of the licenses that it holds and that are valid now. */
  licenses: Array<string>;
  /** What you stored with the key; null when nothing. */
  metadata: Record<string, unknown> | null;
  /** KEY: it has spent its own limit. ORGANIZATION: the organization's keys have spent theirs together. */
  reason: "KEY" | "ORGANIZATION";
  /** Where that limit stands. */
  rateLimit: Rate;
} | {
  valid: false;
  code: "USAGE_EXCEEDED";
  keyId: string;
  organizationId: string;
  ownerKind: "personal" | "service";
  ownerUserId: string;
  name: string;
  env: "live" | "test";
  /** What it may do now. */
  permissions: Array<string>;
  expiresAt: number | null;
  /** The names of the licenses that it holds and that are valid now. */
  licenses: Array<string>;
  /** What you stored with the key; null when nothing. */
  metadata: Record<string, unknown> | null;
  quota: QuotaState;
} | {
  valid: false;
  /** The cost is above all of a limit: no wait helps. */
  code: "COST_TOO_HIGH";
  keyId: string;
  organizationId: string;
  ownerKind: "personal" | "service";
  ownerUserId: string;
  name: string;
  env: "live" | "test";
  /** What it may do now. */
  permissions: Array<string>;
  expiresAt: number | null;
  /** The names of the licenses that it holds and that are valid now. */
  licenses: Array<string>;
  /** What you stored with the key; null when nothing. */
  metadata: Record<string, unknown> | null;
  rateLimit: Rate | null;
  quota: QuotaState | null;
} | {
  valid: false;
  code: "NOT_FOUND";
};

/** Where a key stands against its rate limit. */
export type Rate = {
  ok: boolean;
  limit: number;
  remaining: number;
  /** Until all of the limit is back. */
  resetMs: number;
  /** Until the same call would pass; 0 when it passed. */
  retryAfterMs: number;
};

/** No verdict yet. The text begins as an imported key does that was never used, and too many such texts are being compared with what was imported. Ask again after `retryAfterMs`. */
export type PostponedVerification = {
  valid: false;
  code: "RATE_LIMITED";
  reason: "IMPORTED";
  /** When to ask again. */
  rateLimit: Rate;
};

/** Whether a call would pass, and why. */
export type Explanation = {
  passes: boolean;
  /** The first rule that refuses; null when none does. */
  decidedBy: "status" | "address" | "resource" | "license" | "permission" | null;
  /** In the order in which they are asked. Limits are left out: asking would spend them. */
  rules: Array<{
    rule: "status" | "address" | "resource" | "license" | "permission";
    passes: boolean;
    /** False when neither the key nor the question gave it anything to decide. */
    asked: boolean;
    detail: string;
  }>;
  /** Each permission that the question names. */
  permissions: Array<{
    permission: string;
    held: boolean;
    /** What gives it: permissions, composites, roles, groups. */
    givenBy: Array<string>;
    /** What takes it away again, or narrows it. */
    limitedBy: string | null;
  }>;
  /** All of them, whatever the question is. */
  rights: {
    /** What it may do now, composites, roles and groups resolved. */
    permissions: Array<string>;
    /** What it may do on single resources besides. */
    resourcePermissions: Array<{
      /** As `type:id`. */
      resource: string;
      permissions: Array<string>;
    }>;
    /** By name, those that are valid now. */
    licenses: Array<string>;
    roles: Array<string>;
    /** A personal key is in its owner's. */
    groups: Array<{
      id: string;
      name: string;
    }>;
  };
};

/** What a key, role or group can carry. */
export type Permission = {
  /** Names it in every operation. Latchkey's own have their name as id. */
  id: string;
  /** `resource:action`, or a name without a colon for a composite. */
  name: string;
  description: string;
  /** What a composite stands for; null for a single permission. */
  includes: Array<string> | null;
  /** Whether it is Latchkey's own, which nobody can change. */
  builtIn: boolean;
};

/** A named set of grants, for members, groups and service keys. */
export type Role = {
  /** Names it in every operation. Roles that every organization has carry their name as id. */
  id: string;
  name: string;
  description: string;
  grants: Array<Grant>;
  /** Whether every organization has it. Nobody can change those. */
  builtIn: boolean;
};

/** One thing that a role gives. */
export type Grant = {
  /** A permission, a wildcard, a composite, or `*:*` and `*:action` for all of your own API. */
  permission: string;
  /** `own`: only on the holder's own personal keys. */
  scope: "any" | "own";
};

/** Members and service keys that share roles, permissions and licenses. */
export type Group = {
  id: string;
  name: string;
  description: string;
  /** Roles that everyone in it has, by name. */
  roles: Array<string>;
  /** Permissions and composites that everyone in it holds. */
  permissions: Array<string>;
};

/** Who is in a group. */
export type GroupMember = {
  /** The id of the user or key. */
  id: string;
  type: "user" | "key";
  /** Null once the user or key is gone. */
  name: string | null;
};

/** A named entitlement for keys and groups. */
export type License = {
  id: string;
  /** What verify and whoami answer, and what the condition `license` names. */
  name: string;
  description: string;
  /** How many keys and groups can hold it; null for any number. */
  seats: number | null;
  /** Epoch milliseconds; null from the start. */
  validFrom: number | null;
  /** Epoch milliseconds, from which on it is no longer valid; null for ever. */
  validUntil: number | null;
};

/** What a license is assigned to. */
export type LicenseHolder = {
  /** The id of the key or group. */
  id: string;
  type: "key" | "group";
  /** Null once the key or group is gone. */
  name: string | null;
};

/** The same for every text, whether it was a key or not. */
export type LeakReceived = {
  received: true;
};

/** A user in this organization. */
export type Member = {
  /** The id of the user, in every operation. */
  id: string;
  name: string;
  email: string;
  /** By name. Those of a suspended member are what it gets back. */
  roles: Array<string>;
  /** A suspended member may do nothing, and its personal keys stand still. */
  suspended: boolean;
  /** Epoch milliseconds. */
  joinedAt: number;
};

/** Somebody who may become a member. */
export type Invitation = {
  id: string;
  email: string;
  /** By name, what the invited will have. */
  roles: Array<string>;
  inviterUserId: string;
  inviterName: string;
  /** Epoch milliseconds. */
  createdAt: number;
  /** Epoch milliseconds. */
  expiresAt: number;
};

/** An invitation with its secret. */
export type CreatedInvitation = {
  id: string;
  email: string;
  /** By name, what the invited will have. */
  roles: Array<string>;
  inviterUserId: string;
  inviterName: string;
  /** Epoch milliseconds. */
  createdAt: number;
  /** Epoch milliseconds. */
  expiresAt: number;
  /** What the invited accepts by. This answer is the only one that ever holds it: hand it on now. */
  secret: string;
};

/** What an invitation invites to. */
export type InvitationOffer = {
  organizationId: string;
  organizationName: string;
  /** The address with which it can be accepted. */
  email: string;
  roles: Array<string>;
  inviterName: string;
  /** Epoch milliseconds. */
  expiresAt: number;
};

/** The organization that you are a member of now. */
export type Joined = {
  organizationId: string;
  organizationName: string;
  slug: string;
  roles: Array<string>;
};

/** The organization of the caller. */
export type Organization = {
  id: string;
  name: string;
  /** Names it in addresses and in the header `X-Organization-Id`. */
  slug: string;
  /** What new keys begin with. Keys that are there keep their own. */
  keyPrefix: string;
  /** Epoch milliseconds. */
  createdAt: number;
};

/** Who changed what. Each entry's hash holds the entry before. */
export type AuditEntry = {
  id: string;
  /** The form in which it was hashed. */
  format: number;
  organizationId: string;
  /** Counts the organization's entries from 1. */
  seq: number;
  /** Epoch milliseconds. */
  at: number;
  /** The name of an erased user is a pseudonym. */
  actor: {
    type: "user" | "key" | "system";
    id: string;
    name: string;
  };
  /** `<noun>.<verb>`, for example `key.revoke`; `denied` for a refused attempt. */
  action: string;
  targetKind: string;
  targetId: string;
  /** What changed, as it was: JSON text. Never a secret. */
  before: string | null;
  /** What changed, as it is: JSON text. */
  after: string | null;
  reason: string | null;
  /** The trace id of the request that made the change. */
  requestId: string;
  ip: string | null;
  agent: string | null;
  /** The address that an invitation is for. */
  subject: string | null;
  /** Whether a person has been erased from it: their name, addresses and agents. */
  erased: boolean;
  /** The user of whom name, ip and agent are: the actor, or its key's owner. */
  personId: string | null;
  /** SHA-256 of personSalt and the canonical JSON of agent, ip and the user's name, in hexadecimal. */
  personDigest: string | null;
  /** Null when there is nothing, or it has been erased. */
  personSalt: string | null;
  /** The same of the canonical JSON of the subject, as `email`. */
  subjectDigest: string | null;
  subjectSalt: string | null;
  /** The hash of the entry before. */
  previousHash: string;
  /** SHA-256 of the entry's canonical JSON, with previousHash and the digests in place of people, in hexadecimal. */
  hash: string;
};

/** Whether a stretch of the audit chain is whole. */
export type AuditVerification = {
  /** Entries of this page that were found right. */
  checked: number;
  /** Those among them from which a person has been erased, as a later entry says. */
  erased: number;
  /** The first entry that is not as it was written; checking ends there. */
  broken: {
    /** Where in the chain; 0 for an entry outside it. */
    seq: number;
    /** Null when the entry is not there. */
    entryId: string | null;
    problem: "missing" | "duplicate" | "unlinked" | "altered" | "person" | "unchained" | "head";
  } | null;
  /** Null at the end of the chain and at a break. */
  nextCursor: string | null;
  /** The last entry found right. Kept elsewhere, it proves later that nothing before it was rewritten. */
  last: {
    seq: number;
    hash: string;
  };
  /** Entries that retention has deleted from the beginning of the chain. */
  pruned: number;
};

/** A page of text with its content type. */
export type Download = {
  contentType: string;
  text: string;
  /** Null on the last page. */
  nextCursor: string | null;
};

/** How often keys were used. Counts are complete up to a few seconds ago. */
export type Usage = {
  /** The beginning of the first hour that was looked at. */
  from: number;
  /** The end of the last one. */
  to: number;
  /** All calls with the keys, and all questions about them. */
  count: number;
  /** Those of them that were refused. */
  refused: number;
  /** By time, oldest first and without times of no use; else the most used first. */
  items: Array<{
    /** The beginning of the hour or day (UTC); null by anything else. */
    at: number | null;
    /** The operation, outcome or tag; null by time. Empty: all other tags. */
    name: string | null;
    count: number;
    refused: number;
  }>;
  /** Of the one key that was asked about; null when it was never used. */
  lastUse: {
    at: number;
    ip: string | null;
    agent: string | null;
  } | null;
};

/** What an organization allows of its keys. Durations are milliseconds. */
export type Policy = {
  /** How long a key lives whose maker says nothing. Follows a lowered maximum. */
  defaultLifetimeMs: number;
  /** How long any key may live, from when its expiry was chosen: at least a minute. Null for no maximum. */
  maxLifetimeMs: number | null;
  /** The same for personal keys of members with these roles, instead of the general one; the longest counts. */
  maxLifetimeMsByRole: Record<string, number>;
  /** Whether a key may live for ever. */
  neverExpiring: boolean;
  /** How many live personal keys a member may have: 1 to 1000. */
  liveKeysPerOwner: number;
  /** Every key is bound to these ranges on top of its own: at most 64. Null for none. */
  requiredCidrs: Array<string> | null;
  /** How long a key may go unused before it expires: at least an hour. Null for ever. */
  idleExpiryMs: number | null;
  /** How long the records of dead keys are kept: at least a day. Null for ever. */
  deadKeyRetentionMs: number | null;
  /** How long audit entries are kept: at least 30 days. Null for ever. */
  auditRetentionMs: number | null;
  /** What all keys of the organization may spend together: a call with a key is a use of it, and so is a verification that finds one good. Null for any. */
  rateLimit: {
    /** How many requests fit into a window. */
    limit: number;
    /** How long a window lasts, in milliseconds. */
    windowMs: number;
  } | null;
  /** Counts changes; 0 for an organization that never changed it. */
  version: number;
};

/** What a changed policy would touch. Nothing has been changed. */
export type PolicyPreview = {
  /** The version of the policy that was looked at. Send it along with the change. */
  version: number;
  /** How many keys were looked at. */
  seen: number;
  /** How many keys the change touches, and how. */
  counts: {
    /** Their time is up at once. */
    dies: number;
    /** They count as unused for too long at once. */
    idle: number;
    /** Dead under the policy as it is, they are good again. */
    revives: number;
    expiresEarlier: number;
    expiresLater: number;
    /** They were to live for ever. */
    neverExpiringEnds: number;
    /** They cannot be used any more from everywhere where they can now. */
    addressesRestricted: number;
  };
  /** The first 50 keys that are touched. */
  keys: Array<{
    id: string;
    name: string;
    ownerKind: "personal" | "service";
    ownerUserId: string;
    start: string;
    last4: string;
    effects: Array<"dies" | "idle" | "revives" | "expiresEarlier" | "expiresLater" | "neverExpiringEnds" | "addressesRestricted">;
    /** Under the policy as it is. */
    expiresAt: number | null;
    /** Under the policy as it would be. */
    newExpiresAt: number | null;
  }>;
  /** Members with more live keys than a lowered limit allows. Theirs stay; they get no new ones. */
  ownersAboveLimit: Array<{
    userId: string;
    liveKeys: number;
  }>;
  /** Null when all keys were looked at. Otherwise the counts are of a part, and those of the parts add up. */
  nextCursor: string | null;
};

/** What the next sweep would delete. Nothing has been deleted. */
export type Retention = {
  keys: {
    /** How long they are kept; null for ever. */
    retentionMs: number | null;
    /** Counted no further than 1,000. */
    count: number;
    /** There are more. */
    capped: boolean;
    /** The first 50 to be deleted, longest dead first. */
    first: Array<{
      id: string;
      name: string;
      ownerKind: "personal" | "service";
      ownerUserId: string;
      start: string;
      last4: string;
      diedAt: number;
    }>;
  };
  auditEntries: {
    /** How long they are kept; null for ever. */
    retentionMs: number | null;
    /** Counted no further than 1,000. */
    count: number;
    /** There are more. */
    capped: boolean;
    oldestAt: number | null;
  };
};

/** One place where you are signed in. */
export type Session = {
  id: string;
  /** Whether it is the one of this very request. */
  current: boolean;
  /** Epoch milliseconds. */
  createdAt: number;
  /** Epoch milliseconds. */
  expiresAt: number;
  /** From where you signed in. */
  ip: string | null;
  /** With what you signed in. */
  agent: string | null;
};

/** A short-lived token of a key, for one audience. */
export type Token = {
  /** A JWT, signed with ES256. Its public key is in `/.well-known/jwks.json`. */
  token: string;
  tokenType: "Bearer";
  /** Epoch milliseconds. */
  expiresAt: number;
};

/** The caller, as this request found it. */
export type WhoIs = {
  type: "key";
  keyId: string;
  name: string;
  env: "live" | "test";
  organizationId: string;
  ownerKind: "personal" | "service";
  ownerUserId: string;
  /** What it may do now. */
  permissions: Array<string>;
  /** The names of the licenses that it holds now. */
  licenses: Array<string>;
  expiresAt: number | null;
  rateLimit: Rate | null;
  quota: QuotaState | null;
} | {
  type: "user";
  userId: string;
  organizationId: string;
  role: string;
  permissions: Array<string>;
};

/** RFC 9457 problem details. */
export type Problem = {
  type: "about:blank";
  /** The status in words. */
  title: string;
  status: number;
  /** What happened and what to do. */
  detail: string;
  /** Stable; meant for programs. */
  code: "MALFORMED_REQUEST" | "AMBIGUOUS_CREDENTIALS" | "ORGANIZATION_REQUIRED" | "UNAUTHENTICATED" | "KEY_EXPIRED" | "KEY_DISABLED" | "KEY_REVOKED" | "KEY_NOT_YET_VALID" | "FORBIDDEN" | "ORIGIN_NOT_ALLOWED" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "CONFLICT" | "NAME_TAKEN" | "KEY_LIMIT_REACHED" | "FUNCTION_REFUSED" | "BODY_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_INPUT" | "RATE_LIMITED" | "USAGE_EXCEEDED" | "INTERNAL" | "UNAVAILABLE" | "TIMEOUT";
  /** Names this request in the logs and the audit trail. */
  traceId: string;
  /** For INVALID_INPUT: what is wrong, field by field. */
  errors?: Array<{
    path: string;
    message: string;
  }>;
  /** For FUNCTION_REFUSED: what the function said. */
  data?: unknown;
};

/** Every operation of the public API. */
export type Operations = {
keys: {
/** Create a key. Answers the plaintext once. Takes `keys:create`; a service key takes it on the whole organization. */
create(input: {
  /** 1 to 100 characters, unique among the owner's live keys. */
  name: string;
  description?: string | null;
  tags?: Array<string>;
  /** Each as `resource:action` or `resource:*`, or the name of a composite. None unless told. You can only grant what you hold. */
  permissions?: Array<string>;
  /** Service keys only: roles that it holds beside its permissions. */
  roles?: Array<string>;
  /** Service keys only: permissions that it holds on single resources. Those of `keys` on `key:<id>` are for that one key. */
  resourcePermissions?: Array<{
    /** As `type:id`. */
    resource: string;
    permissions: Array<string>;
  }>;
  /** Epoch milliseconds, at most 365 days ahead unless the policy says otherwise; null for never, where it allows that. In 30 days unless told. */
  expiresAt?: number | null;
  /** From when on it is good, epoch milliseconds. */
  notBefore?: number | null;
  /** How long it may go unused before it counts as expired, in milliseconds: at least an hour. */
  idleExpiryMs?: number | null;
  rateLimit?: {
    /** How many requests fit into a window. */
    limit: number;
    /** How long a window lasts, in milliseconds. */
    windowMs: number;
  } | null;
  quota?: {
    /** How many uses there are between two refills. */
    limit: number;
    /** When all of them come back, in UTC: at the full hour, at midnight, at midnight before Monday, at midnight before the day of the month on which it was set, or not at all. */
    refill: "hourly" | "daily" | "weekly" | "monthly" | "never";
  } | null;
  /** From where the key may be used: at most 64 addresses or ranges, such as `192.0.2.0/24` or `2001:db8::/32`. Anywhere unless told. */
  cidrs?: Array<string> | null;
  /** Resources of your API that the key may touch: at most 128, each `type:id`, `type:*` or `*:*`, or an object of both parts. Each key of Latchkey counts as `key:<id>`, itself too. Everything unless told; an empty list allows nothing. */
  allowList?: Array<string | {
    type: string;
    id: string;
  }> | null;
  /** A JSON object of at most 4 KiB to keep with the key. Latchkey does not look inside. */
  metadata?: Record<string, unknown> | null;
  /** `live` unless told. */
  env?: "live" | "test";
  /** `opaque` unless told. `jwt`: a signed token that others can check offline by `/.well-known/jwks.json`; it lives from 7 to 365 days, and only rotating it gives it another expiry. */
  format?: "opaque" | "jwt";
  ownerKind?: "personal" | "service";
  /** Whose key it is, or who answers for a service key. You unless told. */
  ownerUserId?: string;
}, options?: CallOptions): Promise<RevealedKey>;
/** List keys. Newest first. Takes `keys:read`; who holds it for their own keys only sees those. */
list(input?: {
  status?: Array<"active" | "expiring" | "not-yet-valid" | "disabled" | "expired" | "revoked">;
  ownerId?: string;
  ownerKind?: "personal" | "service";
  name?: string;
  tag?: string;
  permission?: string;
  env?: "live" | "test";
  q?: string;
  includeDead?: boolean;
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<KeyRecord>;
  /** Null on the last page. A filtered page may be short and not the last. */
  nextCursor: string | null;
}>;
/** Rotate a key. Gives it a new secret and answers it once; id, rights and history stay. Of two rotations from the same `version`, one gets CONFLICT. Takes `keys:rotate`. */
rotate(input: {
  /** How long the old secret still works, in milliseconds: 0 unless told, at most 30 days. Secrets from before it work no longer than that either, and no more than 4 old ones do. */
  graceMs?: number;
  /** The key's version as you saw it: when it has been rotated since, nothing happens and the answer is CONFLICT. Without it, yours ends the secret of a rotation just before it, too. */
  version?: number;
  /** JWT keys only, whose expiry is signed into them: another one, epoch milliseconds. Takes `keys:update` too. */
  expiresAt?: number;
  keyId: string;
}, options?: CallOptions): Promise<RevealedKey>;
/** End a rotation's grace period. The secrets from before the last rotation die at once. Repeating it is harmless. Takes `keys:rotate`. */
endGrace(input: {
  keyId: string;
}, options?: CallOptions): Promise<KeyRecord>;
/** List your own keys everywhere. Your personal keys in all organizations, newest first, also in those that you have left: you may revoke them there. For people, by their session; it takes no permission. */
listMine(input?: {
  includeDead?: boolean;
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<OwnKey>;
  /** Null on the last page. A page may be short and not the last. */
  nextCursor: string | null;
}>;
/** Get a key. Takes `keys:read`. */
get(input: {
  keyId: string;
}, options?: CallOptions): Promise<KeyRecord>;
/** Change a key. Changes the fields that are given; null takes one away. Prefix, environment and owner stay as they are. Who changes more than texts needs to hold what the key can do then. Takes `keys:update`. */
update(input: {
  /** 1 to 100 characters, unique among the owner's live keys. */
  name?: string;
  description?: string | null;
  tags?: Array<string>;
  /** Each as `resource:action` or `resource:*`, or the name of a composite. None unless told. You can only grant what you hold. */
  permissions?: Array<string>;
  /** Service keys only: roles that it holds beside its permissions. */
  roles?: Array<string>;
  /** Service keys only: permissions that it holds on single resources. Those of `keys` on `key:<id>` are for that one key. */
  resourcePermissions?: Array<{
    /** As `type:id`. */
    resource: string;
    permissions: Array<string>;
  }>;
  /** Epoch milliseconds, at most 365 days ahead unless the policy says otherwise; null for never, where it allows that. In 30 days unless told. */
  expiresAt?: number | null;
  /** From when on it is good, epoch milliseconds. */
  notBefore?: number | null;
  /** How long it may go unused before it counts as expired, in milliseconds: at least an hour. */
  idleExpiryMs?: number | null;
  rateLimit?: {
    /** How many requests fit into a window. */
    limit: number;
    /** How long a window lasts, in milliseconds. */
    windowMs: number;
  } | null;
  quota?: {
    /** How many uses there are between two refills. */
    limit: number;
    /** When all of them come back, in UTC: at the full hour, at midnight, at midnight before Monday, at midnight before the day of the month on which it was set, or not at all. */
    refill: "hourly" | "daily" | "weekly" | "monthly" | "never";
  } | null;
  /** From where the key may be used: at most 64 addresses or ranges, such as `192.0.2.0/24` or `2001:db8::/32`. Anywhere unless told. */
  cidrs?: Array<string> | null;
  /** Resources of your API that the key may touch: at most 128, each `type:id`, `type:*` or `*:*`, or an object of both parts. Each key of Latchkey counts as `key:<id>`, itself too. Everything unless told; an empty list allows nothing. */
  allowList?: Array<string | {
    type: string;
    id: string;
  }> | null;
  /** A JSON object of at most 4 KiB to keep with the key. Latchkey does not look inside. */
  metadata?: Record<string, unknown> | null;
  keyId: string;
}, options?: CallOptions): Promise<KeyRecord>;
/** Delete a dead key. Its audit entries stay. Takes `keys:delete`. */
delete(input: {
  keyId: string;
}, options?: CallOptions): Promise<null>;
/** Enable a key. Ends a pause. A personal key whose owner is suspended or holds no role stays `disabled`, and the answer says so. Takes `keys:disable`. */
enable(input: {
  keyId: string;
}, options?: CallOptions): Promise<KeyRecord>;
/** Disable a key. A pause, until enabled. Takes `keys:disable`. */
disable(input: {
  keyId: string;
}, options?: CallOptions): Promise<KeyRecord>;
/** Expire a key. Sets its expiry to now. Takes `keys:expire`. */
expire(input: {
  keyId: string;
}, options?: CallOptions): Promise<KeyRecord>;
/** Revoke a key. Ends it for good. Repeating it is harmless. Takes `keys:revoke`; the owner of a personal key may always do it by session, even after leaving the organization. */
revoke(input: {
  /** Kept with the key and in the audit trail. */
  reason?: string;
  keyId: string;
}, options?: CallOptions): Promise<KeyRecord>;
/** Revoke, expire or delete many keys. By their ids or by a filter. Takes `keys:revoke`, `keys:expire` or `keys:delete` on each of them. A preview says what would be hit; a filter needs its `confirm`. Repeating a call is harmless. */
bulk(input: {
  verb: "revoke" | "expire" | "delete";
  /** The keys, by their ids. */
  keyIds?: Array<string>;
  /** Or all that listing with these would show. To delete, only dead keys are looked for. */
  filter?: {
    /** Only keys in one of these states. */
    status?: Array<"active" | "expiring" | "not-yet-valid" | "disabled" | "expired" | "revoked">;
    /** The id of a user, whose keys they are or who answers for them, or `me`. */
    ownerId?: string;
    ownerKind?: "personal" | "service";
    /** All of the name. Case, width and spacing do not matter. */
    name?: string;
    tag?: string;
    /** Keys to which it was given, itself or as `resource:*`. What a key holds by composites, roles, groups or on single resources is not looked at. */
    permission?: string;
    env?: "live" | "test";
    /** Text in the name, description, tags or public part. */
    q?: string;
  };
  /** Whether to say only what would be done. */
  preview: boolean;
  /** Kept in the audit trail with each key. */
  reason?: string;
  /** The `count` of a preview. With another one nothing is done. */
  expected?: number;
  /** The `confirm` of a preview, needed with a filter. When other keys would be hit nothing is done. */
  confirm?: string;
  /** The `nextCursor` of the call before, with the same filter. */
  cursor?: string;
}, options?: CallOptions): Promise<{
  preview: boolean;
  /** How many keys were changed, or would be. */
  count: number;
  /** Whether there is more to do: one call changes at most 500 keys. Preview and call again. */
  remaining: boolean;
  /** Where to go on with a filter that looked at as many keys as one call does; null otherwise. */
  nextCursor: string | null;
  /** Names what a preview would hit. Null when it was done. */
  confirm: string | null;
  /** A result per key; of a preview the first 100. */
  items: Array<{
    keyId: string;
    /** Null for a key that you may not see. */
    name: string | null;
    start: string | null;
    /** `unchanged`: it is so already. `skipped`: refused, and `code` says why. */
    outcome: "done" | "unchanged" | "skipped";
    code: string | null;
    message: string | null;
  }>;
}>;
/** Import keys of another system. By their hashes, so that they go on working here. A refused item leaves the others be. Rotating one gives it a secret of our own format under the same id. Takes `keys:create`, and within it what creating such a key takes. */
import(input: {
  /** Up to 100 keys of another system. */
  items: Array<{
    /** 1 to 100 characters, unique among the owner's live keys. */
    name: string;
    description?: string | null;
    tags?: Array<string>;
    /** Each as `resource:action` or `resource:*`, or the name of a composite. None unless told. You can only grant what you hold. */
    permissions?: Array<string>;
    /** Service keys only: roles that it holds beside its permissions. */
    roles?: Array<string>;
    /** Service keys only: permissions that it holds on single resources. Those of `keys` on `key:<id>` are for that one key. */
    resourcePermissions?: Array<{
      /** As `type:id`. */
      resource: string;
      permissions: Array<string>;
    }>;
    /** Epoch milliseconds, at most 365 days ahead unless the policy says otherwise; null for never, where it allows that. In 30 days unless told. */
    expiresAt?: number | null;
    /** From when on it is good, epoch milliseconds. */
    notBefore?: number | null;
    /** How long it may go unused before it counts as expired, in milliseconds: at least an hour. */
    idleExpiryMs?: number | null;
    rateLimit?: {
      /** How many requests fit into a window. */
      limit: number;
      /** How long a window lasts, in milliseconds. */
      windowMs: number;
    } | null;
    quota?: {
      /** How many uses there are between two refills. */
      limit: number;
      /** When all of them come back, in UTC: at the full hour, at midnight, at midnight before Monday, at midnight before the day of the month on which it was set, or not at all. */
      refill: "hourly" | "daily" | "weekly" | "monthly" | "never";
    } | null;
    /** From where the key may be used: at most 64 addresses or ranges, such as `192.0.2.0/24` or `2001:db8::/32`. Anywhere unless told. */
    cidrs?: Array<string> | null;
    /** Resources of your API that the key may touch: at most 128, each `type:id`, `type:*` or `*:*`, or an object of both parts. Each key of Latchkey counts as `key:<id>`, itself too. Everything unless told; an empty list allows nothing. */
    allowList?: Array<string | {
      type: string;
      id: string;
    }> | null;
    /** A JSON object of at most 4 KiB to keep with the key. Latchkey does not look inside. */
    metadata?: Record<string, unknown> | null;
    /** `live` unless told. */
    env?: "live" | "test";
    ownerKind?: "personal" | "service";
    /** Whose key it is, or who answers for a service key. You unless told. */
    ownerUserId?: string;
    /** What the other system kept of the key. bcrypt up to cost 12, of keys of at most 72 characters, and Argon2 up to 64 MiB are compared once, at the first use. */
    hash: {
      algorithm: "sha256-hex" | "sha256-base64url" | "bcrypt" | "argon2";
      /** Argon2 as a PHC string. */
      value: string;
    };
    /** What all keys of that kind begin with, for example `acme_`: at least 3 characters. */
    prefix: string;
    /** How this key begins, which everyone may see: 4 to 24 characters, at least 8 of this key only for bcrypt and Argon2. */
    start: string;
    /** Its last four characters, for telling keys apart. */
    last4?: string;
  }>;
}, options?: CallOptions): Promise<{
  created: number;
  /** A result per item, in the order of the items. */
  items: Array<{
    outcome: "created" | "refused";
    record: KeyRecord | null;
    /** Why it was refused. */
    code: string | null;
    message: string | null;
    errors: Array<{
      path: string;
      message: string;
    }>;
  }>;
}>;
/** Verify a key. Says whether a key is good right now, and if not, why. Keys of other organizations are NOT_FOUND. A VALID verdict counts as a use. Takes `keys:verify`. */
verify(input: {
  /** The plaintext that somebody presented to you. */
  key: string;
  /** What the key must be allowed to do: `orders:read`, or an expression such as `orders:read AND (orders:refund OR billing:*)`. AND binds tighter than OR. */
  permission?: string;
  /** The address of who presented the key to you. A key that is bound to addresses is FORBIDDEN without it. */
  ip?: string;
  /** What the call touches, as `type:id`, or `type:*` for all of a type. Without it the key's allow list is not asked, unless it is empty. */
  resource?: string;
  /** The name of a license that the key has to hold now. */
  license?: string;
  /** How much of its limits the call takes: 1 unless told, at most 10000. */
  cost?: number;
  /** What the use is counted under in the usage figures: at most 8 tags without control or invisible characters. */
  tags?: Array<string>;
}, options?: CallOptions): Promise<Verification>;
/** Verify several keys. Answers for each item what `keys.verify` would, in the same order. A key that would be refused with 429 or 503 by itself, one that was imported and never used, is RATE_LIMITED and leaves the others be. A wrong item refuses the whole call before any key is used. Takes `keys:verify`. */
verifyBatch(input: {
  /** Up to 100 questions, each as `keys.verify` takes it. */
  items: Array<{
    /** The plaintext that somebody presented to you. */
    key: string;
    /** What the key must be allowed to do: `orders:read`, or an expression such as `orders:read AND (orders:refund OR billing:*)`. AND binds tighter than OR. */
    permission?: string;
    /** The address of who presented the key to you. A key that is bound to addresses is FORBIDDEN without it. */
    ip?: string;
    /** What the call touches, as `type:id`, or `type:*` for all of a type. Without it the key's allow list is not asked, unless it is empty. */
    resource?: string;
    /** The name of a license that the key has to hold now. */
    license?: string;
    /** How much of its limits the call takes: 1 unless told, at most 10000. */
    cost?: number;
    /** What the use is counted under in the usage figures: at most 8 tags without control or invisible characters. */
    tags?: Array<string>;
  }>;
}, options?: CallOptions): Promise<{
  /** A verdict per item, in the order of the items. */
  results: Array<Verification | PostponedVerification>;
}>;
/** Explain what a key may do. Says whether a call with this key would pass right now, which rule decides, and where each permission comes from. It spends nothing and is no use of the key. Takes `keys:read`. */
explain(input: {
  /** What the call needs: `orders:read`, or an expression with AND, OR and parentheses. */
  permission?: string;
  /** What it touches, as `type:id`. */
  resource?: string;
  /** From where it comes. */
  ip?: string;
  /** The name of a license that it needs. */
  license?: string;
  keyId: string;
}, options?: CallOptions): Promise<Explanation>;
};
permissions: {
/** List permissions. Latchkey's own first, then the organization's by name. Takes `permissions:read`. */
list(input?: {
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<Permission>;
  /** Null on the last page. */
  nextCursor: string | null;
}>;
/** Define a permission. Defines a permission for your own API or, with `includes`, a composite. Once one is defined, keys can only be given those that are. A composite includes only what you hold. Takes `permissions:manage`. */
create(input: {
  name: string;
  description?: string;
  /** Makes it a composite: single permissions that exist, wildcards among them, and no composites. */
  includes?: Array<string>;
}, options?: CallOptions): Promise<Permission>;
/** Get a permission. Takes `permissions:read`. */
get(input: {
  permissionId: string;
}, options?: CallOptions): Promise<Permission>;
/** Change a permission. Its description, or what a composite includes: every key that carries it follows at its next use. You can only add what you hold. Takes `permissions:manage`. */
update(input: {
  description?: string;
  /** Makes it a composite: single permissions that exist, wildcards among them, and no composites. */
  includes?: Array<string>;
  permissionId: string;
}, options?: CallOptions): Promise<Permission>;
/** Delete a permission. Whoever carries it holds it no more, from the next use on; a wildcard still covers it. Defining the name again gives it back. Takes `permissions:manage`. */
delete(input: {
  permissionId: string;
}, options?: CallOptions): Promise<null>;
};
roles: {
/** List roles. Those that every organization has first, then its own by name. Takes `roles:read`. */
list(input?: {
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<Role>;
  /** Null on the last page. */
  nextCursor: string | null;
}>;
/** Define a role. Members, groups and service keys can then be given it by name. Takes `roles:manage`. */
create(input: {
  /** 1 to 32 lower-case letters, digits and hyphens. It cannot be changed. */
  name: string;
  description?: string;
  /** Only what you hold yourself, as far as you hold it. */
  grants: Array<Grant>;
}, options?: CallOptions): Promise<Role>;
/** Get a role. Takes `roles:read`. */
get(input: {
  roleId: string;
}, options?: CallOptions): Promise<Role>;
/** Change a role. Its description or what it grants: whoever has it follows at the next use. You can only add what you hold. Takes `roles:manage`. */
update(input: {
  description?: string;
  /** Only what you hold yourself, as far as you hold it. */
  grants?: Array<Grant>;
  roleId: string;
}, options?: CallOptions): Promise<Role>;
/** Delete a role. Members, groups and keys that still name it get nothing from it, from the next use on. Defining the name again gives it to them again. Takes `roles:manage`. */
delete(input: {
  roleId: string;
}, options?: CallOptions): Promise<null>;
};
groups: {
/** List groups. By name. Takes `groups:read`. */
list(input?: {
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<Group>;
  /** Null on the last page. */
  nextCursor: string | null;
}>;
/** Make a group. It gives no more than you hold. Takes `groups:manage`. */
create(input: {
  /** 1 to 100 characters. */
  name: string;
  description?: string;
  /** By name. Only those whose grants you hold. */
  roles?: Array<string>;
  /** Only those that you hold. */
  permissions?: Array<string>;
}, options?: CallOptions): Promise<Group>;
/** Get a group. Takes `groups:read`. */
get(input: {
  groupId: string;
}, options?: CallOptions): Promise<Group>;
/** Change a group. Everyone in it follows at the next use. You can only add what you hold. Takes `groups:manage`. */
update(input: {
  name?: string;
  description?: string;
  /** By name. Only those whose grants you hold. */
  roles?: Array<string>;
  /** Only those that you hold. */
  permissions?: Array<string>;
  groupId: string;
}, options?: CallOptions): Promise<Group>;
/** Delete a group. Whoever is in it loses what it gave, at the next use. Takes `groups:manage`. */
delete(input: {
  groupId: string;
}, options?: CallOptions): Promise<null>;
/** List who is in a group. In the order of ids. Takes `groups:read`. */
members(input: {
  groupId: string;
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<GroupMember>;
  /** Null on the last page. */
  nextCursor: string | null;
}>;
/** Put somebody into a group. A member, or a service key. Takes `groups:manage`, and holding everything that the group gives. Repeating it is harmless. */
addMember(input: {
  groupId: string;
  memberId: string;
}, options?: CallOptions): Promise<GroupMember>;
/** Take somebody out of a group. What the group gave is gone at the next use. Takes `groups:manage`. */
removeMember(input: {
  groupId: string;
  memberId: string;
}, options?: CallOptions): Promise<null>;
};
licenses: {
/** List licenses. By name. Takes `licenses:read`. */
list(input?: {
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<License>;
  /** Null on the last page. */
  nextCursor: string | null;
}>;
/** Define a license. Takes `licenses:manage`. */
create(input: {
  /** 1 to 32 lower-case letters, digits and hyphens. It cannot be changed. */
  name: string;
  description?: string;
  /** 1 to 5000, each assignment takes one; null for any number. */
  seats?: number | null;
  /** Epoch milliseconds; null from the start. */
  validFrom?: number | null;
  /** Epoch milliseconds; null for ever. */
  validUntil?: number | null;
}, options?: CallOptions): Promise<License>;
/** Get a license. Takes `licenses:read`. */
get(input: {
  licenseId: string;
}, options?: CallOptions): Promise<License>;
/** Change a license. Holds for all its holders from the next use on. Takes `licenses:manage`. */
update(input: {
  description?: string;
  /** 1 to 5000, each assignment takes one; null for any number. */
  seats?: number | null;
  /** Epoch milliseconds; null from the start. */
  validFrom?: number | null;
  /** Epoch milliseconds; null for ever. */
  validUntil?: number | null;
  licenseId: string;
}, options?: CallOptions): Promise<License>;
/** Delete a license. Nobody holds it from the next use on. Takes `licenses:manage`. */
delete(input: {
  licenseId: string;
}, options?: CallOptions): Promise<null>;
/** List who holds a license. In the order of ids. Takes `licenses:read`. */
holders(input: {
  licenseId: string;
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<LicenseHolder>;
  /** Null on the last page. */
  nextCursor: string | null;
}>;
/** Assign a license. To a key or a group, which takes one seat; of two at once that want the last one, one gets CONFLICT. A dead key keeps its seat until it is unassigned or deleted. Takes `licenses:manage`. Repeating it is harmless. */
assign(input: {
  licenseId: string;
  holderId: string;
}, options?: CallOptions): Promise<LicenseHolder>;
/** Unassign a license. Its seat is free at once. Takes `licenses:manage`. */
unassign(input: {
  licenseId: string;
  holderId: string;
}, options?: CallOptions): Promise<null>;
};
leaks: {
/** Report a leaked key. Whoever found a key where it should not be can end it by showing it: if it is a key of this Latchkey, it is revoked at once, and its organization sees why. The answer is the same for every text. */
report(input: {
  /** The plaintext that you found. */
  key: string;
  /** Where you found it. The organization is told. */
  foundAt?: string;
}, options?: CallOptions): Promise<LeakReceived>;
};
members: {
/** List members. In the order of ids. Takes `members:read`. */
list(input?: {
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<Member>;
  /** Null on the last page. */
  nextCursor: string | null;
}>;
/** Get a member. Takes `members:read`. */
get(input: {
  memberId: string;
}, options?: CallOptions): Promise<Member>;
/** Change a member's roles. You can only add roles whose grants you hold. Only an owner in person makes or unmakes an owner, and the last one stays. Takes `members:manage`. */
update(input: {
  /** All that the member shall have, by name. */
  roles: Array<string>;
  memberId: string;
}, options?: CallOptions): Promise<Member>;
/** Remove a member. Its groups forget it and its personal keys stop. Takes `members:manage`; anybody may leave by session. The last owner stays. */
delete(input: {
  memberId: string;
}, options?: CallOptions): Promise<null>;
/** Suspend a member. Takes all rights from it until the suspension ends; its personal keys stop at once. Repeating it is harmless. Takes `members:manage`. */
suspend(input: {
  memberId: string;
}, options?: CallOptions): Promise<Member>;
/** End a suspension. Gives back the roles that the member had; you have to hold them. Takes `members:manage`. */
unsuspend(input: {
  memberId: string;
}, options?: CallOptions): Promise<Member>;
};
invitations: {
/** List open invitations. In the order of addresses; at most 200 are open at a time, so this is all of them. Takes `members:read`. */
list(options?: CallOptions): Promise<{
  items: Array<Invitation>;
  /** Null on the last page. */
  nextCursor: string | null;
}>;
/** Invite a member. Answers a secret once. No mail is sent: hand it to the invited, who signs up with that address and accepts. It replaces an open invitation for the same address. You can only give roles whose grants you hold, and only an owner in person invites an owner. Takes `members:manage`. */
create(input: {
  /** Of whoever shall join. */
  email: string;
  /** All that the member shall have, by name. */
  roles: Array<string>;
  /** Epoch milliseconds, at most 30 days ahead; in a week unless told. */
  expiresAt?: number;
}, options?: CallOptions): Promise<CreatedInvitation>;
/** Cancel an invitation. Its secret is good for nothing from then on. Takes `members:manage`. */
delete(input: {
  invitationId: string;
}, options?: CallOptions): Promise<null>;
/** Look at an invitation. Says what a secret invites to. For people, by their session; it takes no permission. */
preview(input: {
  /** What whoever invited you has handed on. */
  secret: string;
}, options?: CallOptions): Promise<InvitationOffer>;
/** Accept an invitation. Makes you a member, once. You have to be signed in with the invited address, and whoever invited you must still be allowed to. For people, by their session; it takes no permission. */
accept(input: {
  /** What whoever invited you has handed on. */
  secret: string;
}, options?: CallOptions): Promise<Joined>;
};
organization: {
/** Get the organization. The one that the call is about. Takes `organization:read`. */
get(options?: CallOptions): Promise<Organization>;
/** Change the organization. Its name, its slug, which changes addresses, or what new keys begin with. Takes `organization:update`. */
update(input?: {
  /** 1 to 100 characters. */
  name?: string;
  /** 1 to 40 lower-case letters, digits and hyphens. */
  slug?: string;
  /** 2 to 16 lower-case letters and digits. */
  keyPrefix?: string;
}, options?: CallOptions): Promise<Organization>;
};
audit: {
/** List audit entries. Newest first. Takes `audit:read`. */
list(input?: {
  action?: string;
  actor?: string;
  target?: string;
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<AuditEntry>;
  /** Null on the last page. A filtered page may be short and not the last. */
  nextCursor: string | null;
}>;
/** Verify the audit chain. Checks a page of the chain from its start, and tells the first break. Takes `audit:read`. */
verify(input?: {
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<AuditVerification>;
/** Export audit entries. A page of the whole trail as text, oldest first; pages in their order make one file. Answers the text itself, with the header `X-Next-Cursor` unless it is the last page, or as JSON when `Accept` names `application/json`. JSON lines hold what was hashed; CSV guards cells against being taken for formulas. Takes `audit:read`. */
export(input?: {
  format?: "jsonl" | "csv";
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<Download>;
/** Erase a person from the audit trail. Takes a former member's name, addresses and agents out of all entries, and with `email` the address that they were invited by. What was done stays, under a pseudonym, and the chain still verifies. Reasons and the names of keys stay too. Cannot be undone. Takes `members:manage`. */
erasePerson(input?: {
  /** Somebody who is no member any more. */
  userId?: string;
  /** Of somebody who was invited, whether they came or not. */
  email?: string;
}, options?: CallOptions): Promise<{
  /** Parts of entries that this call took out. */
  erased: number;
  /** False while there is more: a user's rest follows by itself; for an address, call again. */
  done: boolean;
}>;
};
/** See how keys are used. Counts of one key, or of all, over a range of whole hours: the last day unless told. An operation is what a key called, or `verify` when somebody asked about it; an outcome is `OK`, the code of the refusal, or the verdict. Kept for 400 days. Takes `usage:read`; who holds it for their own keys only sees those. */
usage(input?: {
  keyId?: string;
  from?: number;
  to?: number;
  by?: "hour" | "day" | "operation" | "outcome" | "tag";
}, options?: CallOptions): Promise<Usage>;
/** Who is calling. Describes the key or person behind the credential of this request, what it may do now, and what is left of a key's limits. */
whoami(options?: CallOptions): Promise<WhoIs>;
/** Explain what you may do. The same about the credential of this very request. It takes no permission. */
explain(input?: {
  /** What the call needs: `orders:read`, or an expression with AND, OR and parentheses. */
  permission?: string;
  /** What it touches, as `type:id`. */
  resource?: string;
  /** From where it comes. */
  ip?: string;
  /** The name of a license that it needs. */
  license?: string;
}, options?: CallOptions): Promise<Explanation>;
/** Whether Latchkey can serve. Answers once functions run and the database can be read. */
health(options?: CallOptions): Promise<{
  status: "ok";
}>;
policy: {
/** Get the policy. What the organization allows of its keys. Takes `policy:read`. */
get(options?: CallOptions): Promise<Policy>;
/** Change the policy. Changes what is named. It holds for existing keys from their very next use on; what it takes from them, a later change can give back. Takes `policy:update`. */
update(input?: {
  /** How long a key lives whose maker says nothing. Follows a lowered maximum. */
  defaultLifetimeMs?: number;
  /** How long any key may live, from when its expiry was chosen: at least a minute. Null for no maximum. */
  maxLifetimeMs?: number | null;
  /** The same for personal keys of members with these roles, instead of the general one; the longest counts. */
  maxLifetimeMsByRole?: Record<string, number>;
  /** Whether a key may live for ever. */
  neverExpiring?: boolean;
  /** How many live personal keys a member may have: 1 to 1000. */
  liveKeysPerOwner?: number;
  /** Every key is bound to these ranges on top of its own: at most 64. Null for none. */
  requiredCidrs?: Array<string> | null;
  /** How long a key may go unused before it expires: at least an hour. Null for ever. */
  idleExpiryMs?: number | null;
  /** How long the records of dead keys are kept: at least a day. Null for ever. */
  deadKeyRetentionMs?: number | null;
  /** How long audit entries are kept: at least 30 days. Null for ever. */
  auditRetentionMs?: number | null;
  /** What all keys of the organization may spend together: a call with a key is a use of it, and so is a verification that finds one good. Null for any. */
  rateLimit?: {
    /** How many requests fit into a window. */
    limit: number;
    /** How long a window lasts, in milliseconds. */
    windowMs: number;
  } | null;
  /** The version that you looked at. When the policy is of another one by now, the answer is CONFLICT. */
  version?: number;
}, options?: CallOptions): Promise<Policy>;
/** Preview a changed policy. Tells which keys a change would touch, without making it. Looks at 10,000 keys or so at once. Takes `policy:update` and `keys:read`. */
preview(input?: {
  /** How long a key lives whose maker says nothing. Follows a lowered maximum. */
  defaultLifetimeMs?: number;
  /** How long any key may live, from when its expiry was chosen: at least a minute. Null for no maximum. */
  maxLifetimeMs?: number | null;
  /** The same for personal keys of members with these roles, instead of the general one; the longest counts. */
  maxLifetimeMsByRole?: Record<string, number>;
  /** Whether a key may live for ever. */
  neverExpiring?: boolean;
  /** How many live personal keys a member may have: 1 to 1000. */
  liveKeysPerOwner?: number;
  /** Every key is bound to these ranges on top of its own: at most 64. Null for none. */
  requiredCidrs?: Array<string> | null;
  /** How long a key may go unused before it expires: at least an hour. Null for ever. */
  idleExpiryMs?: number | null;
  /** How long the records of dead keys are kept: at least a day. Null for ever. */
  deadKeyRetentionMs?: number | null;
  /** How long audit entries are kept: at least 30 days. Null for ever. */
  auditRetentionMs?: number | null;
  /** What all keys of the organization may spend together: a call with a key is a use of it, and so is a verification that finds one good. Null for any. */
  rateLimit?: {
    /** How many requests fit into a window. */
    limit: number;
    /** How long a window lasts, in milliseconds. */
    windowMs: number;
  } | null;
  /** The version that you looked at. When the policy is of another one by now, the answer is CONFLICT. */
  version?: number;
  /** The `nextCursor` of the answer before. */
  cursor?: string;
}, options?: CallOptions): Promise<PolicyPreview>;
/** Preview what is deleted next. Dead keys and audit entries that the next daily sweep would delete, under the policy or under other times. Takes `policy:read` and `keys:read`. */
retention(input?: {
  deadKeyRetentionMs?: number;
  auditRetentionMs?: number;
}, options?: CallOptions): Promise<Retention>;
};
sessions: {
/** List your sessions. Where you are signed in, newest first, the latest 200. For people, by their session; it takes no permission. */
list(options?: CallOptions): Promise<{
  items: Array<Session>;
  /** Null on the last page. */
  nextCursor: string | null;
}>;
/** End one of your sessions. Whoever is signed in there is signed out. For people, by their session; it takes no permission. */
delete(input: {
  sessionId: string;
}, options?: CallOptions): Promise<null>;
/** End all your other sessions. You stay signed in where you call from, and nowhere else. For people, by their session. */
endOthers(options?: CallOptions): Promise<{
  /** How many there were. */
  ended: number;
}>;
};
token: {
/** Exchange a key for a token. Answers a JWT of at most five minutes for one audience, which can be checked offline. It ends with its key wherever it is shown to Latchkey. Only a key can be exchanged, a token never again. */
exchange(input: {
  /** Who shall accept the token, as that API spells its own name. Latchkey itself accepts those for its own origin. */
  audience: string;
  /** The part of the key's permissions that the token shall carry; all of them unless told. */
  permissions?: Array<string>;
  /** How long the token lives, in seconds: 300 unless told, and never longer than its key. */
  expiresInS?: number;
}, options?: CallOptions): Promise<Token>;
};
};

/** The operations, on top of one function that makes the call. */
export function operations(call: Call): Operations {
  return {
keys: {
create: (input, options) => call("POST", "/api/v1/keys", input, options),
list: (input = {}, options) => call("GET", "/api/v1/keys", input, options),
rotate: (input, options) => call("POST", "/api/v1/keys/{keyId}/rotate", input, options),
endGrace: (input, options) => call("POST", "/api/v1/keys/{keyId}/end-grace", input, options),
listMine: (input = {}, options) => call("GET", "/api/v1/me/keys", input, options),
get: (input, options) => call("GET", "/api/v1/keys/{keyId}", input, options),
update: (input, options) => call("PATCH", "/api/v1/keys/{keyId}", input, options),
delete: (input, options) => call("DELETE", "/api/v1/keys/{keyId}", input, options),
enable: (input, options) => call("POST", "/api/v1/keys/{keyId}/enable", input, options),
disable: (input, options) => call("POST", "/api/v1/keys/{keyId}/disable", input, options),
expire: (input, options) => call("POST", "/api/v1/keys/{keyId}/expire", input, options),
revoke: (input, options) => call("POST", "/api/v1/keys/{keyId}/revoke", input, options),
bulk: (input, options) => call("POST", "/api/v1/keys/bulk", input, options),
import: (input, options) => call("POST", "/api/v1/keys/import", input, options),
verify: (input, options) => call("POST", "/api/v1/keys/verify", input, options),
verifyBatch: (input, options) => call("POST", "/api/v1/keys/verify-batch", input, options),
explain: (input, options) => call("POST", "/api/v1/keys/{keyId}/explain", input, options),
},
permissions: {
list: (input = {}, options) => call("GET", "/api/v1/permissions", input, options),
create: (input, options) => call("POST", "/api/v1/permissions", input, options),
get: (input, options) => call("GET", "/api/v1/permissions/{permissionId}", input, options),
update: (input, options) => call("PATCH", "/api/v1/permissions/{permissionId}", input, options),
delete: (input, options) => call("DELETE", "/api/v1/permissions/{permissionId}", input, options),
},
roles: {
list: (input = {}, options) => call("GET", "/api/v1/roles", input, options),
create: (input, options) => call("POST", "/api/v1/roles", input, options),
get: (input, options) => call("GET", "/api/v1/roles/{roleId}", input, options),
update: (input, options) => call("PATCH", "/api/v1/roles/{roleId}", input, options),
delete: (input, options) => call("DELETE", "/api/v1/roles/{roleId}", input, options),
},
groups: {
list: (input = {}, options) => call("GET", "/api/v1/groups", input, options),
create: (input, options) => call("POST", "/api/v1/groups", input, options),
get: (input, options) => call("GET", "/api/v1/groups/{groupId}", input, options),
update: (input, options) => call("PATCH", "/api/v1/groups/{groupId}", input, options),
delete: (input, options) => call("DELETE", "/api/v1/groups/{groupId}", input, options),
members: (input, options) => call("GET", "/api/v1/groups/{groupId}/members", input, options),
addMember: (input, options) => call("PUT", "/api/v1/groups/{groupId}/members/{memberId}", input, options),
removeMember: (input, options) => call("DELETE", "/api/v1/groups/{groupId}/members/{memberId}", input, options),
},
licenses: {
list: (input = {}, options) => call("GET", "/api/v1/licenses", input, options),
create: (input, options) => call("POST", "/api/v1/licenses", input, options),
get: (input, options) => call("GET", "/api/v1/licenses/{licenseId}", input, options),
update: (input, options) => call("PATCH", "/api/v1/licenses/{licenseId}", input, options),
delete: (input, options) => call("DELETE", "/api/v1/licenses/{licenseId}", input, options),
holders: (input, options) => call("GET", "/api/v1/licenses/{licenseId}/holders", input, options),
assign: (input, options) => call("PUT", "/api/v1/licenses/{licenseId}/holders/{holderId}", input, options),
unassign: (input, options) => call("DELETE", "/api/v1/licenses/{licenseId}/holders/{holderId}", input, options),
},
leaks: {
report: (input, options) => call("POST", "/api/v1/leaks", input, options),
},
members: {
list: (input = {}, options) => call("GET", "/api/v1/members", input, options),
get: (input, options) => call("GET", "/api/v1/members/{memberId}", input, options),
update: (input, options) => call("PATCH", "/api/v1/members/{memberId}", input, options),
delete: (input, options) => call("DELETE", "/api/v1/members/{memberId}", input, options),
suspend: (input, options) => call("POST", "/api/v1/members/{memberId}/suspend", input, options),
unsuspend: (input, options) => call("POST", "/api/v1/members/{memberId}/unsuspend", input, options),
},
invitations: {
list: (options) => call("GET", "/api/v1/invitations", {}, options),
create: (input, options) => call("POST", "/api/v1/invitations", input, options),
delete: (input, options) => call("DELETE", "/api/v1/invitations/{invitationId}", input, options),
preview: (input, options) => call("POST", "/api/v1/invitations/preview", input, options),
accept: (input, options) => call("POST", "/api/v1/invitations/accept", input, options),
},
organization: {
get: (options) => call("GET", "/api/v1/organization", {}, options),
update: (input = {}, options) => call("PATCH", "/api/v1/organization", input, options),
},
audit: {
list: (input = {}, options) => call("GET", "/api/v1/audit", input, options),
verify: (input = {}, options) => call("GET", "/api/v1/audit/verify", input, options),
export: (input = {}, options) => call("GET", "/api/v1/audit/export", input, options),
erasePerson: (input = {}, options) => call("POST", "/api/v1/audit/erase-person", input, options),
},
usage: (input = {}, options) => call("GET", "/api/v1/usage", input, options),
whoami: (options) => call("GET", "/api/v1/whoami", {}, options),
explain: (input = {}, options) => call("POST", "/api/v1/whoami/explain", input, options),
health: (options) => call("GET", "/api/health", {}, options),
policy: {
get: (options) => call("GET", "/api/v1/policy", {}, options),
update: (input = {}, options) => call("PATCH", "/api/v1/policy", input, options),
preview: (input = {}, options) => call("POST", "/api/v1/policy/preview", input, options),
retention: (input = {}, options) => call("GET", "/api/v1/policy/retention", input, options),
},
sessions: {
list: (options) => call("GET", "/api/v1/me/sessions", {}, options),
delete: (input, options) => call("DELETE", "/api/v1/me/sessions/{sessionId}", input, options),
endOthers: (options) => call("POST", "/api/v1/me/sessions/end-others", {}, options),
},
token: {
exchange: (input, options) => call("POST", "/api/v1/token", input, options),
},
  };
}

