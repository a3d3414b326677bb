import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { isDead } from "../../shared/keyStatus.ts";
import type { Policy, PolicyChange } from "../../shared/policy.ts";
import { POLICY_EFFECTS, mayDieOfDisuse, policyEffectsOn } from "../../shared/policyEffects.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { requireRight } from "../rights/granting.ts";
import { getMember } from "../organizations/members.ts";
import { expiryOf, policyOf } from "./policies.ts";
import { requireRules, requireVersion } from "./changes.ts";

/** Rows that one page looks at, and touched keys that it shows. */
export const PREVIEW_PAGE_MAX = 1_000;
const SHOWN_MAX = 50;

const vEffect = v.union(...POLICY_EFFECTS.map((effect) => v.literal(effect)));

/** One page of what a changed policy touches. Counts are of this page; the pages of a preview add up to all keys. */
export const vPreviewPage = v.object({
  // The version of the policy that was looked at.
  version: v.number(),
  // Keys that were looked at.
  seen: v.number(),
  counts: v.record(v.string(), v.number()),
  keys: v.array(
    v.object({
      id: v.id("keys"),
      name: v.string(),
      ownerKind: v.union(v.literal("personal"), v.literal("service")),
      ownerUserId: v.id("user"),
      start: v.string(),
      last4: v.string(),
      effects: v.array(vEffect),
      // Under the policy as it is, and as it would be.
      expiresAt: v.union(v.number(), v.null()),
      newExpiresAt: v.union(v.number(), v.null()),
    }),
  ),
  // People with more live keys than the policy would allow. Theirs stay; they get no new ones.
  ownersAboveLimit: v.array(v.object({ userId: v.string(), liveKeys: v.number() })),
  nextCursor: v.union(v.string(), v.null()),
});
export type PreviewPage = Infer<typeof vPreviewPage>;

/** The change, the version that it is meant for, the moment by which keys are judged, and where to go on. */
export type PreviewWish = {
  change: PolicyChange;
  version: number | undefined;
  at: number;
  cursor: string | null;
  /** Keys to look at. */
  limit: number;
};

/**
 * What a changed policy would touch, without changing it: the live keys owner by owner, then those that only the
 * policy has ended. Throws FORBIDDEN, INVALID_INPUT by field, and CONFLICT when the policy is of another version.
 */
export async function previewPolicy(ctx: QueryCtx, caller: ResolvedCaller, wish: PreviewWish): Promise<PreviewPage> {
  requireRight(caller, "policy:update");
  requireRight(caller, "keys:read");
  const { organizationId } = caller;
  const before = await policyOf(ctx, organizationId);
  requireVersion(before, wish.version);
  const rules = await requireRules(ctx, organizationId, before, wish.change);
  const preview = new Preview(ctx, organizationId, before, { ...rules, version: before.version }, wish.at);
  let place: Place | null =
    wish.cursor === null ? toOwner(await firstOwnerAfter(ctx, organizationId, "")) : decodePlace(wish.cursor);
  let budget = Math.max(1, Math.min(Math.trunc(wish.limit), PREVIEW_PAGE_MAX));
  while (place !== null && budget > 0) {
    const keys = await keysAfter(ctx, organizationId, place, budget);
    for (const key of keys) await preview.look(key);
    budget -= keys.length + 1;
    const last = keys.at(-1);
    const live: number = place.live + keys.filter((key) => !isDead(key, wish.at)).length;
    if (last !== undefined && budget < 0)
      place = { ownerRef: place.ownerRef, createdAt: last._creationTime, id: last._id, live };
    else {
      if (place.ownerRef !== null) preview.close(place.ownerRef, live);
      place = await nextPlace(ctx, organizationId, place);
    }
  }
  return { ...preview.page, version: before.version, nextCursor: place === null ? null : encodePlace(place) };
}

/** Collects what happens to the keys of one page. */
class Preview {
  readonly page: Omit<PreviewPage, "version" | "nextCursor"> = {
    seen: 0,
    counts: Object.fromEntries(POLICY_EFFECTS.map((effect) => [effect, 0])),
    keys: [],
    ownersAboveLimit: [],
  };
  readonly #ctx: QueryCtx;
  readonly #organizationId: Id<"organization">;
  readonly #before: Policy;
  readonly #after: Policy;
  readonly #at: number;
  readonly #roleTexts = new Map<Id<"user">, string>();

  constructor(ctx: QueryCtx, organizationId: Id<"organization">, before: Policy, after: Policy, at: number) {
    this.#ctx = ctx;
    this.#organizationId = organizationId;
    this.#before = before;
    this.#after = after;
    this.#at = at;
  }

  async look(key: Doc<"keys">): Promise<void> {
    this.page.seen += 1;
    if (isDead(key, this.#at)) return;
    const roleText = await this.#roleTextOf(key);
    const before = { policy: this.#before, expiresAt: expiryOf(this.#before, key, roleText) };
    const after = { policy: this.#after, expiresAt: expiryOf(this.#after, key, roleText) };
    const usage = mayDieOfDisuse(key, this.#before, this.#after)
      ? await this.#ctx.db.get("keyUsage", key.usageId)
      : null;
    const judged = { ...key, lastUsedAt: usage?.lastUsedAt ?? null };
    const effects = policyEffectsOn(judged, { before, after, at: this.#at });
    for (const effect of effects) this.page.counts[effect] = (this.page.counts[effect] ?? 0) + 1;
    if (effects.length === 0 || this.page.keys.length >= SHOWN_MAX) return;
    const { _id, name, ownerKind, ownerUserId, start, last4 } = key;
    const moments = { expiresAt: before.expiresAt, newExpiresAt: after.expiresAt };
    this.page.keys.push({ id: _id, name, ownerKind, ownerUserId, start, last4, effects, ...moments });
  }

  /** Every live key of this owner has been seen. The limit is for people. */
  close(ownerRef: string, liveKeys: number): void {
    const lowered = this.#after.liveKeysPerOwner < this.#before.liveKeysPerOwner;
    if (!lowered || ownerRef === "service" || liveKeys <= this.#after.liveKeysPerOwner) return;
    this.page.ownersAboveLimit.push({ userId: ownerRef, liveKeys });
  }

  async #roleTextOf({ ownerKind, ownerUserId }: Doc<"keys">): Promise<string> {
    const byRole = { ...this.#before.maxLifetimeMsByRole, ...this.#after.maxLifetimeMsByRole };
    if (ownerKind === "service" || Object.keys(byRole).length === 0) return "";
    const known = this.#roleTexts.get(ownerUserId);
    if (known !== undefined) return known;
    const roleText = (await getMember(this.#ctx, this.#organizationId, ownerUserId))?.role ?? "";
    this.#roleTexts.set(ownerUserId, roleText);
    return roleText;
  }
}

// Where a preview stands: after this key of this owner, of whom it has seen so many live keys. Without an owner, among
// the keys that only the policy has ended.
type Place = { ownerRef: string | null; createdAt: number; id: string; live: number };

const START = { createdAt: 0, id: "", live: 0 };

function toOwner(ownerRef: string | null): Place {
  return { ownerRef, ...START };
}

async function nextPlace(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  { ownerRef }: Place,
): Promise<Place | null> {
  return ownerRef === null ? null : toOwner(await firstOwnerAfter(ctx, organizationId, ownerRef));
}

async function firstOwnerAfter(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  ownerRef: string,
): Promise<string | null> {
  const key = await ctx.db
    .query("keys")
    .withIndex("by_owner", (q) => q.eq("organizationId", organizationId).gt("ownerRef", ownerRef))
    .first();
  return key?.ownerRef ?? null;
}

async function keysAfter(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  { ownerRef, createdAt, id }: Place,
  limit: number,
): Promise<Doc<"keys">[]> {
  const rows =
    ownerRef === null
      ? ctx.db
          .query("keys")
          .withIndex("by_policy_end", (q) =>
            q.eq("organizationId", organizationId).eq("endedByPolicy", true).gte("_creationTime", createdAt),
          )
      : ctx.db
          .query("keys")
          .withIndex("by_owner_ended", (q) =>
            q
              .eq("organizationId", organizationId)
              .eq("ownerRef", ownerRef)
              .eq("ended", false)
              .gte("_creationTime", createdAt),
          );
  const keys: Doc<"keys">[] = [];
  for await (const key of rows) {
    // Keys of one transaction may be of the same time; the id settles their order.
    if (key._creationTime === createdAt && key._id <= id) continue;
    keys.push(key);
    if (keys.length === limit) break;
  }
  return keys;
}

function encodePlace({ ownerRef, createdAt, id, live }: Place): string {
  return btoa(JSON.stringify([ownerRef, createdAt, id, live]));
}

function decodePlace(cursor: string): Place {
  try {
    const parsed: unknown = JSON.parse(atob(cursor));
    const [ownerRef, createdAt, id, live] = Array.isArray(parsed) ? parsed : [];
    const known = ownerRef === null || typeof ownerRef === "string";
    if (known && typeof createdAt === "number" && typeof id === "string" && typeof live === "number") {
      return { ownerRef, createdAt, id, live };
    }
  } catch {
    // Not base64 or not JSON: refused below like any other wrong cursor.
  }
  throw latchkeyError("INVALID_INPUT", "This cursor is not one of ours. Start again without it.", [
    { path: "cursor", message: "Use the nextCursor of the page before." },
  ]);
}
