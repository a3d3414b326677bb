// Written by scripts/generate-auth-tables.ts. Do not edit.
import { defineTable } from "convex/server";
import { v } from "convex/values";

export const authTables = {
  account: defineTable({
    accountId: v.string(),
    providerId: v.string(),
    userId: v.id("user"),
    accessToken: v.optional(v.string()),
    refreshToken: v.optional(v.string()),
    idToken: v.optional(v.string()),
    accessTokenExpiresAt: v.optional(v.number()),
    refreshTokenExpiresAt: v.optional(v.number()),
    scope: v.optional(v.string()),
    password: v.optional(v.string()),
    createdAt: v.number(),
    updatedAt: v.number(),
  })
    .index("by_userId", ["userId"])
    .index("by_providerId_accountId", ["providerId", "accountId"]),
  apikey: defineTable({
    configId: v.string(),
    name: v.optional(v.string()),
    start: v.optional(v.string()),
    referenceId: v.string(),
    prefix: v.optional(v.string()),
    key: v.string(),
    refillInterval: v.optional(v.number()),
    refillAmount: v.optional(v.number()),
    lastRefillAt: v.optional(v.number()),
    enabled: v.optional(v.boolean()),
    rateLimitEnabled: v.optional(v.boolean()),
    rateLimitTimeWindow: v.optional(v.number()),
    rateLimitMax: v.optional(v.number()),
    requestCount: v.optional(v.number()),
    remaining: v.optional(v.number()),
    lastRequest: v.optional(v.number()),
    expiresAt: v.optional(v.number()),
    createdAt: v.number(),
    updatedAt: v.number(),
    permissions: v.optional(v.string()),
    metadata: v.optional(v.string()),
    keyId: v.optional(v.id("keys")),
  })
    .index("by_referenceId", ["referenceId"])
    .index("by_key", ["key"])
    .index("by_keyId", ["keyId"]),
  invitation: defineTable({
    organizationId: v.id("organization"),
    email: v.string(),
    role: v.optional(v.string()),
    status: v.string(),
    expiresAt: v.number(),
    createdAt: v.number(),
    inviterId: v.id("user"),
  })
    .index("by_organizationId", ["organizationId"])
    .index("by_email_status", ["email", "status"]),
  jwks: defineTable({
    publicKey: v.string(),
    privateKey: v.string(),
    createdAt: v.number(),
    expiresAt: v.optional(v.number()),
    alg: v.optional(v.string()),
    crv: v.optional(v.string()),
  }),
  member: defineTable({
    organizationId: v.id("organization"),
    userId: v.id("user"),
    role: v.string(),
    createdAt: v.number(),
  })
    .index("by_userId", ["userId"])
    .index("by_organizationId_userId", ["organizationId", "userId"]),
  organization: defineTable({
    name: v.string(),
    slug: v.string(),
    logo: v.optional(v.string()),
    createdAt: v.number(),
    metadata: v.optional(v.string()),
  }).index("by_slug", ["slug"]),
  session: defineTable({
    expiresAt: v.number(),
    token: v.string(),
    createdAt: v.number(),
    updatedAt: v.number(),
    ipAddress: v.optional(v.string()),
    userAgent: v.optional(v.string()),
    userId: v.id("user"),
    activeOrganizationId: v.optional(v.string()),
  })
    .index("by_token", ["token"])
    .index("by_userId", ["userId"])
    .index("by_expiresAt", ["expiresAt"]),
  user: defineTable({
    name: v.string(),
    email: v.string(),
    emailVerified: v.boolean(),
    image: v.optional(v.string()),
    createdAt: v.number(),
    updatedAt: v.number(),
  }).index("by_email", ["email"]),
  verification: defineTable({
    identifier: v.string(),
    value: v.string(),
    expiresAt: v.number(),
    createdAt: v.number(),
    updatedAt: v.number(),
  })
    .index("by_identifier", ["identifier"])
    .index("by_expiresAt", ["expiresAt"]),
};

/** Every index of the tables above; the adapter reads by them and keeps the unique ones unique. */
export const authIndexes: Record<
  keyof typeof authTables,
  readonly { name: string; fields: readonly string[]; unique: boolean }[]
> = {
  account: [
    { name: "by_userId", fields: ["userId"], unique: false },
    { name: "by_providerId_accountId", fields: ["providerId", "accountId"], unique: true },
  ],
  apikey: [
    { name: "by_referenceId", fields: ["referenceId"], unique: false },
    { name: "by_key", fields: ["key"], unique: true },
    { name: "by_keyId", fields: ["keyId"], unique: false },
  ],
  invitation: [
    { name: "by_organizationId", fields: ["organizationId"], unique: false },
    { name: "by_email_status", fields: ["email", "status"], unique: false },
  ],
  jwks: [],
  member: [
    { name: "by_userId", fields: ["userId"], unique: false },
    { name: "by_organizationId_userId", fields: ["organizationId", "userId"], unique: true },
  ],
  organization: [{ name: "by_slug", fields: ["slug"], unique: true }],
  session: [
    { name: "by_token", fields: ["token"], unique: true },
    { name: "by_userId", fields: ["userId"], unique: false },
    { name: "by_expiresAt", fields: ["expiresAt"], unique: false },
  ],
  user: [{ name: "by_email", fields: ["email"], unique: true }],
  verification: [
    { name: "by_identifier", fields: ["identifier"], unique: false },
    { name: "by_expiresAt", fields: ["expiresAt"], unique: false },
  ],
};
