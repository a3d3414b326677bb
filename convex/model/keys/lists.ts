import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { PaginationOptions, PaginationResult } from "convex/server";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { isDead, keyStatus } from "../../shared/keyStatus.ts";
import { foldName } from "../../shared/limits.ts";
import { idleLimitOf } from "../../shared/policy.ts";
import { covers } from "../../shared/permissions.ts";
import type { Scope } from "../../shared/permissions.ts";
import { callerScope } from "../rights/callers.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { isOwnerActive } from "../rights/effectiveRights.ts";
import { shareReads } from "../sharedReads.ts";
import { decodeCursor, encodeCursor, isAfter } from "./cursors.ts";
import { findNewestFirst, ofOrganization, ofOwner } from "./ranges.ts";
import type { KeyRange } from "./ranges.ts";
import { keysAllowed } from "./rights.ts";
import { getMember } from "../organizations/members.ts";
import { expiryOf, policyOf, readIdleExpiryUnder } from "../policy/policies.ts";
import type { TimedKey } from "../policy/policies.ts";

const STATUSES = ["active", "expiring", "not-yet-valid", "disabled", "expired", "revoked"] as const;
// A filter looks at this many keys per page at most; the cursor goes on from there.
const SCAN_MAX = 500;
const COUNT_MAX = 100;

export const vKeyFilter = v.object({
  statuses: v.optional(v.array(v.union(...STATUSES.map((status) => v.literal(status))))),
  // "me": the caller's own person.
  ownerUserId: v.optional(v.string()),
  ownerKind: v.optional(v.union(v.literal("personal"), v.literal("service"))),
  // The whole name, as names are compared.
  name: v.optional(v.string()),
  tag: v.optional(v.string()),
  permission: v.optional(v.string()),
  env: v.optional(v.union(v.literal("live"), v.literal("test"))),
  search: v.optional(v.string()),
});

export type KeyFilter = Infer<typeof vKeyFilter>;

/**
 * Which keys a list may show: all of an organization, or only one member's personal ones, and of these only those whose
 * ids are in `among`, if that is given.
 */
export type KeyAudience = {
  organizationId: Id<"organization">;
  scope: Scope;
  userId: Id<"user">;
  among?: readonly string[];
};

/** The keys that a caller may see. Throws FORBIDDEN when it may see none. */
export function requireAudience(caller: ResolvedCaller): KeyAudience {
  const scope = callerScope(caller, "keys:read");
  if (scope === null) throw latchkeyError("FORBIDDEN", "You may not see the keys of this organization.");
  return { organizationId: caller.organizationId, userId: caller.userId, scope, among: keysAllowed(caller) };
}

/** Among whose keys a name is unique. */
export function toOwnerRef(owner: { kind: "personal" | "service"; userId: Id<"user"> }): string {
  return owner.kind === "personal" ? owner.userId : "service";
}

/**
 * A page for a live list, newest first. Dead keys only when asked for; one that has just expired or died of disuse may
 * still be among the others until the sweep has seen it, and the screen sorts it out by its status. With a search
 * text a page may hold fewer keys than asked for, even none, and not be the last.
 */
export async function paginateKeys(
  ctx: QueryCtx,
  audience: KeyAudience,
  { includeDead, search, paginationOpts }: { includeDead: boolean; search?: string; paginationOpts: PaginationOptions },
): Promise<PaginationResult<Doc<"keys">>> {
  const found = ofAudience(ctx, audience, includeDead ? undefined : false).order("desc");
  const text = foldName(search ?? "");
  if (text === "") return await found.paginate(paginationOpts);
  const result = await found.paginate({ ...paginationOpts, numItems: SCAN_MAX });
  return { ...result, page: result.page.filter((key) => matchesText(key, text)) };
}

/** What a page of a list is asked for. `at` is the moment by which statuses are judged, epoch milliseconds. */
export type ListWish = { includeDead: boolean; filter: KeyFilter; cursor: string | null; limit: number; at: number };

/**
 * A page for the public API, newest first, with the ends that keys have at `at`. A page for which many keys had to be
 * looked at ends early and says where to go on. For queries, which write nothing: each owner is looked at once.
 */
export async function listKeys(
  ctx: QueryCtx,
  audience: KeyAudience,
  { includeDead, filter: asked, cursor, limit, at }: ListWish,
): Promise<{ keys: TimedKey[]; nextCursor: string | null }> {
  shareReads(ctx);
  const filter = asked.ownerUserId === "me" ? { ...asked, ownerUserId: audience.userId } : asked;
  const wantsDead =
    includeDead || (filter.statuses ?? []).some((status) => status === "expired" || status === "revoked");
  const start = cursor === null ? null : decodeCursor(cursor);
  const range = rangeOf(ctx, audience, filter, wantsDead);
  if (range === null) return { keys: [], nextCursor: null };
  const text = foldName(filter.search ?? "");
  const timed = await readPolicyOnce(ctx, audience.organizationId, at);
  const keys: TimedKey[] = [];
  let seen = 0;
  for await (const row of findNewestFirst(ctx, { ...range, upTo: start?.createdAt })) {
    if ((start !== null && !isAfter(row, start)) || !isSeenBy(audience, row)) continue;
    seen += 1;
    const key = await timed(row);
    const isWanted = (wantsDead || !isDead(key, at)) && matches(key, filter, text);
    if (isWanted && (await hasStatus(ctx, key, filter.statuses, at))) keys.push(key);
    if (keys.length >= limit || seen >= SCAN_MAX) return { keys, nextCursor: encodeCursor(key) };
  }
  return { keys, nextCursor: null };
}

/**
 * Gives keys of one organization the ends that its policy leaves them, reading the policy and each owner once, and the
 * last use of those only that may have died of disuse by `at`.
 */
async function readPolicyOnce(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  at: number,
): Promise<(key: Doc<"keys">) => Promise<TimedKey>> {
  const policy = await policyOf(ctx, organizationId);
  const dependsOnRole = Object.keys(policy.maxLifetimeMsByRole).length > 0;
  const roleTexts = new Map<string, string>();
  const readRole = async ({ ownerKind, ownerUserId }: Doc<"keys">): Promise<string> => {
    if (!dependsOnRole || ownerKind === "service") return "";
    const roleText = roleTexts.get(ownerUserId) ?? (await getMember(ctx, organizationId, ownerUserId))?.role ?? "";
    roleTexts.set(ownerUserId, roleText);
    return roleText;
  };
  return async (key) => {
    const isYoung = key.createdAt + (idleLimitOf(policy, key) ?? Infinity) > at;
    return {
      ...key,
      expiresAt: expiryOf(policy, key, await readRole(key)),
      idleExpiresAt: isYoung ? null : await readIdleExpiryUnder(ctx, policy, key),
    };
  };
}

/** How many dead keys there are, counting no further than 100. */
export async function countDead(ctx: QueryCtx, audience: KeyAudience): Promise<{ count: number; capped: boolean }> {
  // The oldest, so that beyond the limit one more changes nothing of what open lists have read.
  const dead = ofAudience(ctx, audience, true);
  const found = await dead.take(COUNT_MAX + 1);
  return { count: Math.min(found.length, COUNT_MAX), capped: found.length > COUNT_MAX };
}

function ofAudience(ctx: QueryCtx, { organizationId, scope, userId }: KeyAudience, ended?: boolean) {
  return scope === "any"
    ? ofOrganization(ctx, { organizationId, ended })
    : ofOwner(ctx, { organizationId, ownerRef: userId, ended });
}

function isSeenBy({ scope, userId }: KeyAudience, key: Doc<"keys">): boolean {
  return scope === "any" || key.ownerRef === userId;
}

/** Where to look for the keys that an audience may see and a filter lets through; null when there can be none. */
function rangeOf(ctx: QueryCtx, audience: KeyAudience, filter: KeyFilter, wantsDead: boolean): KeyRange | null {
  const { organizationId, scope, userId, among } = audience;
  const owner = filter.ownerUserId === undefined ? undefined : ctx.db.normalizeId("user", filter.ownerUserId);
  if (owner === null) return null;
  // A revoked key's record says so at once, an expired one's only when the sweep has seen it.
  const isRevoked = wantsDead && filter.statuses?.every((status) => status === "revoked") === true;
  return {
    organizationId,
    ...(scope === "any"
      ? { ownerKind: filter.ownerKind, ownerUserId: owner }
      : { ownerKind: "personal", ownerUserId: userId }),
    among,
    nameKey: filter.name === undefined ? undefined : foldName(filter.name),
    ended: isRevoked ? true : wantsDead ? undefined : false,
  };
}

/** Asked last, because it may take a look at a personal key's owner, which is spared where it decides nothing. */
async function hasStatus(ctx: QueryCtx, key: TimedKey, statuses: KeyFilter["statuses"], at: number): Promise<boolean> {
  if (statuses === undefined) return true;
  const isAskedFor = (ownerActive: boolean) => statuses.includes(keyStatus({ ...key, ownerActive }, at));
  return isAskedFor(true) === isAskedFor(false) ? isAskedFor(true) : isAskedFor(await isOwnerActive(ctx, key));
}

function matches(key: Doc<"keys">, filter: KeyFilter, text: string): boolean {
  if (filter.ownerUserId !== undefined && key.ownerUserId !== filter.ownerUserId) return false;
  if (filter.ownerKind !== undefined && key.ownerKind !== filter.ownerKind) return false;
  if (filter.name !== undefined && key.nameKey !== foldName(filter.name)) return false;
  if (filter.tag !== undefined && !(key.tags ?? []).includes(filter.tag)) return false;
  if (filter.permission !== undefined && !covers(key.permissions, filter.permission)) return false;
  if (filter.env !== undefined && key.env !== filter.env) return false;
  return text === "" || matchesText(key, text);
}

function matchesText(key: Doc<"keys">, text: string): boolean {
  const texts = [key.nameKey, key.description ?? "", key.start, key.last4, ...(key.tags ?? [])];
  return texts.some((part) => foldName(part).includes(text));
}
