import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { sha256Base64Url } from "../../shared/sha256.ts";

// Which beginnings keys from elsewhere have. One is registered by the first import of a key that begins so, and goes with
// the last secret that does: verification looks up every text that begins with one.

const PER_ORGANIZATION_MAX = 16;
/** Verification reads them all for a text of a wrong shape. */
export const PREFIXES_MAX = 1_000;

type Beginning = { organizationId: Id<"organization">; prefix: string };

/** Whether a secret that begins so could be registered. */
export async function hasRoomFor(ctx: QueryCtx, beginning: Beginning): Promise<boolean> {
  if ((await find(ctx, beginning)) !== null) return true;
  const own = await ctx.db
    .query("foreignPrefixes")
    .withIndex("by_prefix", (q) => q.eq("organizationId", beginning.organizationId))
    .take(PER_ORGANIZATION_MAX);
  if (own.length === PER_ORGANIZATION_MAX) return false;
  return (await ctx.db.query("foreignPrefixes").take(PREFIXES_MAX)).length < PREFIXES_MAX;
}

/** Registers a secret and how it begins. */
export async function registerSecret(
  ctx: MutationCtx,
  beginning: Beginning,
  credentialId: Id<"apikey">,
): Promise<void> {
  const known = await find(ctx, beginning);
  const prefixId = known?._id ?? (await ctx.db.insert("foreignPrefixes", { ...beginning, counted: true }));
  await ctx.db.insert("foreignSecrets", { prefixId, credentialId });
}

/** Keeps which slow hash a secret was imported as, once its row holds a fast one. */
export async function keepSlowHash(ctx: MutationCtx, credentialId: Id<"apikey">, value: string): Promise<void> {
  const secret = await findSecret(ctx, credentialId);
  if (secret !== null) await ctx.db.patch("foreignSecrets", secret._id, { slowHash: sha256Base64Url(value) });
}

/** Whether a secret is there that was imported as this slow hash and has been used. */
export async function isKnownSlowHash(ctx: QueryCtx, value: string): Promise<boolean> {
  const known = await ctx.db
    .query("foreignSecrets")
    .withIndex("by_slow_hash", (q) => q.eq("slowHash", sha256Base64Url(value)))
    .first();
  return known !== null;
}

/**
 * Forgets a secret that is deleted, and the beginning when it was the last. False for one of our own making, where there
 * is nothing to do.
 */
export async function forgetSecret(ctx: MutationCtx, credentialId: Id<"apikey">): Promise<boolean> {
  const secret = await findSecret(ctx, credentialId);
  if (secret === null) return false;
  await ctx.db.delete("foreignSecrets", secret._id);
  const other = await ctx.db
    .query("foreignSecrets")
    .withIndex("by_prefix", (q) => q.eq("prefixId", secret.prefixId))
    .first();
  if (other !== null) return true;
  const prefix = await ctx.db.get("foreignPrefixes", secret.prefixId);
  if (prefix?.counted === true) await ctx.db.delete("foreignPrefixes", prefix._id);
  return true;
}

async function findSecret(ctx: QueryCtx, credentialId: Id<"apikey">): Promise<Doc<"foreignSecrets"> | null> {
  return await ctx.db
    .query("foreignSecrets")
    .withIndex("by_credential", (q) => q.eq("credentialId", credentialId))
    .unique();
}

async function find(ctx: QueryCtx, { organizationId, prefix }: Beginning): Promise<Doc<"foreignPrefixes"> | null> {
  return await ctx.db
    .query("foreignPrefixes")
    .withIndex("by_prefix", (q) => q.eq("organizationId", organizationId).eq("prefix", prefix))
    .first();
}
