import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { DEFAULT_PREFIX } from "../../shared/keyFormat.ts";

/** What new keys of an organization begin with. A key that is there keeps its own, through rotations too. One indexed read. */
export async function keyPrefixOf(ctx: QueryCtx, organizationId: Id<"organization">): Promise<string> {
  return (await findRow(ctx, organizationId))?.prefix ?? DEFAULT_PREFIX;
}

/** `prefix` is one that matches PREFIX_PATTERN. */
export async function setKeyPrefix(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  prefix: string,
): Promise<void> {
  const row = await findRow(ctx, organizationId);
  if (row === null) await ctx.db.insert("keyPrefixes", { organizationId, prefix });
  else await ctx.db.patch("keyPrefixes", row._id, { prefix });
}

async function findRow(ctx: QueryCtx, organizationId: Id<"organization">) {
  return await ctx.db
    .query("keyPrefixes")
    .withIndex("by_organization", (q) => q.eq("organizationId", organizationId))
    .unique();
}
