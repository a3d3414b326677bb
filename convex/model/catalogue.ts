import type { Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";
import { COMPOSITE_PATTERN, RESERVED_RESOURCES } from "../shared/permissions.ts";

/** How many permissions and composites an organization may define. */
export const CATALOGUE_MAX = 500;

/**
 * Those of these permissions that the organization's catalogue does not know: composites that nobody defined, and,
 * once there is at least one permission in the catalogue, those of the organization's own API that are not in it.
 * Latchkey's own are always known. A wildcard is known with any permission of its resource.
 */
export async function findUncatalogued(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  permissions: readonly string[],
): Promise<string[]> {
  const asked = permissions.filter(
    (permission) => !RESERVED_RESOURCES.has(permission.split(":")[0] ?? "") || !permission.includes(":"),
  );
  if (asked.length === 0) return [];
  const defined = await ctx.db
    .query("permissions")
    .withIndex("by_name", (q) => q.eq("organizationId", organizationId))
    .take(CATALOGUE_MAX);
  const names = new Set(defined.map(({ name }) => name));
  const single = defined.filter(({ includes }) => includes === undefined).map(({ name }) => name);
  return asked.filter((permission) => {
    if (COMPOSITE_PATTERN.test(permission)) return !names.has(permission);
    if (single.length === 0 || names.has(permission)) return false;
    const [resource, action] = permission.split(":");
    return action !== "*" || !single.some((name) => name.startsWith(`${resource}:`));
  });
}
