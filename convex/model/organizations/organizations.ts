import type { Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { isSuspended } from "../../shared/roles.ts";
import { getMember } from "./members.ts";

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

/**
 * The organization of a personal key and its owner's role there, empty after leaving. Null unless the key is this
 * user's own.
 */
export async function findOrganizationOfOwnKey(
  ctx: QueryCtx,
  userId: Id<"user">,
  keyIdText: string,
): Promise<{ organizationId: Id<"organization">; slug: string; role: string } | null> {
  const keyId = ctx.db.normalizeId("keys", keyIdText);
  const key = keyId === null ? null : await ctx.db.get("keys", keyId);
  if (key === null || key.ownerKind !== "personal" || key.ownerUserId !== userId) return null;
  const { organizationId } = key;
  const organization = await ctx.db.get("organization", organizationId);
  if (organization === null) return null;
  const member = await getMember(ctx, organizationId, userId);
  return { organizationId, slug: organization.slug, role: member?.role ?? "" };
}

/**
 * Whether the user is a member of the organization with this id or slug, and suspended there. A slug may look like the id of
 * another organization; then either counts.
 */
export async function isSuspendedIn(ctx: QueryCtx, userIdText: string, idOrSlug: string): Promise<boolean> {
  const userId = ctx.db.normalizeId("user", userIdText);
  if (userId === null) return false;
  const named = await ctx.db
    .query("organization")
    .withIndex("by_slug", (q) => q.eq("slug", idOrSlug))
    .unique();
  const members = await Promise.all(
    [ctx.db.normalizeId("organization", idOrSlug), named?._id ?? null].map(async (organizationId) =>
      organizationId === null ? null : await getMember(ctx, organizationId, userId),
    ),
  );
  return members.some((member) => member !== null && isSuspended(member.role));
}
