import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { ROLES_MAX } from "../../shared/limits.ts";
import { ROLES, isRole, isSuspended, roleNamesOf, rolesOf } from "../../shared/roles.ts";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { Fields, cutPage, missing, toPageSize, tooMany } from "../rights/definitions.ts";
import type { Page, PageWish } from "../rights/definitions.ts";
import { giveRoles, requireHeld, requireRight } from "../rights/granting.ts";
import { leaveGroups } from "../rights/groupMembers.ts";
import { cancelInvitationsOf } from "./openInvitations.ts";
import { isRoleOf } from "../keys/fields.ts";
import { onMemberRemoved } from "./leavers.ts";
import { getMember } from "./members.ts";

// better-auth lets in one member per organization and user, 1000 of them; the last owner is looked for among these.
const MEMBERS_MAX = 1_000;

/** A member, by the id of its user. `roles` are those that it has, or had before it was suspended. */
export const vMemberView = v.object({
  id: v.id("user"),
  name: v.string(),
  email: v.string(),
  roles: v.array(v.string()),
  suspended: v.boolean(),
  // Epoch milliseconds.
  joinedAt: v.number(),
});
export type MemberView = Infer<typeof vMemberView>;

/** A page of members in the order of their ids. */
export async function listMembers(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  { cursor, limit }: PageWish,
): Promise<Page<MemberView>> {
  const wanted = toPageSize(limit);
  const after = cursor === null ? null : ctx.db.normalizeId("user", cursor);
  if (cursor !== null && after === null) {
    throw latchkeyError("INVALID_INPUT", "This cursor is not one of ours. Start again without it.", [
      { path: "cursor", message: "Use the nextCursor of the page before." },
    ]);
  }
  const rows = await ctx.db
    .query("member")
    .withIndex("by_organizationId_userId", (q) => {
      const inside = q.eq("organizationId", organizationId);
      return after === null ? inside : inside.gt("userId", after);
    })
    .take(wanted + 1);
  const { items, nextCursor } = cutPage(rows, wanted, ({ userId }) => userId);
  return { items: await Promise.all(items.map((member) => toMemberView(ctx, member))), nextCursor };
}

/** The membership of the user with this id. NOT_FOUND for who is no member. */
export async function requireMember(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  userIdText: string,
): Promise<Doc<"member">> {
  const userId = ctx.db.normalizeId("user", userIdText);
  const member = userId === null ? null : await getMember(ctx, organizationId, userId);
  if (member === null) throw missing();
  return member;
}

/**
 * Gives a member these roles instead of those that it has. Only an owner, in person, makes or unmakes owners, and the
 * last one stays; what is added its giver has to hold. Throws INVALID_INPUT, FORBIDDEN, and CONFLICT for the last owner
 * and for who is suspended.
 */
export async function changeRoles(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  userId: string,
  roles: readonly string[],
): Promise<MemberView> {
  requireRight(caller, "members:manage");
  const { organizationId } = caller;
  const member = await requireMember(ctx, organizationId, userId);
  if (isSuspended(member.role)) throw latchkeyError("CONFLICT", "This member is suspended. End the suspension first.");
  const names = await checkRoles(ctx, organizationId, roles);
  const had = roleNamesOf(member.role);
  if (names.includes("owner") !== had.includes("owner")) requireOwner(caller);
  if (!names.includes("owner")) await requireOtherOwner(ctx, member);
  const added = names.filter((name) => !had.includes(name));
  requireHeld(caller, await giveRoles(ctx, organizationId, "roles", added));
  if (!had.every((name) => names.includes(name))) await cancelInvitationsOf(ctx, caller, member);
  return await setRole(ctx, caller, member, "member.update", names.join(","));
}

/** Takes all rights from a member, whose personal keys stop with it, until somebody ends the suspension. Harmless when it is suspended. */
export async function suspendMember(ctx: MutationCtx, caller: ResolvedCaller, userId: string): Promise<MemberView> {
  requireRight(caller, "members:manage");
  const member = await requireMember(ctx, caller.organizationId, userId);
  if (isSuspended(member.role)) return await toMemberView(ctx, member);
  requireRankOver(caller, member.role);
  await requireOtherOwner(ctx, member);
  await cancelInvitationsOf(ctx, caller, member);
  await forgetSuspension(ctx, member);
  const { organizationId, role } = member;
  await ctx.db.insert("suspensions", { organizationId, userId: member.userId, role });
  return await setRole(ctx, caller, member, "member.suspend", "suspended");
}

/** Gives a suspended member the roles back that it had, or else `member`; its giver has to hold them. Harmless when it is not suspended. */
export async function unsuspendMember(ctx: MutationCtx, caller: ResolvedCaller, userId: string): Promise<MemberView> {
  requireRight(caller, "members:manage");
  const { organizationId } = caller;
  const member = await requireMember(ctx, organizationId, userId);
  if (!isSuspended(member.role)) return await toMemberView(ctx, member);
  const role = (await findSuspension(ctx, member))?.role ?? "member";
  requireRankOver(caller, role);
  requireHeld(caller, await giveRoles(ctx, organizationId, "roles", roleNamesOf(role)));
  await forgetSuspension(ctx, member);
  return await setRole(ctx, caller, member, "member.unsuspend", role);
}

/** Ends a membership, its groups and open invitations with it. Anybody may leave; the last owner stays. Throws FORBIDDEN, CONFLICT, NOT_FOUND. */
export async function removeMember(ctx: MutationCtx, caller: ResolvedCaller, userId: string): Promise<void> {
  const leaving = caller.key === null && caller.userId === userId;
  if (!leaving) requireRight(caller, "members:manage");
  const member = await requireMember(ctx, caller.organizationId, userId);
  if (!leaving) requireRankOver(caller, (await findSuspension(ctx, member))?.role ?? member.role);
  await requireOtherOwner(ctx, member);
  await cancelInvitationsOf(ctx, caller, member);
  await ctx.db.delete("member", member._id);
  await forgetMember(ctx, member);
  await recordChange(ctx, caller, {
    action: "member.delete",
    targetKind: "member",
    targetId: member.userId,
    before: { userId: member.userId, role: member.role },
    after: null,
  });
  const { organizationId, userId: leaverId } = member;
  const removal = { organizationId, userId: leaverId, removedBy: caller.userId, requestId: caller.request.id };
  await onMemberRemoved(ctx, removal);
}

/** Takes away what outlives a membership, so that a member who comes back starts anew. */
export async function forgetMember(
  ctx: MutationCtx,
  member: { organizationId: Id<"organization">; userId: Id<"user"> },
): Promise<void> {
  await leaveGroups(ctx, member.organizationId, member.userId);
  await forgetSuspension(ctx, member);
}

export async function toMemberView(ctx: QueryCtx, member: Doc<"member">): Promise<MemberView> {
  const user = await ctx.db.get("user", member.userId);
  const suspended = isSuspended(member.role);
  const role = suspended ? ((await findSuspension(ctx, member))?.role ?? "") : member.role;
  return {
    id: member.userId,
    name: user?.name ?? "",
    email: user?.email ?? "",
    roles: roleNamesOf(role),
    suspended,
    joinedAt: member.createdAt,
  };
}

async function setRole(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  member: Doc<"member">,
  action: string,
  role: string,
): Promise<MemberView> {
  const changed = { ...member, role };
  if (role === member.role) return await toMemberView(ctx, member);
  await ctx.db.patch("member", member._id, { role });
  await recordChange(ctx, caller, {
    action,
    targetKind: "member",
    targetId: member.userId,
    before: { userId: member.userId, role: member.role },
    after: { userId: member.userId, role },
  });
  return await toMemberView(ctx, changed);
}

/** Roles that the caller may give to somebody who has none, in one order. Throws INVALID_INPUT, FORBIDDEN. */
export async function requireGivable(
  ctx: QueryCtx,
  caller: ResolvedCaller,
  roles: readonly string[],
): Promise<string[]> {
  requireRight(caller, "members:manage");
  const names = await checkRoles(ctx, caller.organizationId, roles);
  if (names.includes("owner")) requireOwner(caller);
  requireHeld(caller, await giveRoles(ctx, caller.organizationId, "roles", names));
  return names;
}

/** Makes a user a member. Throws CONFLICT for one that is, and when the organization is full. */
export async function addMember(ctx: MutationCtx, user: ResolvedCaller, names: readonly string[]): Promise<void> {
  const { organizationId, userId } = user;
  if ((await getMember(ctx, organizationId, userId)) !== null) throw alreadyMember();
  const members = await ctx.db
    .query("member")
    .withIndex("by_organizationId_userId", (q) => q.eq("organizationId", organizationId))
    .take(MEMBERS_MAX);
  if (members.length === MEMBERS_MAX) throw tooMany("members", MEMBERS_MAX);
  const role = names.join(",");
  await ctx.db.insert("member", { organizationId, userId, role, createdAt: Date.now() });
  await recordChange(ctx, user, {
    action: "member.create",
    targetKind: "member",
    targetId: userId,
    before: null,
    after: { userId, role },
  });
}

export function alreadyMember(): Error {
  return latchkeyError("CONFLICT", "This person is a member of the organization already.");
}

/** The roles in one order, each once. Throws INVALID_INPUT. */
async function checkRoles(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  roles: readonly string[],
): Promise<string[]> {
  const fields = new Fields();
  const wanted = [...new Set(roles)];
  if (wanted.length === 0 || wanted.length > ROLES_MAX) fields.refuse("roles", `Give 1 to ${ROLES_MAX} roles.`);
  for (const [index, role] of wanted.slice(0, ROLES_MAX).entries()) {
    if (role === "suspended") fields.refuse(`roles.${index}`, "Suspend the member instead.");
    else if (!(await isRoleOf(ctx, organizationId, role))) fields.refuse(`roles.${index}`, "There is no such role.");
  }
  fields.throwIfWrong("The member cannot have these roles.");
  return [...ROLES.filter((role) => wanted.includes(role)), ...wanted.filter((role) => !isRole(role)).toSorted()];
}

/** Throws FORBIDDEN unless a person calls who is an owner: no key decides who owns the organization. */
function requireOwner(caller: ResolvedCaller): void {
  if (caller.key === null && rolesOf(caller.roleText).includes("owner")) return;
  throw latchkeyError("FORBIDDEN", "Only an owner decides about owners. Ask one of them.");
}

function requireRankOver(caller: ResolvedCaller, roleText: string): void {
  if (rolesOf(roleText).includes("owner")) requireOwner(caller);
}

/** Throws CONFLICT when the member is the only owner. Reads the members, so of two last owners that leave at once one stays. */
async function requireOtherOwner(ctx: QueryCtx, member: Doc<"member">): Promise<void> {
  if (!rolesOf(member.role).includes("owner")) return;
  const members = await ctx.db
    .query("member")
    .withIndex("by_organizationId_userId", (q) => q.eq("organizationId", member.organizationId))
    .take(MEMBERS_MAX);
  if (members.some(({ _id, role }) => _id !== member._id && rolesOf(role).includes("owner"))) return;
  throw latchkeyError(
    "CONFLICT",
    "This is the last owner, and an organization has to have one. Make another one first.",
  );
}

type Membership = { organizationId: Id<"organization">; userId: Id<"user"> };

async function findSuspension(ctx: QueryCtx, member: Membership): Promise<Doc<"suspensions"> | null> {
  return await ctx.db
    .query("suspensions")
    .withIndex("by_user", (q) => q.eq("organizationId", member.organizationId).eq("userId", member.userId))
    .unique();
}

async function forgetSuspension(ctx: MutationCtx, member: Membership): Promise<void> {
  const suspension = await findSuspension(ctx, member);
  if (suspension !== null) await ctx.db.delete("suspensions", suspension._id);
}
