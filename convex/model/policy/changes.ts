import type { Infer } from "convex/values";
import { internal } from "../../_generated/api.js";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { DEFAULT_POLICY, changePolicy } from "../../shared/policy.ts";
import type { Policy, PolicyChange, PolicyRules } from "../../shared/policy.ts";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { requireRight } from "../rights/granting.ts";
import { isRoleOf } from "../keys/fields.ts";
import { getPolicy, rulesOf } from "./policies.ts";
import type { vPolicy } from "./policies.ts";

const RULES = [
  "defaultLifetimeMs",
  "maxLifetimeMs",
  "maxLifetimeMsByRole",
  "neverExpiring",
  "liveKeysPerOwner",
  "requiredCidrs",
  "idleExpiryMs",
  "deadKeyRetentionMs",
  "auditRetentionMs",
  "rateLimit",
] as const satisfies (keyof PolicyRules)[];

/**
 * Changes the policy of the caller's organization, which holds for every key from its very next use on. Throws
 * FORBIDDEN, INVALID_INPUT by field, and CONFLICT when `seenVersion` is not the version any more.
 */
export async function updatePolicy(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  change: PolicyChange,
  seenVersion: number | undefined,
): Promise<Infer<typeof vPolicy>> {
  requireRight(caller, "policy:update");
  const { organizationId } = caller;
  const row = await getPolicy(ctx, organizationId);
  const policy = row ?? DEFAULT_POLICY;
  requireVersion(policy, seenVersion);
  const was = rulesOf(policy);
  const is = await requireRules(ctx, organizationId, policy, change);
  const changed = RULES.filter((name) => JSON.stringify(was[name]) !== JSON.stringify(is[name]));
  if (changed.length === 0) return { ...was, version: policy.version };
  const version = policy.version + 1;
  if (row === null) await ctx.db.insert("policies", { organizationId, ...is, version });
  else await ctx.db.patch("policies", row._id, { ...is, version });
  await recordChange(ctx, caller, {
    action: "policy.update",
    targetKind: "policy",
    targetId: organizationId,
    before: { ...pick(was, changed), version: policy.version },
    after: { ...pick(is, changed), version },
  });
  // Lists of live keys follow; whether a key is good does not wait for that.
  await ctx.scheduler.runAfter(0, internal.policy.sortKeys, { organizationId, at: Date.now() });
  return { ...is, version };
}

/** The rules after a change, or INVALID_INPUT. Roles that are given a lifetime have to exist. */
export async function requireRules(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  policy: Policy,
  change: PolicyChange,
): Promise<PolicyRules> {
  const result = changePolicy(policy, change);
  const fields = result.ok ? [] : [...result.fields];
  for (const role of Object.keys(change.maxLifetimeMsByRole ?? {})) {
    if (!(await isRoleOf(ctx, organizationId, role))) {
      fields.push({ path: `maxLifetimeMsByRole.${role}`, message: "There is no such role." });
    }
  }
  if (result.ok && fields.length === 0) return result.rules;
  throw latchkeyError("INVALID_INPUT", "The policy cannot be changed like this.", fields);
}

/** Throws CONFLICT unless the policy is still the one that was seen. */
export function requireVersion(policy: Policy, seenVersion: number | undefined): void {
  if (seenVersion === undefined || seenVersion === policy.version) return;
  throw latchkeyError("CONFLICT", "Somebody has changed the policy meanwhile. Load it and decide again.");
}

function pick(rules: PolicyRules, names: readonly (keyof PolicyRules)[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name) => [name, rules[name]]));
}
