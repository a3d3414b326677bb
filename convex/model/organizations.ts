import type { Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";

const ORGANIZATIONS_MAX = 100;

/** The first hundred organizations of a user with its role in each, in the order of joining. */
export async function listOrganizations(
  ctx: QueryCtx,
  userId: Id<"user">,
): Promise<{ _id: Id<"organization">; name: string; slug: string; role: string }[]> {
  const members = await ctx.db
    .query("member")
    .withIndex("by_userId", (q) => q.eq("userId", userId))
    .take(ORGANIZATIONS_MAX);
  const found = await Promise.all(
    members.map(async ({ organizationId, role }) => {
      const organization = await ctx.db.get("organization", organizationId);
      return organization === null
        ? []
        : [{ _id: organization._id, name: organization.name, slug: organization.slug, role }];
    }),
  );
  return found.flat();
}
