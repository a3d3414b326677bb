import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { latchkeyError } from "../shared/errors.ts";
import { isDead } from "../shared/keyStatus.ts";
import { SECRETS_MAX, checkGrace } from "../shared/limits.ts";
import { recordChange } from "./audit.ts";
import type { ResolvedCaller } from "./callers.ts";
import { requireKey, requireWithinPower } from "./keyRights.ts";

/** A secret that the API-key plugin has made and is about to store, with the public parts of its key. */
export const vMintedSecret = v.object({
  // The plugin's row. It holds the SHA-256 of the key, never the key.
  credential: v.object({
    configId: v.string(),
    referenceId: v.string(),
    key: v.string(),
    enabled: v.optional(v.boolean()),
    rateLimitEnabled: v.optional(v.boolean()),
    rateLimitTimeWindow: v.optional(v.number()),
    rateLimitMax: v.optional(v.number()),
    requestCount: v.optional(v.number()),
    createdAt: v.number(),
    updatedAt: v.number(),
  }),
  prefix: v.string(),
  env: v.union(v.literal("live"), v.literal("test")),
  keyIdText: v.string(),
  start: v.string(),
  last4: v.string(),
});

export type MintedSecret = Infer<typeof vMintedSecret>;

/** Stores the plugin's row. Unique by hash, as everything that is looked up by it assumes. */
export async function insertCredential(ctx: MutationCtx, secret: MintedSecret): Promise<Id<"apikey">> {
  const clash = await ctx.db
    .query("apikey")
    .withIndex("by_key", (q) => q.eq("key", secret.credential.key))
    .first();
  if (clash !== null) throw latchkeyError("CONFLICT", "This secret exists already. Try again.");
  return await ctx.db.insert("apikey", secret.credential);
}

/**
 * Gives a key a new secret under the same id, rights and history. The old ones work for `graceMs` more, or
 * not at all when that is 0. `seenVersion` is the version that the caller rotated from: of two rotations at
 * once, one wins and the other gets CONFLICT. So does a rotation of a dead key.
 */
export async function rotateKey(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  change: { keyId: string; seenVersion: number; graceMs: number },
  secret: MintedSecret,
): Promise<Doc<"keys">> {
  const now = Date.now();
  const key = await requireKey(ctx, caller, change.keyId, "rotate");
  await requireWithinPower(ctx, caller, key);
  const grace = checkGrace(change.graceMs);
  if (!grace.ok) {
    throw latchkeyError("INVALID_INPUT", grace.problem, [{ path: "graceMs", message: grace.problem }]);
  }
  if (isDead(key, now)) {
    throw latchkeyError("CONFLICT", "This key is dead and cannot be rotated. Create a new one.");
  }
  if (key.version !== change.seenVersion) {
    throw latchkeyError("CONFLICT", "Another rotation came first. Load the key and decide again.");
  }

  const credentialId = await insertCredential(ctx, secret);
  await ctx.db.patch("apikey", credentialId, { keyId: key._id });
  const version = key.version + 1;
  const graced = key.secrets
    .map((old) => ({ ...old, validUntil: Math.min(old.validUntil ?? Infinity, now + grace.value) }))
    .filter((old) => old.validUntil > now)
    .slice(0, SECRETS_MAX - 1);
  const kept = new Set(graced.map((old) => old.credentialId));
  for (const old of key.secrets) {
    if (!kept.has(old.credentialId)) await ctx.db.delete("apikey", old.credentialId);
  }
  const changed = {
    version,
    last4: secret.last4,
    secrets: [{ credentialId, version, validUntil: null }, ...graced],
  };
  await ctx.db.patch("keys", key._id, changed);
  await recordChange(ctx, caller, {
    action: "key.rotate",
    targetKind: "key",
    targetId: key._id,
    before: { version: key.version, last4: key.last4 },
    after: { version, last4: secret.last4, oldSecretsValidUntil: graced[0]?.validUntil ?? null },
  });
  return { ...key, ...changed };
}
