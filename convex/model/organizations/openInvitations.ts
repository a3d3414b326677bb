import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { INVITATIONS_MAX } from "../../shared/invitations.ts";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "../rights/callers.ts";

const SWEEP_BATCH = 100;

/** An open invitation. It says nothing of its secret. */
export const vInvitationView = v.object({
  id: v.id("invitations"),
  email: v.string(),
  roles: v.array(v.string()),
  inviterUserId: v.id("user"),
  inviterName: v.string(),
  // Epoch milliseconds.
  createdAt: v.number(),
  expiresAt: v.number(),
});
export type InvitationView = Infer<typeof vInvitationView>;

/** All invitations of an organization whose row is there, in the order of addresses. Some may be over. */
export async function listInvitations(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
): Promise<Doc<"invitations">[]> {
  return await ctx.db
    .query("invitations")
    .withIndex("by_email", (q) => q.eq("organizationId", organizationId))
    .take(INVITATIONS_MAX);
}

export async function toInvitationView(ctx: QueryCtx, invitation: Doc<"invitations">): Promise<InvitationView> {
  const { _id, email, roles, inviterUserId, createdAt, expiresAt } = invitation;
  const inviter = await ctx.db.get("user", inviterUserId);
  return { id: _id, email, roles, inviterUserId, inviterName: inviter?.name ?? "", createdAt, expiresAt };
}

/** Ends an invitation and tells of it: `verb` is how it ended. */
export async function endInvitation(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  invitation: Doc<"invitations">,
  verb: "accept" | "cancel",
  reason?: string,
): Promise<void> {
  await ctx.db.delete("invitations", invitation._id);
  await recordChange(ctx, caller, {
    action: `invitation.${verb}`,
    targetKind: "invitation",
    targetId: invitation._id,
    before: toInvitationState(invitation),
    after: null,
    reason,
    subject: { email: invitation.email },
  });
}

/** What the audit trail keeps. The address is a person's, and no part of it. */
export function toInvitationState({
  roles,
  expiresAt,
  inviterUserId,
}: Pick<Doc<"invitations">, "roles" | "expiresAt" | "inviterUserId">): Record<string, unknown> {
  return { roles, expiresAt, inviterUserId };
}

/**
 * Cancels what a member has invited others to: whoever loses rights could have sent invitations to addresses of their
 * own, and would get them back when the rights come back.
 */
export async function cancelInvitationsOf(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  { organizationId, userId }: { organizationId: Id<"organization">; userId: Id<"user"> },
): Promise<void> {
  const invitations = await ctx.db
    .query("invitations")
    .withIndex("by_inviter", (q) => q.eq("organizationId", organizationId).eq("inviterUserId", userId))
    .take(INVITATIONS_MAX);
  for (const invitation of invitations) {
    await endInvitation(ctx, caller, invitation, "cancel", "Who invited has left or lost rights.");
  }
}

/** Deletes invitations whose time is up, a batch at a time. True when there may be more. */
export async function sweepInvitations(ctx: MutationCtx): Promise<boolean> {
  const over = await ctx.db
    .query("invitations")
    .withIndex("by_end", (q) => q.lte("expiresAt", Date.now()))
    .take(SWEEP_BATCH);
  await Promise.all(over.map(({ _id }) => ctx.db.delete("invitations", _id)));
  return over.length === SWEEP_BATCH;
}
