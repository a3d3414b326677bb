// The one file that calls the API-key plugin. The plugin makes a credential and hands its row to the adapter;
// what the adapter then runs writes the credential, the key's record and the audit entry in one transaction.
// So no failure in between can leave a usable secret without its record, or a record without its secret.
import type { Session, User } from "better-auth";
import { betterAuth } from "better-auth/minimal";
import { internal } from "../_generated/api.js";
import type { ActionCtx } from "../_generated/server.js";
import type { Caller } from "../model/rights/callers.ts";
import { joinCreation } from "../model/keys/batches.ts";
import type { KeySnapshot } from "../model/keys/views.ts";
import type { NewKey } from "../model/keys/newKeys.ts";
import type { Once } from "../model/repetitions.ts";
import type { MintedSecret } from "../model/keys/secrets.ts";
import { generateKey } from "../shared/keyFormat.ts";
import type { GeneratedKey, KeyEnv } from "../shared/keyFormat.ts";
import { sha256Base64Url } from "../shared/sha256.ts";
import { convexAdapter, storingCredentials } from "./adapter.ts";
import { readAuthEnvironment } from "./environment.ts";
import type { AuthEnvironment } from "./environment.ts";
import { generateJwtKey } from "./jwtKey.ts";
import { credentialOptions } from "./options.ts";
import type { Row } from "./where.ts";

/** A key's plaintext, which exists in this one answer and nowhere else, and its record. */
export type RevealedKey = { key: string; record: KeySnapshot };

/**
 * Creates a key for the caller. Only in actions and HTTP actions. Throws a ConvexError: INVALID_INPUT with
 * field paths, FORBIDDEN, NAME_TAKEN, KEY_LIMIT_REACHED.
 *
 * @example const { key, record } = await createKey(ctx, caller, { name: "ci", permissions: ["orders:read"] });
 */
export async function createKey(ctx: ActionCtx, caller: Caller, input: NewKey, once?: Once): Promise<RevealedKey> {
  const { organizationId } = caller;
  // The organization's and nobody else's choice: scanners and people tell whose a key is by it.
  const prefix = await ctx.runQuery(internal.organizations.keyPrefix, { organizationId });
  const parts = { prefix, env: input.env ?? "live" };
  if (input.format === "jwt") return await createJwtKey(ctx, caller, { input, parts, once });
  const generated = generateKey(parts);
  const store = async (secret: MintedSecret) => await joinCreation(ctx, { caller, input, secret, once });
  return { key: generated.key, record: await mint(ctx, caller, generated, store) };
}

async function createJwtKey(
  ctx: ActionCtx,
  caller: Caller,
  { input, parts, once }: { input: NewKey; parts: { prefix: string; env: KeyEnv }; once: Once | undefined },
): Promise<RevealedKey> {
  const signed = await ctx.runQuery(internal.keys.draftJwt, { caller, input, at: Date.now() });
  const { organizationId } = caller;
  const generated = await generateJwtKey(ctx, { ...parts, organizationId, notBefore: input.notBefore ?? null, signed });
  // What was a wish is signed now.
  const decided = { ...input, expiresAt: signed.expiresAt };
  const store = async (secret: MintedSecret) =>
    await ctx.runMutation(internal.keys.insert, { caller, input: decided, secret: { ...secret, signed }, once });
  return { key: generated.key, record: await mint(ctx, caller, generated, store) };
}

/**
 * Gives a key a new secret under the same id. The old ones work for `graceMs` more (default 0: they die at
 * once). A JWT key can get a new expiry with it, epoch milliseconds. `version` is the one that the caller saw, as of now
 * unless told. Throws CONFLICT when the key is dead or another rotation came first, NOT_FOUND, FORBIDDEN, INVALID_INPUT.
 */
export async function rotateKey(
  ctx: ActionCtx,
  caller: Caller,
  keyId: string,
  options: { graceMs?: number; expiresAt?: number; version?: number; once?: Once } = {},
): Promise<RevealedKey> {
  const { graceMs = 0, expiresAt, once } = options;
  const { version, signed, notBefore, ...parts } = await ctx.runQuery(internal.keys.getForRotation, {
    caller,
    keyId,
    expiresAt,
    at: Date.now(),
  });
  const generated =
    signed === null
      ? generateKey(parts)
      : await generateJwtKey(ctx, { ...parts, organizationId: caller.organizationId, notBefore, signed });
  const change = { keyId, seenVersion: options.version ?? version, graceMs, expiresAt: expiresAt && signed?.expiresAt };
  const store = async (secret: MintedSecret) =>
    await ctx.runMutation(internal.keys.replaceSecret, {
      caller,
      ...change,
      secret: signed === null ? secret : { ...secret, signed },
      once,
    });
  return { key: generated.key, record: await mint(ctx, caller, generated, store) };
}

type Store = (secret: MintedSecret) => Promise<KeySnapshot>;

/** Has the plugin make a credential of a generated key, and `store` write it. */
async function mint(ctx: ActionCtx, caller: Caller, generated: GeneratedKey, store: Store): Promise<KeySnapshot> {
  const { createApiKey, context } = await getMinter(ctx);
  let record: KeySnapshot | undefined;
  const adapter = storingCredentials(context.adapter, async (row) => {
    record = await store(toMintedSecret(row, generated));
    return record._id;
  });
  // The plugin wants somebody to refer to. It is told the organization, to which every key belongs.
  const { organizationId } = caller;
  await createApiKey({
    body: { userId: organizationId, prefix: sha256Base64Url(generated.key) },
    context: { ...context, adapter, session: toSession(organizationId) },
  });
  if (record === undefined) throw new Error("The API-key plugin made a key without storing it");
  return record;
}

// better-auth takes a millisecond to set up, so one instance serves every call.
let minter: { siteUrl: string; secret: string; ready: ReturnType<typeof createMinter> } | undefined;

function getMinter(ctx: ActionCtx): ReturnType<typeof createMinter> {
  const environment = readAuthEnvironment();
  const { siteUrl, secret } = environment;
  if (minter?.siteUrl !== siteUrl || minter.secret !== secret) {
    minter = { siteUrl, secret, ready: createMinter(ctx, environment) };
  }
  return minter.ready;
}

/**
 * The plugin's endpoint and what it runs in. Called without the dispatch of `auth.api`: no hook is set, and it costs
 * three times the rest. `ctx` is that of the call that happened to come first. Nothing is read or written through it:
 * the plugin's one write goes to the call's own `store`, and its sweep is ignored.
 */
async function createMinter(ctx: ActionCtx, environment: AuthEnvironment) {
  const options = credentialOptions(environment);
  const database = convexAdapter(ctx, { origin: { userId: null, request: { id: "minting" } } });
  const context = await betterAuth({ ...options, database }).$context;
  return { createApiKey: options.plugins[0].endpoints.createApiKey, context };
}

/** Who asks the plugin. Not told, it would look for a session, and make three errors of there being no headers to find it by. */
function toSession(organizationId: string): { session: Session; user: User } {
  const now = new Date();
  const dates = { createdAt: now, updatedAt: now };
  return {
    user: { ...dates, id: organizationId, email: "", emailVerified: false, name: "" },
    session: { ...dates, id: "", userId: organizationId, token: "", expiresAt: now },
  };
}

function toMintedSecret(row: Row, { prefix, env, keyIdText, start, last4 }: GeneratedKey): MintedSecret {
  const { configId, referenceId, key, enabled, rateLimitEnabled, createdAt, updatedAt } = row;
  if (typeof configId !== "string" || typeof referenceId !== "string" || typeof key !== "string") throw strangeRow();
  if (typeof createdAt !== "number" || typeof updatedAt !== "number") throw strangeRow();
  if (enabled !== true || rateLimitEnabled !== false) throw strangeRow();
  return {
    credential: { configId, referenceId, key, enabled, rateLimitEnabled, createdAt, updatedAt },
    prefix,
    env,
    keyIdText,
    start,
    last4,
  };
}

function strangeRow(): Error {
  return new Error("The API-key plugin's row is not of the form that @better-auth/api-key 1.7.5 writes");
}
