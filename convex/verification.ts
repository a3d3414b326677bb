// The hot path: every gateway request ends up here. This module imports neither zod nor better-auth, and the
// query reads one row by index, then rows by id, plus the owner's membership for personal keys. It looks at
// no clock, so its result stays cached until one of those rows changes; whoever calls it decides by time.
import { v } from "convex/values";
import type { Infer } from "convex/values";
import { internalQuery } from "./_generated/server.js";
import { limitToRoles, rolesOf } from "./shared/permissions.ts";

export const vVerification = v.object({
  keyId: v.id("keys"),
  organizationId: v.id("organization"),
  ownerKind: v.union(v.literal("personal"), v.literal("service")),
  ownerUserId: v.id("user"),
  name: v.string(),
  env: v.union(v.literal("live"), v.literal("test")),
  // What it may do now: for a personal key, cut to what its owner may do.
  permissions: v.array(v.string()),
  expiresAt: v.union(v.number(), v.null()),
  disabledAt: v.union(v.number(), v.null()),
  revokedAt: v.union(v.number(), v.null()),
  // When the presented secret stops working after a rotation; null for the current one.
  secretValidUntil: v.union(v.number(), v.null()),
  rateLimit: v.union(v.object({ limit: v.number(), windowMs: v.number() }), v.null()),
  // Ranges of addresses from which it may be used; null for anywhere.
  cidrs: v.union(v.array(v.string()), v.null()),
  // Resources that it may touch; null for all, empty for none.
  allowList: v.union(v.array(v.string()), v.null()),
  // False when a personal key's owner has left, was suspended, or holds no role: the key is then as good as disabled.
  ownerActive: v.boolean(),
});

export type Verification = Infer<typeof vVerification>;

/** Everything that decides about the key with this hash, or null when there is none. A secret without a record is none. */
export const byHash = internalQuery({
  args: { hash: v.string() },
  returns: v.union(vVerification, v.null()),
  handler: async (ctx, { hash }) => {
    const credential = await ctx.db
      .query("apikey")
      .withIndex("by_key", (q) => q.eq("key", hash))
      .unique();
    if (credential?.keyId === undefined) return null;
    const key = await ctx.db.get("keys", credential.keyId);
    const secret = key?.secrets.find(({ credentialId }) => credentialId === credential._id);
    if (key === null || secret === undefined) return null;

    const member =
      key.ownerKind === "service"
        ? null
        : await ctx.db
            .query("member")
            .withIndex("by_organizationId_userId", (q) =>
              q.eq("organizationId", key.organizationId).eq("userId", key.ownerUserId),
            )
            .unique();
    const roles = member === null ? [] : rolesOf(member.role).filter((role) => role !== "suspended");
    return {
      keyId: key._id,
      organizationId: key.organizationId,
      ownerKind: key.ownerKind,
      ownerUserId: key.ownerUserId,
      name: key.name,
      env: key.env,
      permissions: key.ownerKind === "service" ? key.permissions : limitToRoles(key.permissions, roles),
      expiresAt: key.expiresAt,
      disabledAt: key.disabledAt ?? null,
      revokedAt: key.revokedAt ?? null,
      secretValidUntil: secret.validUntil,
      rateLimit: key.rateLimit,
      cidrs: key.cidrs ?? null,
      allowList: key.allowList ?? null,
      ownerActive: key.ownerKind === "service" || roles.length > 0,
    };
  },
});
