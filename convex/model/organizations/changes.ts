import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { PREFIX_PATTERN } from "../../shared/keyFormat.ts";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { Fields, checkOrganizationSlug, checkTitle, missing } from "../rights/definitions.ts";
import { requireRight } from "../rights/granting.ts";
import { keyPrefixOf, setKeyPrefix } from "../keys/prefixes.ts";

export const vOrganizationView = v.object({
  id: v.id("organization"),
  name: v.string(),
  slug: v.string(),
  // What its new keys begin with.
  keyPrefix: v.string(),
  // Epoch milliseconds.
  createdAt: v.number(),
});
export type OrganizationView = Infer<typeof vOrganizationView>;

export async function requireOrganization(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
): Promise<OrganizationView> {
  const organization = await ctx.db.get("organization", organizationId);
  if (organization === null) throw missing();
  const { _id, name, slug, createdAt } = organization;
  return { id: _id, name, slug, keyPrefix: await keyPrefixOf(ctx, _id), createdAt };
}

/**
 * Renames the organization, gives it another slug, by which addresses and the header X-Organization-Id name it, or has
 * new keys begin with something else. What leaves it as it was changes nothing and is not told. Throws INVALID_INPUT,
 * NAME_TAKEN, FORBIDDEN.
 */
export async function changeOrganization(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  input: { name?: string; slug?: string; keyPrefix?: string },
): Promise<OrganizationView> {
  requireRight(caller, "organization:update");
  const before = await requireOrganization(ctx, caller.organizationId);
  const fields = new Fields();
  const name = input.name === undefined ? before.name : fields.take("name", checkTitle(input.name), "");
  const isOther = input.slug !== undefined && input.slug !== before.slug;
  const slug = isOther ? fields.take("slug", checkOrganizationSlug(input.slug ?? ""), "") : before.slug;
  const keyPrefix = input.keyPrefix ?? before.keyPrefix;
  if (!PREFIX_PATTERN.test(keyPrefix)) fields.refuse("keyPrefix", "Use 2 to 16 lower-case letters and digits.");
  fields.throwIfWrong("The organization cannot be changed like this.");
  const holder = await ctx.db
    .query("organization")
    .withIndex("by_slug", (q) => q.eq("slug", slug))
    .unique();
  if (holder !== null && holder._id !== before.id) {
    throw latchkeyError("NAME_TAKEN", "Another organization has this slug. Choose another one.", [
      { path: "slug", message: "This slug is taken." },
    ]);
  }
  if (name === before.name && slug === before.slug && keyPrefix === before.keyPrefix) return before;
  await ctx.db.patch("organization", before.id, { name, slug });
  if (keyPrefix !== before.keyPrefix) await setKeyPrefix(ctx, before.id, keyPrefix);
  await recordChange(ctx, caller, {
    action: "organization.update",
    targetKind: "organization",
    targetId: before.id,
    before: { name: before.name, slug: before.slug, keyPrefix: before.keyPrefix },
    after: { name, slug, keyPrefix },
  });
  return { ...before, name, slug, keyPrefix };
}
