import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError, toErrorData } from "../../shared/errors.ts";
import { isDead } from "../../shared/keyStatus.ts";
import { VERB_PERMISSION } from "../../shared/permissions.ts";
import { callerScope } from "../rights/callers.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { deleteKey, expireKey, revokeKey } from "./changes.ts";
import { listKeys, requireAudience } from "./lists.ts";
import type { KeyFilter } from "./lists.ts";
import { mayAct, requireKey } from "./rights.ts";

export const vBulkVerb = v.union(v.literal("revoke"), v.literal("expire"), v.literal("delete"));
export type BulkVerb = Infer<typeof vBulkVerb>;

export const vBulkItem = v.object({
  // As the caller named it, or its id.
  keyId: v.string(),
  // Null when the caller may not see it.
  name: v.union(v.string(), v.null()),
  start: v.union(v.string(), v.null()),
  // "unchanged": it is so already. "skipped": refused, and `code` says why.
  outcome: v.union(v.literal("done"), v.literal("unchanged"), v.literal("skipped")),
  code: v.union(v.string(), v.null()),
  message: v.union(v.string(), v.null()),
});
/** What becomes, or would become, of one key. */
export type BulkItem = Infer<typeof vBulkItem>;

const DEAD: KeyFilter["statuses"] = ["expired", "revoked"];

/** What would become of these keys at `at`, epoch milliseconds. Nothing is changed. Throws FORBIDDEN for who may do it to none. */
export async function foresee(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  { verb, keyIds, at }: { verb: BulkVerb; keyIds: readonly string[]; at: number },
): Promise<BulkItem[]> {
  requireVerb(caller, verb);
  return await Promise.all(keyIds.map(async (keyId) => await foreseeOne(ctx, caller, { verb, keyId, at })));
}

/** The same for one page of the keys that a filter finds. Throws FORBIDDEN, also for who may see no keys. */
export async function foreseePage(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  { verb, filter, cursor, at }: { verb: BulkVerb; filter: KeyFilter; cursor: string | null; at: number },
): Promise<{ items: BulkItem[]; nextCursor: string | null }> {
  requireVerb(caller, verb);
  // Only dead keys can be deleted, and they are found only when asked for.
  const statuses = filter.statuses ?? (verb === "delete" ? DEAD : undefined);
  const wish = { includeDead: false, filter: { ...filter, statuses }, cursor, limit: Infinity, at };
  const { keys, nextCursor } = await listKeys(ctx, requireAudience(caller), wish);
  const items = keys.map((key) =>
    mayAct(caller, key, verb) ? toItem(key._id, key, verb, at) : toForbidden(key, verb),
  );
  return { items, nextCursor };
}

/** Does it to these keys in one transaction, each by its own rights and with its own audit entry. */
export async function applyToAll(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  { verb, keyIds, reason }: { verb: BulkVerb; keyIds: readonly string[]; reason?: string },
): Promise<BulkItem[]> {
  const items: BulkItem[] = [];
  for (const keyId of keyIds) {
    const item = await foreseeOne(ctx, caller, { verb, keyId, at: Date.now() });
    if (item.outcome === "done") await VERBS[verb](ctx, caller, keyId, reason);
    items.push(item);
  }
  return items;
}

const VERBS: Record<
  BulkVerb,
  (ctx: MutationCtx, caller: ResolvedCaller, keyId: string, reason: string | undefined) => Promise<unknown>
> = { revoke: revokeKey, expire: expireKey, delete: deleteKey };

/** Refuses as a whole what could only be refused key by key. People may always revoke their own personal keys. */
function requireVerb(caller: ResolvedCaller, verb: BulkVerb): void {
  if (verb === "revoke" && caller.key === null) return;
  if (callerScope(caller, VERB_PERMISSION[verb]) === null) {
    throw latchkeyError("FORBIDDEN", `You may not ${verb} keys of this organization. Ask an admin.`);
  }
}

async function foreseeOne(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  { verb, keyId, at }: { verb: BulkVerb; keyId: string; at: number },
): Promise<BulkItem> {
  try {
    return toItem(keyId, await requireKey(ctx, caller, keyId, verb), verb, at);
  } catch (thrown) {
    const refusal = toErrorData(thrown);
    if (refusal === null) throw thrown;
    const { code, message } = refusal;
    return { keyId, name: null, start: null, outcome: "skipped", code, message };
  }
}

function toItem(keyId: string, key: Doc<"keys">, verb: BulkVerb, at: number): BulkItem {
  const item = { ...named(keyId, key), code: null, message: null };
  if (verb === "revoke") return { ...item, outcome: key.revokedAt === undefined ? "done" : "unchanged" };
  if (verb === "expire") return { ...item, outcome: isDead(key, at) ? "unchanged" : "done" };
  if (isDead(key, at)) return { ...item, outcome: "done" };
  const message = "Only a dead key can be deleted. Revoke or expire it first.";
  return { ...item, outcome: "skipped", code: "CONFLICT", message };
}

function toForbidden(key: Doc<"keys">, verb: BulkVerb): BulkItem {
  const message = `You may see this key but not ${verb} it. Ask an admin of the organization.`;
  return { ...named(key._id, key), outcome: "skipped", code: "FORBIDDEN", message };
}

function named(keyId: string, { name, start }: Doc<"keys">): { keyId: string; name: string; start: string } {
  return { keyId, name, start };
}
