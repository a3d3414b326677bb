import type { Doc } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { recordChange } from "./audit.ts";
import type { ResolvedCaller } from "./callers.ts";

// Newest first. An invitation is open for two days, so older ones than these are not.
const INVITATIONS_MAX = 1_000;

/**
 * Cancels what a member has invited others to, because an invitation gives its role whoever its sender is by then: a
 * member who loses rights could have sent them to another address of their own.
 */
export async function cancelInvitationsOf(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  { organizationId, userId }: Doc<"member">,
): Promise<void> {
  const invitations = await ctx.db
    .query("invitation")
    .withIndex("by_organizationId", (q) => q.eq("organizationId", organizationId))
    .order("desc")
    .take(INVITATIONS_MAX);
  for (const { _id, inviterId, status, email, role } of invitations) {
    if (inviterId !== userId || status !== "pending") continue;
    await ctx.db.patch("invitation", _id, { status: "canceled" });
    await recordChange(ctx, caller, {
      action: "invitation.update",
      targetKind: "invitation",
      targetId: _id,
      before: { email, role: role ?? null, status },
      after: { email, role: role ?? null, status: "canceled" },
    });
  }
}
