import { v } from "convex/values";
import type { ObjectType } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { checkAllowList, isResource } from "../../shared/allowList.ts";
import { checkCidrs } from "../../shared/cidr.ts";
import { latchkeyError } from "../../shared/errors.ts";
import type { FieldError } from "../../shared/errors.ts";
import {
  DESCRIPTION_MAX_LENGTH,
  PERMISSIONS_MAX,
  RESOURCE_PERMISSIONS_MAX,
  ROLES_MAX,
  checkExpiry,
  checkIdleExpiry,
  checkMetadata,
  checkName,
  checkNotBefore,
  checkQuota,
  checkRateLimit,
  checkTags,
  checkText,
} from "../../shared/limits.ts";
import type { Checked } from "../../shared/limits.ts";
import { COMPOSITE_PATTERN, PERMISSION_PATTERN, isPermission } from "../../shared/permissions.ts";
import { maxLifetimeOf } from "../../shared/policy.ts";
import type { Policy } from "../../shared/policy.ts";
import { isRole } from "../../shared/roles.ts";
import { findUncatalogued } from "../rights/catalogue.ts";
import { vQuota, vRateLimit, vResourcePermissions } from "../validators.ts";

/** Everything about a key that may be chosen when it is made and changed later. Absent: left as it is, or at its default; null: none. */
export const keyFields = {
  name: v.optional(v.string()),
  description: v.optional(v.union(v.string(), v.null())),
  tags: v.optional(v.array(v.string())),
  permissions: v.optional(v.array(v.string())),
  // Service keys only.
  roles: v.optional(v.array(v.string())),
  resourcePermissions: v.optional(vResourcePermissions),
  // Epoch milliseconds.
  expiresAt: v.optional(v.union(v.number(), v.null())),
  notBefore: v.optional(v.union(v.number(), v.null())),
  idleExpiryMs: v.optional(v.union(v.number(), v.null())),
  rateLimit: v.optional(v.union(vRateLimit, v.null())),
  quota: v.optional(v.union(vQuota, v.null())),
  // Ranges of addresses from which it may be used; null for anywhere.
  cidrs: v.optional(v.union(v.array(v.string()), v.null())),
  // Resources that it may touch; null for all, empty for none.
  allowList: v.optional(v.union(v.array(v.string()), v.null())),
  // The JSON text of an object.
  metadata: v.optional(v.union(v.string(), v.null())),
};

export type KeyFields = ObjectType<typeof keyFields>;

/** The fields, checked and in the form in which they are stored. What was absent is absent. */
export type CheckedFields = Omit<KeyFields, "name"> & { name?: string; nameKey?: string };

/** What the fields are checked against. */
export type FieldRules = {
  organizationId: Id<"organization">;
  owner: { kind: "personal" | "service"; roleText: string };
  policy: Policy;
  now: number;
  /** The key that is to be changed, with its expiry under the policy; null for a new one. */
  current: Doc<"keys"> | null;
};

/** Collects every wrong field before it refuses with INVALID_INPUT, so that a form can mark them all at once. */
export async function checkKeyFields(ctx: QueryCtx, input: KeyFields, rules: FieldRules): Promise<CheckedFields> {
  const fields: FieldError[] = [];
  const take = <Value>(path: string, checked: Checked<Value> | null | undefined): Value | null | undefined => {
    if (checked === undefined || checked === null || checked.ok) return checked && checked.value;
    fields.push({ path, message: checked.problem });
    return undefined;
  };
  const { policy, now, current, owner } = rules;
  const maxLifetimeMs = maxLifetimeOf(policy, owner);
  const named = take("name", input.name == null ? input.name : checkName(input.name));
  const expiry = readExpiryWish(input, current)
    ? checkExpiry(input.expiresAt, now, { ...policy, maxLifetimeMs })
    : null;
  if (expiry !== null && !expiry.ok) fields.push({ path: "expiresAt", message: expiry.problem });
  if (current?.format === "jwt" && input.expiresAt !== undefined) {
    fields.push({
      path: "expiresAt",
      message: "The expiry is signed into this key. Rotate it to give it another one.",
    });
  }
  if (expiry?.ok === true && endsBeforeStart(input, current, expiry.value)) {
    fields.push({ path: "expiresAt", message: "The key would expire before it is valid." });
  }
  const expiresAt = expiry?.ok === true ? expiry.value : (current?.expiresAt ?? null);
  const checked: CheckedFields = {
    name: named?.name,
    nameKey: named?.nameKey,
    description: take(
      "description",
      input.description == null ? input.description : checkText(input.description, DESCRIPTION_MAX_LENGTH),
    ),
    tags: take("tags", input.tags == null ? input.tags : checkTags(input.tags)) ?? undefined,
    expiresAt: expiry === null ? undefined : expiresAt,
    notBefore: take(
      "notBefore",
      input.notBefore == null ? input.notBefore : checkNotBefore(input.notBefore, { expiresAt, now }),
    ),
    idleExpiryMs: take(
      "idleExpiryMs",
      input.idleExpiryMs == null ? input.idleExpiryMs : checkIdleExpiry(input.idleExpiryMs),
    ),
    rateLimit: take("rateLimit", input.rateLimit == null ? input.rateLimit : checkRateLimit(input.rateLimit)),
    quota: take("quota", input.quota == null ? input.quota : checkQuota(input.quota)),
    cidrs: take("cidrs", input.cidrs == null ? input.cidrs : checkCidrs(input.cidrs)),
    allowList: take("allowList", input.allowList == null ? input.allowList : checkAllowList(input.allowList)),
    metadata: take("metadata", input.metadata == null ? input.metadata : checkMetadata(input.metadata)),
    permissions: input.permissions && [...new Set(input.permissions)],
    roles: input.roles && [...new Set(input.roles)],
    resourcePermissions: input.resourcePermissions,
  };
  fields.push(...(await checkGranting(ctx, checked, rules)));
  if (fields.length > 0) {
    const message = current === null ? "The key cannot be created like this." : "The key cannot be changed like this.";
    throw latchkeyError("INVALID_INPUT", message, fields);
  }
  return withoutUndefined(checked);
}

/** A new key always gets an expiry; an existing one keeps its own unless told. */
function readExpiryWish(input: KeyFields, current: Doc<"keys"> | null): boolean {
  return current === null || input.expiresAt !== undefined;
}

/** Whether a key whose start is left as it is would be dead before it. */
function endsBeforeStart(input: KeyFields, current: Doc<"keys"> | null, expiresAt: number | null): boolean {
  const notBefore = input.notBefore === undefined ? current?.notBefore : undefined;
  return notBefore !== undefined && expiresAt !== null && expiresAt <= notBefore;
}

/** What is wrong with the permissions, roles and resources that are asked for. */
async function checkGranting(
  ctx: QueryCtx,
  { permissions = [], roles = [], resourcePermissions = [] }: CheckedFields,
  { organizationId, owner }: FieldRules,
): Promise<FieldError[]> {
  const fields = await checkPermissions(ctx, organizationId, "permissions", permissions);
  if (owner.kind === "personal" && roles.length > 0) {
    fields.push({ path: "roles", message: "Only a service key holds roles: a personal key follows its owner's." });
  }
  if (owner.kind === "personal" && resourcePermissions.length > 0) {
    fields.push({ path: "resourcePermissions", message: "Only a service key holds permissions on single resources." });
  }
  if (roles.length > ROLES_MAX) fields.push({ path: "roles", message: `Give at most ${ROLES_MAX} roles.` });
  for (const [index, role] of roles.slice(0, ROLES_MAX).entries()) {
    if (!(await isRoleOf(ctx, organizationId, role))) {
      fields.push({ path: `roles.${index}`, message: "There is no such role." });
    }
  }
  if (resourcePermissions.length > RESOURCE_PERMISSIONS_MAX) {
    fields.push({ path: "resourcePermissions", message: `Name at most ${RESOURCE_PERMISSIONS_MAX} resources.` });
  }
  for (const [index, entry] of resourcePermissions.slice(0, RESOURCE_PERMISSIONS_MAX).entries()) {
    const path = `resourcePermissions.${index}`;
    if (!isResource(entry.resource)) {
      fields.push({ path: `${path}.resource`, message: "Write it as type:id, for example project:42." });
    }
    fields.push(...(await checkPermissions(ctx, organizationId, `${path}.permissions`, entry.permissions)));
  }
  return fields;
}

/** What is wrong with a list of permissions and composites. */
export async function checkPermissions(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  path: string,
  permissions: readonly string[],
): Promise<FieldError[]> {
  if (permissions.length > PERMISSIONS_MAX) return [{ path, message: `Grant at most ${PERMISSIONS_MAX} permissions.` }];
  const unknown = new Set(await findUncatalogued(ctx, organizationId, permissions));
  return permissions.flatMap((permission, index) => {
    if (!isPermission(permission) && !COMPOSITE_PATTERN.test(permission)) {
      const message = PERMISSION_PATTERN.test(permission)
        ? "Latchkey has no such permission of its own. The list of permissions has all of them."
        : "Write it as resource:action, for example orders:read.";
      return [{ path: `${path}.${index}`, message }];
    }
    if (!unknown.has(permission)) return [];
    return [{ path: `${path}.${index}`, message: "This organization has no such permission. Define it first." }];
  });
}

/** Whether a role of this name exists that can be given: suspending is not giving. */
export async function isRoleOf(ctx: QueryCtx, organizationId: Id<"organization">, name: string): Promise<boolean> {
  if (isRole(name)) return name !== "suspended";
  const role = await ctx.db
    .query("roles")
    .withIndex("by_name", (q) => q.eq("organizationId", organizationId).eq("name", name))
    .unique();
  return role !== null;
}

function withoutUndefined(checked: CheckedFields): CheckedFields {
  return Object.fromEntries(Object.entries(checked).filter(([, value]) => value !== undefined));
}
