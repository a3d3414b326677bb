import { v } from "convex/values";
import type { Infer } from "convex/values";
import { internal } from "../../_generated/api.js";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { isDead } from "../../shared/keyStatus.ts";
import { SECRETS_MAX, checkGrace } from "../../shared/limits.ts";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { noteDeleted } from "./deletedSecrets.ts";
import { forgetSecret } from "./foreignPrefixes.ts";
import { renewJwt, requireAsSigned, vSigned } from "./jwtKeys.ts";
import { requireKey, requireWithinPower } from "./rights.ts";

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
  // What a JWT key says of itself; absent for an opaque one.
  signed: v.optional(vSigned),
});

export type MintedSecret = Infer<typeof vMintedSecret>;

/** Stores the plugin's row. Unique by hash, as everything that is looked up by it assumes. */
export async function insertCredential(ctx: MutationCtx, secret: MintedSecret): Promise<Id<"apikey">> {
  const clash = await ctx.db
    .query("apikey")
    .withIndex("by_key", (q) => q.eq("key", secret.credential.key))
    .first();
  if (clash !== null) throw secretExists();
  return await ctx.db.insert("apikey", secret.credential);
}

/** That a secret is some key's already. */
export function secretExists() {
  return latchkeyError("CONFLICT", "This secret exists already. Use another one.");
}

/** Takes a secret away, and what it was imported as. */
export async function deleteCredential(ctx: MutationCtx, credentialId: Id<"apikey">): Promise<void> {
  const credential = await ctx.db.get("apikey", credentialId);
  await ctx.db.delete("apikey", credentialId);
  const slow = await ctx.db
    .query("slowHashes")
    .withIndex("by_credential", (q) => q.eq("credentialId", credentialId))
    .unique();
  if (slow !== null) await ctx.db.delete("slowHashes", slow._id);
  const isImported = await forgetSecret(ctx, credentialId);
  // Which secret a hash is of that was never used, nobody knows.
  if (isImported && credential !== null && slow === null) await noteDeleted(ctx, credential.key);
}

/**
 * Gives a key a new secret under the same id, rights and history. The old ones work for `graceMs` more, but
 * not after the key's end, or not at all when that is 0. `seenVersion` is the version that the caller rotated from: of
 * two rotations at once, one wins and the other gets CONFLICT. So does a rotation of a dead key.
 */
export async function rotateKey(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  change: { keyId: string; seenVersion: number; graceMs: number; expiresAt?: number },
  secret: MintedSecret,
): Promise<Doc<"keys">> {
  const now = Date.now();
  const key = await requireKey(ctx, caller, change.keyId, "rotate");
  const renewed = change.expiresAt === undefined ? null : await renewJwt(ctx, caller, key, change.expiresAt, now);
  await requireWithinPower(ctx, caller, { ...key, ...renewed });
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

  await requireAsSigned(ctx, { ...key, ...renewed }, secret.signed);

  const credentialId = await insertCredential(ctx, secret);
  await ctx.db.patch("apikey", credentialId, { keyId: key._id });
  const version = key.version + 1;
  // An old secret outlives neither the key nor the end that it was given itself, which is signed into a JWT.
  const latest = Math.min(now + grace.value, key.expiresAt ?? Infinity, renewed?.expiresAt ?? Infinity);
  const graced = key.secrets
    .map((old) => ({ ...old, validUntil: Math.min(old.validUntil ?? Infinity, latest) }))
    .filter((old) => old.validUntil > now)
    .slice(0, SECRETS_MAX - 1);
  const kept = new Set(graced.map((old) => old.credentialId));
  for (const old of key.secrets) {
    if (!kept.has(old.credentialId)) await deleteCredential(ctx, old.credentialId);
  }
  const ends = graced[0]?.validUntil ?? null;
  // Verification goes by the clock, so nothing depends on when this runs.
  if (ends !== null) await ctx.scheduler.runAt(ends, internal.keys.dropSpentSecrets, { keyId: key._id });
  const changed = {
    ...renewed,
    version,
    // An imported key's visible beginning was another one.
    start: secret.start,
    last4: secret.last4,
    secrets: [{ credentialId, version, validUntil: null }, ...graced],
  };
  await ctx.db.patch("keys", key._id, changed);
  await recordChange(ctx, caller, {
    action: "key.rotate",
    targetKind: "key",
    targetId: key._id,
    before: { version: key.version, last4: key.last4, ...(renewed !== null && { expiresAt: key.expiresAt }) },
    after: {
      version,
      last4: secret.last4,
      oldSecretsValidUntil: ends,
      ...(renewed !== null && { expiresAt: renewed.expiresAt }),
    },
  });
  return { ...key, ...changed };
}

/**
 * Ends the grace that a rotation gave: only the newest secret works from now on. Ending it twice changes nothing.
 */
export async function endGrace(ctx: MutationCtx, caller: ResolvedCaller, keyId: string): Promise<Doc<"keys">> {
  const now = Date.now();
  const key = await requireKey(ctx, caller, keyId, "rotate");
  const [newest, ...old] = key.secrets;
  if (newest === undefined || old.length === 0) return key;
  const changed = { secrets: [newest] };
  for (const { credentialId } of old) await deleteCredential(ctx, credentialId);
  await ctx.db.patch("keys", key._id, changed);
  // What was over by itself is tidied up and no change.
  const working = old.flatMap(({ validUntil }) => (validUntil !== null && validUntil > now ? [validUntil] : []));
  if (working.length > 0) {
    await recordChange(ctx, caller, {
      action: "key.end-grace",
      targetKind: "key",
      targetId: key._id,
      before: { oldSecretsValidUntil: Math.max(...working) },
      after: { oldSecretsValidUntil: null },
    });
  }
  return { ...key, ...changed };
}

/** Deletes those secrets of a key whose grace is over. Running it early, late or twice does no harm. */
export async function dropSpentSecrets(ctx: MutationCtx, keyId: Id<"keys">): Promise<void> {
  const now = Date.now();
  const key = await ctx.db.get("keys", keyId);
  const spent = key?.secrets.filter(({ validUntil }) => validUntil !== null && validUntil <= now) ?? [];
  if (key === null || spent.length === 0) return;
  for (const { credentialId } of spent) await deleteCredential(ctx, credentialId);
  await ctx.db.patch("keys", keyId, { secrets: key.secrets.filter((secret) => !spent.includes(secret)) });
}
