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
  status: "active" | "expiring" | "disabled" | "expired" | "revoked";
  rateLimit: {
    /** How many requests fit into a window. */
    limit: number;
    /** How long a window lasts, in milliseconds. */
    windowMs: number;
  } | null;
  /** From where it may be used; null for anywhere. */
  cidrs: Array<string> | null;
  /** Resources that it may touch; null for all, empty for none. */
  allowList: Array<string> | null;
  createdAt: number;
  createdByUserId: string;
  /** Set when a key made it. */
  createdByKeyId: string | null;
  expiresAt: number | null;
  disabledAt: number | null;
  revokedAt: number | null;
  /** The id of the user or key that revoked it. */
  revokedBy: string | null;
  revokeReason: string | null;
  /** Counts the secrets that it has had. */
  version: number;
  /** Until when the secret from before the last rotation still works. */
  previousSecretValidUntil: number | null;
  /** The plaintext. This answer is the only one that ever holds it: store it now. */
  key: string;
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
  status: "active" | "expiring" | "disabled" | "expired" | "revoked";
  rateLimit: {
    /** How many requests fit into a window. */
    limit: number;
    /** How long a window lasts, in milliseconds. */
    windowMs: number;
  } | null;
  /** From where it may be used; null for anywhere. */
  cidrs: Array<string> | null;
  /** Resources that it may touch; null for all, empty for none. */
  allowList: Array<string> | null;
  createdAt: number;
  createdByUserId: string;
  /** Set when a key made it. */
  createdByKeyId: string | null;
  expiresAt: number | null;
  disabledAt: number | null;
  revokedAt: number | null;
  /** The id of the user or key that revoked it. */
  revokedBy: string | null;
  revokeReason: string | null;
  /** Counts the secrets that it has had. */
  version: number;
  /** Until when the secret from before the last rotation still works. */
  previousSecretValidUntil: number | null;
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
  rateLimit: Rate | null;
} | {
  valid: false;
  code: "REVOKED" | "EXPIRED" | "DISABLED" | "INSUFFICIENT_PERMISSIONS";
  keyId: string;
  organizationId: string;
  ownerKind: "personal" | "service";
  ownerUserId: string;
  name: string;
  env: "live" | "test";
  /** What it may do now. */
  permissions: Array<string>;
  expiresAt: number | null;
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
  /** IP: it may not be used from there. RESOURCE: not on that. */
  reason: "IP" | "RESOURCE";
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
  rateLimit: Rate;
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
  /** Until one request is; 0 when there is one now. */
  retryAfterMs: number;
};

/** Who changed what. Each entry's hash holds the entry before. */
export type AuditEntry = {
  id: string;
  organizationId: string;
  /** Counts the organization's entries from 1. */
  seq: number;
  /** Epoch milliseconds. */
  at: number;
  actor: {
    type: "user" | "key" | "system";
    id: string;
    name: string;
  };
  /** `<noun>.<verb>`, for example `key.revoke`. */
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
  /** The hash of the entry before. */
  previousHash: string;
  /** SHA-256 of the entry's canonical JSON, previousHash included, in hexadecimal. */
  hash: string;
};

/** Whether a stretch of the audit chain is whole. */
export type AuditVerification = {
  /** Entries of this page that were found right. */
  checked: number;
  /** The first entry that is not as it was written; checking ends there. */
  broken: {
    /** Where in the chain; 0 for an entry outside it. */
    seq: number;
    /** Null when the entry is not there. */
    entryId: string | null;
    problem: "missing" | "duplicate" | "unlinked" | "altered" | "unchained" | "head";
  } | null;
  /** Null at the end of the chain and at a break. */
  nextCursor: string | null;
  /** The last entry found right. Kept elsewhere, it proves later that nothing before it was rewritten. */
  last: {
    seq: number;
    hash: string;
  };
};

/** A page of text with its content type. */
export type Download = {
  contentType: string;
  text: string;
  /** Null on the last page. */
  nextCursor: string | null;
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
  expiresAt: number | null;
  rateLimit: Rate | null;
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
  code: "MALFORMED_REQUEST" | "AMBIGUOUS_CREDENTIALS" | "ORGANIZATION_REQUIRED" | "UNAUTHENTICATED" | "KEY_EXPIRED" | "KEY_DISABLED" | "KEY_REVOKED" | "FORBIDDEN" | "ORIGIN_NOT_ALLOWED" | "NOT_FOUND" | "METHOD_NOT_ALLOWED" | "CONFLICT" | "NAME_TAKEN" | "KEY_LIMIT_REACHED" | "BODY_TOO_LARGE" | "UNSUPPORTED_MEDIA_TYPE" | "INVALID_INPUT" | "RATE_LIMITED" | "INTERNAL" | "UNAVAILABLE" | "TIMEOUT";
  /** Names this request in the logs and the audit trail. */
  traceId: string;
  /** For INVALID_INPUT: what is wrong, field by field. */
  errors?: Array<{
    path: string;
    message: string;
  }>;
};

/** Every operation of the public API. */
export type Operations = {
keys: {
/** Create a key. Answers the plaintext once. Takes `keys:create`; a service key takes it on the whole organization. */
create(input: {
  /** 1 to 100 characters, unique among the owner's live keys. */
  name: string;
  description?: string;
  tags?: Array<string>;
  /** `live` unless told. */
  env?: "live" | "test";
  /** 2 to 16 lower-case letters and digits; `lk` unless told. */
  prefix?: string;
  /** Each as `resource:action` or `resource:*`. None unless told. You can only grant what you hold. */
  permissions?: Array<string>;
  /** Epoch milliseconds, at most 365 days ahead. In 30 days unless told. */
  expiresAt?: number | null;
  rateLimit?: {
    /** How many requests fit into a window. */
    limit: number;
    /** How long a window lasts, in milliseconds. */
    windowMs: number;
  } | null;
  /** From where the key may be used: at most 64 addresses or ranges, such as `192.0.2.0/24` or `2001:db8::/32`. Anywhere unless told. */
  cidrs?: Array<string> | null;
  /** Resources of your API that the key may touch: at most 128, each `type:id`, `type:*` or `*:*`, or an object of both parts. Everything unless told; an empty list allows nothing. */
  allowList?: Array<string | {
    type: string;
    id: string;
  }> | null;
  ownerKind?: "personal" | "service";
  /** Whose key it is, or who answers for a service key. You unless told. */
  ownerUserId?: string;
}, options?: CallOptions): Promise<RevealedKey>;
/** List keys. Newest first. Takes `keys:read`; who holds it for their own keys only sees those. */
list(input?: {
  status?: Array<"active" | "expiring" | "disabled" | "expired" | "revoked">;
  includeDead?: boolean;
  ownerId?: string;
  tag?: string;
  permission?: string;
  env?: "live" | "test";
  q?: string;
  cursor?: string;
  limit?: number;
}, options?: CallOptions): Promise<{
  items: Array<KeyRecord>;
  /** Null on the last page. A filtered page may be short and not the last. */
  nextCursor: string | null;
}>;
/** Get a key. Takes `keys:read`. */
get(input: {
  keyId: string;
}, options?: CallOptions): Promise<KeyRecord>;
/** Delete a dead key. Its audit entries stay. Takes `keys:delete`. */
delete(input: {
  keyId: string;
}, options?: CallOptions): Promise<null>;
/** Enable a key. Ends a pause. Takes `keys:disable`. */
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
/** Rotate a key. Gives it a new secret and answers it once; id, rights and history stay. Of two rotations at once, one gets CONFLICT. Takes `keys:rotate`. */
rotate(input: {
  /** How long the old secret still works, in milliseconds: 0 unless told, at most 30 days. */
  graceMs?: number;
  keyId: string;
}, options?: CallOptions): Promise<RevealedKey>;
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
}, options?: CallOptions): Promise<Verification>;
/** Verify several keys. Answers for each item what `keys.verify` would, in the same order. A wrong item refuses the whole call before any key is used. Takes `keys:verify`. */
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
  }>;
}, options?: CallOptions): Promise<{
  /** A verdict per item, in the order of the items. */
  results: Array<Verification>;
}>;
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
};
/** Who is calling. Describes the key or person behind the credential of this request, and what it may do now. */
whoami(options?: CallOptions): Promise<WhoIs>;
/** Whether Latchkey can serve. Answers once functions run and the database can be read. */
health(options?: CallOptions): Promise<{
  status: "ok";
}>;
};

/** The operations, on top of one function that makes the call. */
export function operations(call: Call): Operations {
  return {
keys: {
create: (input, options) => call("POST", "/api/v1/keys", input, options),
list: (input = {}, options) => call("GET", "/api/v1/keys", input, options),
get: (input, options) => call("GET", "/api/v1/keys/{keyId}", input, options),
delete: (input, options) => call("DELETE", "/api/v1/keys/{keyId}", input, options),
enable: (input, options) => call("POST", "/api/v1/keys/{keyId}/enable", input, options),
disable: (input, options) => call("POST", "/api/v1/keys/{keyId}/disable", input, options),
expire: (input, options) => call("POST", "/api/v1/keys/{keyId}/expire", input, options),
revoke: (input, options) => call("POST", "/api/v1/keys/{keyId}/revoke", input, options),
rotate: (input, options) => call("POST", "/api/v1/keys/{keyId}/rotate", input, options),
verify: (input, options) => call("POST", "/api/v1/keys/verify", input, options),
verifyBatch: (input, options) => call("POST", "/api/v1/keys/verify-batch", input, options),
},
audit: {
list: (input = {}, options) => call("GET", "/api/v1/audit", input, options),
verify: (input = {}, options) => call("GET", "/api/v1/audit/verify", input, options),
export: (input = {}, options) => call("GET", "/api/v1/audit/export", input, options),
},
whoami: (options) => call("GET", "/api/v1/whoami", {}, options),
health: (options) => call("GET", "/api/health", {}, options),
  };
}

