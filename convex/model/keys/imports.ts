import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { latchkeyError, toErrorData } from "../../shared/errors.ts";
import type { FieldError, LatchkeyErrorData } from "../../shared/errors.ts";
import { HASH_ALGORITHMS, checkHash, isSlow } from "../../shared/foreignHash.ts";
import {
  FOREIGN_PREFIX_MIN,
  FOREIGN_START_MAX,
  FOREIGN_START_MIN,
  FOREIGN_START_MIN_SLOW,
  hashStart,
  isForeignText,
} from "../../shared/foreignKey.ts";
import { DEFAULT_PREFIX } from "../../shared/keyFormat.ts";
import { sha256Base64Url } from "../../shared/sha256.ts";
import { callerScope } from "../rights/callers.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { keyPrefixOf } from "./prefixes.ts";
import { hasRoomFor, isKnownSlowHash, registerSecret } from "./foreignPrefixes.ts";
import { createKey, vNewKey } from "./newKeys.ts";
import { secretExists } from "./secrets.ts";
import type { MintedSecret } from "./secrets.ts";
import { shareReads } from "../sharedReads.ts";

/** A key of another system. Its plaintext is never told: `hash` is what that system kept. */
export const vImportedKey = vNewKey.omit("format").extend({
  hash: v.object({ algorithm: v.union(...HASH_ALGORITHMS.map((name) => v.literal(name))), value: v.string() }),
  // What all keys of that kind begin with.
  foreignPrefix: v.string(),
  // How this one begins; shown in its place from then on.
  start: v.string(),
  last4: v.optional(v.string()),
  // The public id that it is given here, and keeps when it is rotated into our own format.
  keyIdText: v.string(),
});
export type ImportedKey = Infer<typeof vImportedKey>;

export type Imported = { key: Doc<"keys"> } | { refusal: LatchkeyErrorData };

// What our own keys begin with. They are looked up by their shape anyway.
const OWN_PREFIX = new RegExp(`^${DEFAULT_PREFIX}_`);

/**
 * Makes a key of each, in one transaction, or says why not; a refused one leaves the others be. Throws FORBIDDEN for
 * who may create no keys at all.
 */
export async function importKeys(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  items: readonly ImportedKey[],
): Promise<Imported[]> {
  if (callerScope(caller, "keys:create") === null) {
    throw latchkeyError("FORBIDDEN", "You may not create keys in this organization. Ask an admin.");
  }
  shareReads(ctx);
  const results: Imported[] = [];
  for (const item of items) results.push(await tryImport(ctx, caller, item));
  return results;
}

/** Every refusal comes before the first write, so one that is caught leaves nothing behind. */
async function tryImport(ctx: MutationCtx, caller: ResolvedCaller, item: ImportedKey): Promise<Imported> {
  try {
    return { key: await importKey(ctx, caller, item) };
  } catch (thrown) {
    const refusal = toErrorData(thrown);
    if (refusal === null) throw thrown;
    return { refusal };
  }
}

async function importKey(ctx: MutationCtx, caller: ResolvedCaller, item: ImportedKey): Promise<Doc<"keys">> {
  const { organizationId } = caller;
  const { hash, foreignPrefix, start, last4 = "", keyIdText, ...input } = item;
  const checked = checkHash(hash);
  const fields = checkBeginning(item);
  if (!checked.ok) fields.push({ path: "hash.value", message: checked.problem });
  if (checked.ok && checked.value === sha256Base64Url(start)) {
    fields.push({ path: "start", message: "This is the whole key. Give only how it begins." });
  }
  // As long as it is unused, its text is in the secret's row, where `insertCredential` would find it, but its beginning is
  // taken then, too, and giving more of that would not help.
  if (checked.ok && isSlow(hash.algorithm) && (await isImported(ctx, checked.value))) throw secretExists();
  if (fields.length === 0 && isSlow(hash.algorithm) && (await isTaken(ctx, start))) {
    fields.push({ path: "start", message: "Another imported key begins so. Give more of its beginning." });
  }
  const beginning = { organizationId, prefix: foreignPrefix };
  const isOurs = OWN_PREFIX.test(foreignPrefix);
  if (!isOurs && !(await hasRoomFor(ctx, beginning))) {
    fields.push({ path: "prefix", message: "Too many different beginnings are registered. Use one for many keys." });
  }
  if (!checked.ok || fields.length > 0) {
    throw latchkeyError("INVALID_INPUT", "The key cannot be imported like this.", fields);
  }
  const now = Date.now();
  const secret: MintedSecret = {
    credential: {
      configId: "default",
      referenceId: organizationId,
      key: checked.value,
      enabled: true,
      rateLimitEnabled: false,
      createdAt: now,
      updatedAt: now,
    },
    // What it will begin with once it is rotated.
    prefix: await keyPrefixOf(ctx, organizationId),
    env: input.env ?? "live",
    keyIdText,
    start,
    last4,
  };
  const key = await createKey(ctx, caller, input, secret, { action: "key.import" });
  for (const { credentialId } of key.secrets) {
    if (isSlow(hash.algorithm)) {
      await ctx.db.insert("slowHashes", { credentialId, startHash: hashStart(start), attempts: 0, attemptsSince: now });
    }
    if (!isOurs) await registerSecret(ctx, beginning, credentialId);
  }
  return key;
}

function checkBeginning({ hash, foreignPrefix, start, last4 = "" }: ImportedKey): FieldError[] {
  const fields: FieldError[] = [];
  const slow = isSlow(hash.algorithm);
  const shortest = slow ? FOREIGN_START_MIN_SLOW : FOREIGN_START_MIN;
  if (foreignPrefix.length < FOREIGN_PREFIX_MIN || !isForeignText(foreignPrefix)) {
    const message = `Give what all these keys begin with: at least ${FOREIGN_PREFIX_MIN} visible ASCII characters.`;
    fields.push({ path: "prefix", message });
  } else if (slow && OWN_PREFIX.test(foreignPrefix)) {
    fields.push({ path: "prefix", message: `Only Latchkey's own keys begin with ${DEFAULT_PREFIX}_.` });
  }
  if (start.length < shortest || start.length > FOREIGN_START_MAX || !isForeignText(start)) {
    const message = `Give how the key begins: ${shortest} to ${FOREIGN_START_MAX} visible ASCII characters.`;
    fields.push({ path: "start", message });
  } else if (!start.startsWith(foreignPrefix)) {
    fields.push({ path: "start", message: "The key has to begin with the prefix." });
  }
  if (last4.length > 4 || (last4 !== "" && !isForeignText(last4))) {
    fields.push({ path: "last4", message: "Give at most the last four characters." });
  }
  return fields;
}

/** Whether a slow hash was imported before, by a key that is still there. */
async function isImported(ctx: MutationCtx, value: string): Promise<boolean> {
  const unused = await ctx.db
    .query("apikey")
    .withIndex("by_key", (q) => q.eq("key", value))
    .first();
  return unused !== null || (await isKnownSlowHash(ctx, value));
}

async function isTaken(ctx: MutationCtx, start: string): Promise<boolean> {
  const other = await ctx.db
    .query("slowHashes")
    .withIndex("by_start", (q) => q.eq("startHash", hashStart(start)))
    .first();
  return other !== null;
}
