import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { allows, idsAllowed, isWithinAllowList } from "../../shared/allowList.ts";
import { isWithinCidrs } from "../../shared/cidr.ts";
import { latchkeyError, missingKey } from "../../shared/errors.ts";
import { VERB_PERMISSION, beyondGranted, beyondGrants, covers } from "../../shared/permissions.ts";
import type { KeyVerb, LatchkeyPermission } from "../../shared/permissions.ts";
import { isWithinQuota, isWithinRate } from "../../shared/limits.ts";
import { callerScope } from "../rights/callers.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { expand, grantsFrom, groupsOf, licenseNamesOf } from "../rights/effectiveRights.ts";
import { readEnds } from "../policy/policies.ts";
import type { TimedKey } from "../policy/policies.ts";

/** The parts of a key that decide how much power it gives. `_id` is there for a key that exists, whose groups count too. */
export type KeyPower = Pick<
  Doc<"keys">,
  | "organizationId"
  | "ownerKind"
  | "ownerUserId"
  | "permissions"
  | "roles"
  | "resourcePermissions"
  | "expiresAt"
  | "env"
  | "rateLimit"
  | "quota"
  | "idleExpiryMs"
  | "cidrs"
  | "allowList"
> & { _id?: Id<"keys"> };

/**
 * The key if the caller may do this to it. A key that is missing, foreign or out of the caller's sight is
 * NOT_FOUND in the same words; one that it sees but may not touch so is FORBIDDEN. A key is named by its id, or by the
 * public id that stands in its text. It comes with when it dies, under the policy and of disuse.
 */
export async function requireKey(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  keyIdText: string,
  verb: Exclude<KeyVerb, "create">,
): Promise<TimedKey> {
  const found = await findKey(ctx, caller.organizationId, keyIdText);
  if (found === null) throw missingKey();
  const key = await readEnds(ctx, found);
  if (mayAct(caller, key, verb)) return key;
  if (!mayAct(caller, key, "read")) throw missingKey();
  throw latchkeyError("FORBIDDEN", `You may see this key but not ${verb} it. Ask an admin of the organization.`);
}

/** The key of the organization with this id, or with this public id; null when it has none. */
export async function findKey(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  keyIdText: string,
): Promise<Doc<"keys"> | null> {
  const keyId = ctx.db.normalizeId("keys", keyIdText);
  if (keyId === null) {
    return await ctx.db
      .query("keys")
      .withIndex("by_public_id", (q) => q.eq("organizationId", organizationId).eq("keyIdText", keyIdText))
      .unique();
  }
  const key = await ctx.db.get("keys", keyId);
  return key?.organizationId === organizationId ? key : null;
}

/**
 * Whether the caller may do this to that key of its organization. To a calling key with an allow list, every key is the
 * resource `key:<id>`, itself too, as in what explaining and verifying say.
 */
export function mayAct(caller: ResolvedCaller, key: Doc<"keys">, verb: Exclude<KeyVerb, "create">): boolean {
  const own = key.ownerKind === "personal" && key.ownerUserId === caller.userId;
  // Leaving or losing a role must not strand a credential with nobody who may end it.
  if (own && verb === "revoke" && caller.key === null) return true;
  if (!allows(caller.key?.record.allowList ?? null, resourceOf(key))) return false;
  const scope = callerScope(caller, VERB_PERMISSION[verb]);
  return scope === "any" || (scope === "own" && own) || holdsOnKey(caller, key, VERB_PERMISSION[verb]);
}

/** Whether the caller is a service key that was given this on that one key, as on any other resource: `key:<id>`. */
function holdsOnKey({ key: calling }: ResolvedCaller, key: Doc<"keys">, permission: LatchkeyPermission): boolean {
  if (calling === null) return false;
  const resource = resourceOf(key);
  return calling.resourcePermissions.some(
    (entry) => entry.resource === resource && covers(entry.permissions, permission),
  );
}

/**
 * The ids of the keys to which the caller's allow list binds it, at most 128 and maybe of keys that are not there;
 * undefined for who is not bound to single keys.
 */
export function keysAllowed({ key: calling }: ResolvedCaller): string[] | undefined {
  return idsAllowed(calling?.record.allowList ?? null, "key") ?? undefined;
}

function resourceOf({ _id }: Doc<"keys">): string {
  return `key:${_id}`;
}

/** Refuses to create a key for this owner: FORBIDDEN without the right, INVALID_INPUT for an owner who is no member. */
export async function requireCreate(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  owner: { kind: "personal" | "service"; userId: Id<"user">; isMember: boolean },
): Promise<void> {
  const scope = callerScope(caller, "keys:create");
  if (scope === null) throw latchkeyError("FORBIDDEN", "You may not create keys in this organization. Ask an admin.");
  const own = owner.kind === "personal" && owner.userId === caller.userId;
  if (scope === "own" && !own) {
    throw latchkeyError("FORBIDDEN", "You may create personal keys for yourself only. Ask an admin for this one.");
  }
  if (!owner.isMember) {
    throw latchkeyError("INVALID_INPUT", "The owner of a key has to be a member of the organization.", [
      { path: "ownerUserId", message: "Choose a member of this organization." },
    ]);
  }
}

/**
 * Nobody grants what they do not hold: the power of a key that would come to life by creating, changing, rotating or
 * enabling it must lie within the caller's own. A calling key, besides, never makes one that is owned by another,
 * lives longer, is of the other environment or may be used faster, more often, from elsewhere or on other resources.
 * Throws FORBIDDEN.
 */
export async function requireWithinPower(ctx: QueryCtx, caller: ResolvedCaller, power: KeyPower): Promise<void> {
  const fields = [...(await beyondPower(ctx, caller, power)), ...(await licensesBeyond(ctx, caller, power))];
  if (fields.length > 0) {
    throw latchkeyError(
      "FORBIDDEN",
      `You cannot grant what you do not hold: ${fields.map(({ name }) => name).join(", ")}.`,
      fields.map(({ path, name }) => ({ path, message: `You do not hold ${name}.` })),
    );
  }
  if (caller.key !== null) requireWithinKey(caller.key.record, power);
}

type Given = { path: string; name: string; permissions: readonly string[] };

/**
 * The licenses that come with the key and that the caller neither holds nor may assign. Services let in who holds one, so
 * whoever gets such a key's secret gets the license.
 */
async function licensesBeyond(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  power: KeyPower,
): Promise<{ path: string; name: string }[]> {
  const isOwn = power.ownerKind === "personal" && power.ownerUserId === caller.userId;
  if ((isOwn && caller.key === null) || callerScope(caller, "licenses:manage") === "any") return [];
  const given = await licenseNamesOf(ctx, power);
  if (given.length === 0) return [];
  const { organizationId, userId } = caller;
  const person = { organizationId, ownerKind: "personal" as const, ownerUserId: userId };
  const held = await licenseNamesOf(ctx, caller.key?.record ?? person);
  return given
    .filter((name) => !held.includes(name))
    .map((name) => ({ path: "licenses", name: `the license ${name}` }));
}

/** What of it the caller does not hold in full, by field. */
async function beyondPower(ctx: QueryCtx, caller: ResolvedCaller, power: KeyPower): Promise<Given[]> {
  const given = await everythingGiven(ctx, power);
  const need = power.ownerKind === "service" ? "any" : "own";
  return given.filter(({ permissions }) =>
    caller.key === null
      ? beyondGrants(permissions, caller.grants, need).length > 0
      : beyondGranted(permissions, caller.key.permissions).length > 0,
  );
}

/** Each permission, role, resource and group that gives a key power, and the permissions that it comes to. */
async function everythingGiven(ctx: QueryCtx, power: KeyPower): Promise<Given[]> {
  const { organizationId } = power;
  const listed = power.permissions.map(async (name, index) => ({
    path: `permissions.${index}`,
    name,
    permissions: await expand(ctx, organizationId, [name]),
  }));
  const onResources = (power.resourcePermissions ?? []).map(async ({ resource, permissions }, index) => ({
    path: `resourcePermissions.${index}`,
    name: `${permissions.join(", ")} on ${resource}`,
    permissions: await expand(ctx, organizationId, permissions),
  }));
  const byRole = (power.roles ?? []).map(async (name, index) => ({
    path: `roles.${index}`,
    name: `the role ${name}`,
    permissions: await permissionsOf(ctx, organizationId, { roles: [name], groups: [] }),
  }));
  // Only service keys hold what their groups give.
  const groups =
    power._id === undefined || power.ownerKind === "personal" ? [] : await groupsOf(ctx, organizationId, power._id);
  const byGroup = groups.map(async (group) => ({
    path: "groups",
    name: `what the group ${group.name} gives`,
    permissions: await permissionsOf(ctx, organizationId, { roles: [], groups: [group] }),
  }));
  return await Promise.all([...listed, ...onResources, ...byRole, ...byGroup]);
}

async function permissionsOf(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  from: { roles: string[]; groups: Doc<"groups">[] },
): Promise<string[]> {
  const grants = await grantsFrom(ctx, organizationId, { ...from, permissions: [] });
  return [...new Set(grants.map(({ permission }) => permission))];
}

/** What a calling key can make is bounded by itself in every other respect too. */
function requireWithinKey(record: Doc<"keys">, power: KeyPower): void {
  if (power.ownerKind !== record.ownerKind || power.ownerUserId !== record.ownerUserId) {
    throw latchkeyError("FORBIDDEN", "A key can make keys for its own owner only.");
  }
  if (power.env !== record.env) {
    throw latchkeyError("FORBIDDEN", `A ${record.env} key can make ${record.env} keys only.`);
  }
  if (record.expiresAt !== null && (power.expiresAt === null || power.expiresAt > record.expiresAt)) {
    throw latchkeyError(
      "FORBIDDEN",
      "What a key makes cannot outlive it, nor the token or replaced secret that calls. Choose an earlier expiry, or call with its newest secret.",
    );
  }
  if (record.idleExpiryMs !== undefined && (power.idleExpiryMs ?? Infinity) > record.idleExpiryMs) {
    throw latchkeyError("FORBIDDEN", "A key cannot make a key that may go unused for longer than itself.");
  }
  if (!isWithinRate(power.rateLimit, record.rateLimit)) {
    throw latchkeyError("FORBIDDEN", "A key cannot make a key with a higher rate limit than its own.");
  }
  if (!isWithinQuota(power.quota ?? null, record.quota ?? null)) {
    throw latchkeyError("FORBIDDEN", "A key cannot make a key with a larger quota than its own.");
  }
  if (!isWithinCidrs(power.cidrs ?? null, record.cidrs ?? null)) {
    throw latchkeyError(
      "FORBIDDEN",
      "A key cannot make a key that works from addresses where it does not work itself.",
    );
  }
  if (!isWithinAllowList(power.allowList ?? null, record.allowList ?? null)) {
    throw latchkeyError("FORBIDDEN", "A key cannot make a key for resources that it may not touch itself.");
  }
}
