import type { Doc, Id } from "../_generated/dataModel.js";
import type { QueryCtx } from "../_generated/server.js";

/** The membership of one user in one organization, or null. One indexed read. */
export async function getMember(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  userId: Id<"user">,
): Promise<Doc<"member"> | null> {
  return await ctx.db
    .query("member")
    .withIndex("by_organizationId_userId", (q) => q.eq("organizationId", organizationId).eq("userId", userId))
    .unique();
}
