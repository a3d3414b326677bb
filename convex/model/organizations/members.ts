import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { SharedRead } from "../sharedReads.ts";

const members = new SharedRead<[Id<"organization">, Id<"user">], Doc<"member"> | null>(
  async (ctx, organizationId, userId) =>
    await ctx.db
      .query("member")
      .withIndex("by_organizationId_userId", (q) => q.eq("organizationId", organizationId).eq("userId", userId))
      .unique(),
);

/** The membership of one user in one organization, or null. One indexed read. */
export async function getMember(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  userId: Id<"user">,
): Promise<Doc<"member"> | null> {
  return await members.of(ctx, organizationId, userId);
}
