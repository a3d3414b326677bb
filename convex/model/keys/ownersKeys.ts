import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { isDead } from "../../shared/keyStatus.ts";
import type { Policy } from "../../shared/policy.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { UNTIL_NOTED_MS, endForGood } from "./ends.ts";
import { expiryOf, readIdleExpiryUnder } from "../policy/policies.ts";

// What an owner has already stands in the way of a new key: its name, and one too many.

// A tightened policy leaves keys dead that their records do not show as such. They are few, and are looked through.
const NAMESAKES_MAX = 100;
const OWNED_MAX = 1_000;

/** Whose keys are looked at, and by which policy and moment. `roleText` is the owner's, empty for service keys. */
type Owner = {
  organizationId: Id<"organization">;
  ownerRef: string;
  policy: Policy;
  roleText: string;
  now: number;
};

/** A key that is dead though its record does not say so, and since when. */
type Unrecorded = { key: Doc<"keys">; diedAt: number };

/**
 * Refuses with NAME_TAKEN a name that another of the owner's live keys has; `except` is the key that is to be renamed.
 * Answers the keys that only the policy or disuse has ended, for `settleNamesakes` in the transaction that gives the
 * name away: brought back by a loosened policy, they would be a second live key of that name.
 */
export async function requireFreeName(
  ctx: QueryCtx,
  { nameKey, except, ...owner }: Owner & { nameKey: string; except?: Id<"keys"> },
): Promise<Unrecorded[]> {
  const unrevoked = (expiry: { after: number } | "never" | "any") =>
    ctx.db.query("keys").withIndex("by_owner_name", (q) => {
      const named = q
        .eq("organizationId", owner.organizationId)
        .eq("ownerRef", owner.ownerRef)
        .eq("nameKey", nameKey)
        .eq("revokedAt", undefined);
      if (expiry === "any") return named;
      return expiry === "never" ? named.eq("expiresAt", null) : named.gt("expiresAt", expiry.after);
    });
  // Most names are new, which one look tells.
  if ((await unrevoked("any").first()) === null) return [];
  const namesakes = [
    ...(await unrevoked({ after: owner.now }).take(NAMESAKES_MAX)),
    ...(await unrevoked("never").take(NAMESAKES_MAX)),
  ];
  const dead: Unrecorded[] = [];
  for (const key of namesakes) {
    if (key._id === except) continue;
    const diedAt = await deathOf(ctx, owner, key);
    if (diedAt === null) {
      throw latchkeyError("NAME_TAKEN", "This owner already has a live key of that name. Choose another name.", [
        { path: "name", message: "Choose a name that none of the owner's live keys has." },
      ]);
    }
    dead.push({ key, diedAt });
  }
  return dead;
}

/** Makes the end of those last who had the name before. */
export async function settleNamesakes(
  ctx: MutationCtx,
  { request }: ResolvedCaller,
  namesakes: readonly Unrecorded[],
): Promise<void> {
  for (const { key, diedAt } of namesakes) await endForGood(ctx, key, { diedAt, reason: "name taken", request });
}

/** Refuses with KEY_LIMIT_REACHED. The limit is for people: an organization may have as many service keys as it has services. */
export async function requireRoom(ctx: QueryCtx, owner: Owner): Promise<void> {
  const { organizationId, ownerRef, policy, roleText, now } = owner;
  const most = policy.liveKeysPerOwner;
  const unrevoked = (expiry: { after: number } | "never") =>
    ctx.db.query("keys").withIndex("by_owner_live", (q) => {
      const owned = q.eq("organizationId", organizationId).eq("ownerRef", ownerRef).eq("revokedAt", undefined);
      return expiry === "never" ? owned.eq("expiresAt", null) : owned.gt("expiresAt", expiry.after);
    });
  const atMost = Math.max(OWNED_MAX, most);
  const live = [...(await unrevoked("never").take(atMost)), ...(await unrevoked({ after: now }).take(atMost))].filter(
    (key) => !isDead({ ...key, expiresAt: expiryOf(policy, key, roleText) }, now),
  );
  // Last uses, which change all the time, are read only where one key less makes the difference.
  if (live.length < most) return;
  const deaths = await Promise.all(live.map(async (key) => await deathOf(ctx, owner, key)));
  if (deaths.filter((diedAt) => diedAt === null).length >= most) {
    throw latchkeyError(
      "KEY_LIMIT_REACHED",
      `This owner already has ${most} live keys. Revoke one that is no longer needed.`,
    );
  }
}

/** When a key died that its record shows as living, or null when it lives. Disuse counts once every use has been noted. */
async function deathOf(ctx: QueryCtx, { policy, roleText, now }: Owner, key: Doc<"keys">): Promise<number | null> {
  const expiresAt = expiryOf(policy, key, roleText) ?? Infinity;
  const idleExpiresAt = (await readIdleExpiryUnder(ctx, policy, key)) ?? Infinity;
  const isIdle = idleExpiresAt <= now - UNTIL_NOTED_MS;
  const diedAt = isIdle ? Math.min(expiresAt, idleExpiresAt) : expiresAt;
  return diedAt <= now ? diedAt : null;
}
