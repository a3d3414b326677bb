import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError, toErrorData } from "../../shared/errors.ts";
import { INVITATIONS_MAX, checkAddress, checkInvitationEnd } from "../../shared/invitations.ts";
import { recordChange } from "../audit/trail.ts";
import { resolveCaller } from "../rights/callers.ts";
import type { Caller, ResolvedCaller } from "../rights/callers.ts";
import { Fields, missing, tooMany } from "../rights/definitions.ts";
import { requireRight } from "../rights/granting.ts";
import { getMember } from "./members.ts";
import { addMember, alreadyMember, requireGivable } from "./memberships.ts";
import { endInvitation, listInvitations, toInvitationState, toInvitationView } from "./openInvitations.ts";
import type { InvitationView } from "./openInvitations.ts";

// Latchkey sends no mail. Who invites gets a secret once and hands it on; whoever shows it and is signed in with the
// invited address joins. The secret is the proof, since an address that nobody has verified is none; the address keeps
// the link from working for whom it was forwarded to.

export type InvitationWish = { email: string; roles: string[]; expiresAt?: number };

/** What whoever holds the secret is told before accepting. */
export const vInvitationOffer = v.object({
  organizationId: v.id("organization"),
  organizationName: v.string(),
  email: v.string(),
  roles: v.array(v.string()),
  inviterName: v.string(),
  // Epoch milliseconds.
  expiresAt: v.number(),
});
export type InvitationOffer = Infer<typeof vInvitationOffer>;

/** What became of an acceptance. */
export const vJoined = v.object({
  organizationId: v.id("organization"),
  organizationName: v.string(),
  slug: v.string(),
  roles: v.array(v.string()),
});
export type Joined = Infer<typeof vJoined>;

/**
 * Opens an invitation in place of an earlier one for the same address. Its roles the caller has to hold; an owner is
 * invited by an owner in person. Throws INVALID_INPUT by field, FORBIDDEN, and CONFLICT for a member.
 */
export async function inviteMember(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  { email: rawEmail, roles, expiresAt: wishedEnd }: InvitationWish,
  secretHash: string,
): Promise<InvitationView> {
  const now = Date.now();
  const { organizationId } = caller;
  requireRight(caller, "members:manage");
  const fields = new Fields();
  const email = fields.take("email", checkAddress(rawEmail), "");
  const expiresAt = fields.take("expiresAt", checkInvitationEnd(wishedEnd, now), now);
  fields.throwIfWrong("Nobody can be invited like this.");
  const names = await requireGivable(ctx, caller, roles);
  await requireNoMember(ctx, organizationId, email);
  const others = await listInvitations(ctx, organizationId);
  const earlier = others.find((invitation) => invitation.email === email);
  if (earlier !== undefined) await endInvitation(ctx, caller, earlier, "cancel", "Replaced by a new one.");
  else if (others.length === INVITATIONS_MAX) throw tooMany("open invitations", INVITATIONS_MAX);
  const invitation = {
    organizationId,
    email,
    roles: names,
    secretHash,
    inviterUserId: caller.userId,
    inviterKeyId: caller.key?.record._id,
    createdAt: now,
    expiresAt,
  };
  const id = await ctx.db.insert("invitations", invitation);
  await recordChange(ctx, caller, {
    action: "invitation.create",
    targetKind: "invitation",
    targetId: id,
    before: null,
    after: toInvitationState(invitation),
    subject: { email },
  });
  const made = await ctx.db.get("invitations", id);
  if (made === null) throw new Error("An invitation that was just inserted is not there");
  return await toInvitationView(ctx, made);
}

/** Takes an invitation back. Throws FORBIDDEN, NOT_FOUND. */
export async function cancelInvitation(ctx: MutationCtx, caller: ResolvedCaller, idText: string): Promise<void> {
  requireRight(caller, "members:manage");
  const id = ctx.db.normalizeId("invitations", idText);
  const invitation = id === null ? null : await ctx.db.get("invitations", id);
  if (invitation === null || invitation.organizationId !== caller.organizationId) throw missing();
  await endInvitation(ctx, caller, invitation, "cancel");
}

/** What a secret offers. Throws NOT_FOUND for one that is unknown, used, cancelled or too old: `at` is the gateway's clock. */
export async function readOffer(ctx: QueryCtx, secretHash: string, at: number): Promise<InvitationOffer> {
  const { invitation, organization } = await requireOpen(ctx, secretHash, at);
  const { email, roles, inviterName, expiresAt } = await toInvitationView(ctx, invitation);
  return {
    organizationId: organization._id,
    organizationName: organization.name,
    email,
    roles,
    inviterName,
    expiresAt,
  };
}

/**
 * Makes the user a member. Throws NOT_FOUND as `readOffer` does, FORBIDDEN for another address than the invited one, and
 * CONFLICT when whoever invited may not do so any more, or the user is a member.
 */
export async function acceptInvitation(
  ctx: MutationCtx,
  { userId, secretHash, request }: { userId: Id<"user">; secretHash: string; request: Caller["request"] },
): Promise<Joined> {
  const { invitation, organization } = await requireOpen(ctx, secretHash, Date.now());
  const { organizationId } = invitation;
  const user = await resolveCaller(ctx, { type: "user", userId, organizationId, request }, Date.now());
  const address = (await ctx.db.get("user", userId))?.email.toLowerCase();
  if (address !== invitation.email) {
    throw latchkeyError(
      "FORBIDDEN",
      "This invitation is for another address. Sign in, or sign up, with the address that was invited.",
    );
  }
  await requireStillGivable(ctx, invitation);
  await addMember(ctx, user, invitation.roles);
  await endInvitation(ctx, user, invitation, "accept");
  return { organizationId, organizationName: organization.name, slug: organization.slug, roles: invitation.roles };
}

async function requireOpen(
  ctx: QueryCtx,
  secretHash: string,
  now: number,
): Promise<{ invitation: Doc<"invitations">; organization: Doc<"organization"> }> {
  const invitation = await ctx.db
    .query("invitations")
    .withIndex("by_secret", (q) => q.eq("secretHash", secretHash))
    .unique();
  const organization = invitation === null ? null : await ctx.db.get("organization", invitation.organizationId);
  if (invitation !== null && organization !== null && now < invitation.expiresAt) return { invitation, organization };
  throw latchkeyError(
    "NOT_FOUND",
    "There is no such invitation, or it is over: used, cancelled or too old. Ask for a new one.",
  );
}

/** Nobody gives by an invitation what they do not hold when it is accepted. Throws CONFLICT. */
async function requireStillGivable(ctx: QueryCtx, invitation: Doc<"invitations">): Promise<void> {
  const { organizationId, inviterUserId, inviterKeyId, roles } = invitation;
  const place = { organizationId, request: { id: "invitation" } };
  const inviter: Caller =
    inviterKeyId === undefined
      ? { type: "user", userId: inviterUserId, ...place }
      : { type: "key", keyId: inviterKeyId, ...place };
  try {
    await requireGivable(ctx, await resolveCaller(ctx, inviter, Date.now()), roles);
  } catch (refusal) {
    // What the inviter is refused is not for the invited to read.
    if (toErrorData(refusal) === null) throw refusal;
    throw latchkeyError("CONFLICT", "Who invited you cannot give these roles any more. Ask for a new invitation.");
  }
}

async function requireNoMember(ctx: QueryCtx, organizationId: Id<"organization">, email: string): Promise<void> {
  const user = await ctx.db
    .query("user")
    .withIndex("by_email", (q) => q.eq("email", email))
    .first();
  if (user !== null && (await getMember(ctx, organizationId, user._id)) !== null) throw alreadyMember();
}
