import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { onMemberRemoved, onUserDeleted } from "../model/organizations/leavers.ts";
import { forgetMember } from "../model/organizations/memberships.ts";
import { auditMembership } from "./membershipAudit.ts";
import type { Origin } from "./membershipAudit.ts";
import { toRowbase } from "./rows.ts";
import type { AuthTable, StoredRow } from "./rows.ts";

// As many as anybody can be in; past it, better an error than memberships of nobody.
const MEMBERSHIPS_MAX = 1_000;

/**
 * What ends together with a row of better-auth's: a membership leaves its keys, a user its memberships, an
 * organization everything. In the transaction that deletes the row, after it.
 */
export async function settleRemoval(ctx: MutationCtx, origin: Origin, table: AuthTable, row: StoredRow): Promise<void> {
  if (table === "member") await removeMember(ctx, origin, row);
  if (table === "user") await endMemberships(ctx, origin, row);
  const organizationId = table === "organization" ? ctx.db.normalizeId("organization", row._id) : null;
  if (organizationId !== null) {
    const gone = { organizationId, requestId: origin.request.id };
    await ctx.scheduler.runAfter(0, internal.leavers.settleOrganization, gone);
  }
}

async function removeMember(ctx: MutationCtx, origin: Origin, row: StoredRow): Promise<void> {
  const { organizationId: organizationText, userId: userText } = row;
  const organizationId =
    typeof organizationText === "string" ? ctx.db.normalizeId("organization", organizationText) : null;
  const userId = typeof userText === "string" ? ctx.db.normalizeId("user", userText) : null;
  if (organizationId === null || userId === null) return;
  const requestId = origin.request.id;
  await forgetMember(ctx, { organizationId, userId });
  await onMemberRemoved(ctx, { organizationId, userId, removedBy: removerOf(ctx, origin), requestId });
}

/** better-auth leaves the memberships of a deleted user where they are, and with them its keys would go on working. */
async function endMemberships(ctx: MutationCtx, origin: Origin, user: StoredRow): Promise<void> {
  const userId = ctx.db.normalizeId("user", user._id);
  if (userId === null) return;
  const members = await ctx.db
    .query("member")
    .withIndex("by_userId", (q) => q.eq("userId", userId))
    .take(MEMBERSHIPS_MAX + 1);
  if (members.length > MEMBERSHIPS_MAX) throw new Error("A user has more memberships than one transaction can end");
  for (const { _id, organizationId, role } of members) {
    await toRowbase(ctx.db).delete("member", _id);
    await auditMembership(ctx, origin, "member", { _id, organizationId, userId, role }, null);
    await forgetMember(ctx, { organizationId, userId });
    const requestId = origin.request.id;
    await onUserDeleted(ctx, { organizationId, userId, removedBy: removerOf(ctx, origin), requestId });
  }
}

function removerOf(ctx: MutationCtx, { userId }: Origin): Id<"user"> | null {
  return userId === null ? null : ctx.db.normalizeId("user", userId);
}
