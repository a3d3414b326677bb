import { v } from "convex/values";
import { internal } from "./_generated/api.js";
import { internalAction, internalMutation, internalQuery } from "./_generated/server.js";
import { readKeyState, vKeyState } from "./model/verification/keyStates.ts";
import { listSigningKeys, retireSigningKeys, vSigningKey } from "./model/tokens/signingKeys.ts";

/** The public halves of everything that signs, or signed, our tokens. Which of them counts is a matter of the clock. */
export const signingKeys = internalQuery({
  args: {},
  returns: v.array(vSigningKey),
  handler: async (ctx) => await listSigningKeys(ctx),
});

/** The private half of a signing key, encrypted with BETTER_AUTH_SECRET; null when it is gone. */
export const encryptedKey = internalQuery({
  args: { kid: v.string() },
  returns: v.union(v.string(), v.null()),
  handler: async (ctx, { kid }) => {
    const id = ctx.db.normalizeId("jwks", kid);
    const row = id === null ? null : await ctx.db.get("jwks", id);
    return row?.privateKey ?? null;
  },
});

/** The key that an exchange token is of, by the secret that was exchanged. Null once that secret is no part of it any more. */
export const keyOf = internalQuery({
  args: { keyId: v.string(), version: v.number() },
  returns: v.union(vKeyState, v.null()),
  handler: async (ctx, { keyId, version }) => {
    const id = ctx.db.normalizeId("keys", keyId);
    const key = id === null ? null : await ctx.db.get("keys", id);
    const secret = key?.secrets.find((candidate) => candidate.version === version);
    if (key === null || secret === undefined) return null;
    if ((await ctx.db.get("organization", key.organizationId)) === null) return null;
    return await readKeyState(ctx, key, secret);
  },
});

/** What an exchange needs of a key beside its state: the public id, which tokens name as their subject. */
export const subjectOf = internalQuery({
  args: { keyId: v.id("keys") },
  returns: v.union(v.string(), v.null()),
  handler: async (ctx, { keyId }) => (await ctx.db.get("keys", keyId))?.keyIdText ?? null,
});

/** The first half of a rotation; `rotateSigningKey` is the whole. */
export const retire = internalMutation({
  args: { withdraw: v.boolean() },
  returns: v.null(),
  handler: async (ctx, { withdraw }) => {
    await retireSigningKeys(ctx, withdraw);
    return null;
  },
});

/**
 * For operators, by `npx convex run tokens:rotateSigningKey`: a new key signs from now on. What the old one signed stays
 * good, and the old one published, until the longest-lived of it has ended. With `withdraw`, for a key that leaked, the
 * old one is gone at once: exchange tokens and dashboard tokens are renewed by themselves, JWT keys can no longer be
 * checked offline until they are rotated, and work as before wherever they are shown to Latchkey.
 */
export const rotateSigningKey = internalAction({
  args: { withdraw: v.optional(v.boolean()) },
  returns: v.null(),
  handler: async (ctx, { withdraw = false }) => {
    await ctx.runMutation(internal.tokens.retire, { withdraw });
    // Loads better-auth, which the queries of this file do without.
    const { createSigningKey } = await import("./model/tokens/signing.ts");
    await createSigningKey(ctx);
    return null;
  },
});
