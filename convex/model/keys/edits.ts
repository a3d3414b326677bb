import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { requireAlive } from "./changes.ts";
import { checkKeyFields } from "./fields.ts";
import type { CheckedFields, KeyFields } from "./fields.ts";
import { quotaSetAt } from "./quotas.ts";
import { requireKey, requireWithinPower } from "./rights.ts";
import { getMember } from "../organizations/members.ts";
import { requireFreeName, settleNamesakes } from "./ownersKeys.ts";
import { policyOf } from "../policy/policies.ts";

/** What a change may touch besides what it says; the rest gives a key power, so that changing it takes holding all of it. */
const TEXTS = ["name", "description", "tags", "metadata"] as const;
const POWERS = [
  "permissions",
  "roles",
  "resourcePermissions",
  "expiresAt",
  "notBefore",
  "idleExpiryMs",
  "rateLimit",
  "quota",
  "cidrs",
  "allowList",
] as const;

type Field = (typeof TEXTS)[number] | (typeof POWERS)[number];

/**
 * Changes what is given of a key and leaves the rest. Who changes more than texts needs to hold all that the key can
 * do then, so that no key is led beyond who edits it, nor edited from below. What is given as it is already is no
 * change. Throws NOT_FOUND, FORBIDDEN, INVALID_INPUT with field paths, NAME_TAKEN, and CONFLICT on a dead key.
 */
export async function updateKey(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  keyId: string,
  input: KeyFields,
): Promise<Doc<"keys">> {
  const now = Date.now();
  const key = await requireKey(ctx, caller, keyId, "update");
  requireAlive(key);
  const { organizationId, ownerKind, ownerUserId, ownerRef } = key;
  const policy = await policyOf(ctx, organizationId);
  const member = ownerKind === "personal" ? await getMember(ctx, organizationId, ownerUserId) : null;
  const owner = { kind: ownerKind, roleText: member?.role ?? "" };
  const wanted = await checkKeyFields(ctx, withoutSame(key, input), {
    organizationId,
    owner,
    policy,
    now,
    current: key,
  });
  const changed = toPatch(wanted);
  const after = { ...key, ...changed };
  const fields = [...TEXTS, ...POWERS].filter((field) => !isSame(key[field], after[field]));
  if (fields.length === 0) return key;
  if (POWERS.some((field) => fields.includes(field))) await requireWithinPower(ctx, caller, after);
  if (after.nameKey !== key.nameKey) {
    const owners = { organizationId, ownerRef, policy, roleText: owner.roleText, now };
    await settleNamesakes(
      ctx,
      caller,
      await requireFreeName(ctx, { ...owners, nameKey: after.nameKey, except: key._id }),
    );
  }
  const timed = {
    ...changed,
    // The policy's longest lifetime counts from here.
    ...(fields.includes("expiresAt") && { expirySetAt: now }),
    // So do monthly refills, unless the quota is refilled as before. What is newer has to look newer, whatever the clock says.
    ...(after.quota?.refill !== key.quota?.refill && { quotaSetAt: Math.max(now, quotaSetAt(key) + 1) }),
  };
  await ctx.db.patch("keys", key._id, timed);
  await recordChange(ctx, caller, {
    action: "key.update",
    targetKind: "key",
    targetId: key._id,
    before: pick(key, fields),
    after: pick(after, fields),
  });
  return { ...key, ...timed };
}

/** Without an expiry that is the key's already: sending back what was read must not start its lifetime anew. */
function withoutSame(key: Doc<"keys">, input: KeyFields): KeyFields {
  if (input.expiresAt === undefined || input.expiresAt !== key.expiresAt) return input;
  const { expiresAt: _same, ...rest } = input;
  return rest;
}

// Fields of which having none is stored as absence. An empty allow list is something else: it allows nothing.
const CLEARED_BY_NULL = new Set(["notBefore", "idleExpiryMs", "quota", "cidrs", "allowList", "metadata"]);
const CLEARED_BY_EMPTY = new Set(["description", "tags", "roles", "resourcePermissions"]);

function toPatch(wanted: CheckedFields): Partial<Doc<"keys">> {
  const patch: Partial<Doc<"keys">> = {};
  for (const [field, value] of Object.entries(wanted)) {
    const isEmpty = value === null || value === "" || (Array.isArray(value) && value.length === 0);
    const isCleared = CLEARED_BY_EMPTY.has(field) ? isEmpty : CLEARED_BY_NULL.has(field) && value === null;
    Object.assign(patch, { [field]: isCleared ? undefined : value });
  }
  return patch;
}

function isSame(before: unknown, after: unknown): boolean {
  return inOneOrder(before) === inOneOrder(after);
}

/** Objects come back from the database with their fields in another order than they were given in. */
function inOneOrder(value: unknown): string {
  return JSON.stringify(value ?? null, (_key, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : part,
  );
}

function pick(key: Doc<"keys">, fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field, key[field] ?? null]));
}
