import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { isDead } from "../../shared/keyStatus.ts";
import { recordChange } from "../audit/trail.ts";
import type { ResolvedCaller } from "./callers.ts";
import { PAGE_MAX, cutPage, missing, toPageSize } from "./definitions.ts";
import type { Page, PageWish } from "./definitions.ts";
import { GROUPS_MAX, hasLicense } from "./effectiveRights.ts";
import { requireHeld, requireRight } from "./granting.ts";
import { requireGroup, toGiving } from "./groups.ts";
import { getMember } from "../organizations/members.ts";
import { readEnds } from "../policy/policies.ts";

/** Rows that one transaction of cleaning deletes. */
const BATCH = 200;

/** A user or service key in a group. `name` is null once it is gone. */
export const vGroupMember = v.object({
  id: v.string(),
  type: v.union(v.literal("user"), v.literal("key")),
  name: v.union(v.string(), v.null()),
});
export type GroupMember = Infer<typeof vGroupMember>;

/** A page of who is in a group, in the order of ids. */
export async function listGroupMembers(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  groupId: string,
  { cursor, limit }: PageWish,
): Promise<Page<GroupMember>> {
  const group = await requireGroup(ctx, organizationId, groupId);
  const wanted = toPageSize(limit);
  const rows = await ctx.db
    .query("groupMembers")
    .withIndex("by_group", (q) => q.eq("groupId", group._id).gt("memberId", cursor ?? ""))
    .take(wanted + 1);
  const { items, nextCursor } = cutPage(rows, wanted, ({ memberId }) => memberId);
  return { items: await Promise.all(items.map((row) => toGroupMember(ctx, row))), nextCursor };
}

/** The first 200 of who is in a group; null for a group that is missing or foreign. */
export async function findGroupMembers(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  groupIdText: string,
): Promise<GroupMember[] | null> {
  const groupId = ctx.db.normalizeId("groups", groupIdText);
  const group = groupId === null ? null : await ctx.db.get("groups", groupId);
  if (group === null || group.organizationId !== organizationId) return null;
  return (await listGroupMembers(ctx, organizationId, group._id, { cursor: null, limit: PAGE_MAX })).items;
}

/**
 * Puts a member or a service key into a group; who is in it already stays. Takes holding everything that the group
 * gives, else whoever chooses who is in which group could choose any rights for themselves, and where it holds
 * licenses the right to assign those. Throws NOT_FOUND, FORBIDDEN, and CONFLICT for a personal or dead key and for who
 * is in too many groups.
 */
export async function addToGroup(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  groupId: string,
  memberIdText: string,
): Promise<GroupMember> {
  requireRight(caller, "groups:manage");
  const { organizationId } = caller;
  const group = await requireGroup(ctx, organizationId, groupId);
  const member = await requireCandidate(ctx, organizationId, memberIdText);
  requireHeld(caller, await toGiving(ctx, organizationId, group));
  // Who is put into it holds its licenses from then on, which is assigning them.
  if (await hasLicense(ctx, organizationId, group._id)) requireRight(caller, "licenses:manage");
  const memberships = await ctx.db
    .query("groupMembers")
    .withIndex("by_member", (q) => q.eq("organizationId", organizationId).eq("memberId", member.id))
    .take(GROUPS_MAX);
  if (memberships.some((row) => row.groupId === group._id)) return member;
  if (memberships.length >= GROUPS_MAX) {
    throw latchkeyError("CONFLICT", `One member or key can be in ${GROUPS_MAX} groups. Take it out of another first.`);
  }
  await ctx.db.insert("groupMembers", {
    organizationId,
    groupId: group._id,
    memberType: member.type,
    memberId: member.id,
  });
  await recordChange(ctx, caller, {
    action: "group.addMember",
    targetKind: "group",
    targetId: group._id,
    before: null,
    after: { memberId: member.id, type: member.type, name: member.name },
  });
  return member;
}

/** Takes somebody out of a group. NOT_FOUND for who is not in it. */
export async function removeFromGroup(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  groupId: string,
  memberId: string,
): Promise<void> {
  requireRight(caller, "groups:manage");
  const group = await requireGroup(ctx, caller.organizationId, groupId);
  const row = await ctx.db
    .query("groupMembers")
    .withIndex("by_group", (q) => q.eq("groupId", group._id).eq("memberId", memberId))
    .unique();
  if (row === null) throw missing();
  const { id, type, name } = await toGroupMember(ctx, row);
  await ctx.db.delete("groupMembers", row._id);
  await recordChange(ctx, caller, {
    action: "group.removeMember",
    targetKind: "group",
    targetId: group._id,
    before: { memberId: id, type, name },
    after: null,
  });
}

/** Takes a user who left, or a key that is deleted, out of all its groups. */
export async function leaveGroups(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  memberId: string,
): Promise<void> {
  const rows = await ctx.db
    .query("groupMembers")
    .withIndex("by_member", (q) => q.eq("organizationId", organizationId).eq("memberId", memberId))
    .take(GROUPS_MAX);
  for (const { _id } of rows) await ctx.db.delete("groupMembers", _id);
}

/** Forgets, a batch at a time, who was in a group that is deleted. True when there may be more. */
export async function sweepGroupMembers(ctx: MutationCtx, groupId: Id<"groups">): Promise<boolean> {
  const rows = await ctx.db
    .query("groupMembers")
    .withIndex("by_group", (q) => q.eq("groupId", groupId))
    .take(BATCH);
  for (const { _id } of rows) await ctx.db.delete("groupMembers", _id);
  return rows.length === BATCH;
}

/** A member or a live service key of the organization, by its id. */
async function requireCandidate(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  idText: string,
): Promise<GroupMember> {
  const userId = ctx.db.normalizeId("user", idText);
  if (userId !== null) {
    const user = await ctx.db.get("user", userId);
    if (user === null || (await getMember(ctx, organizationId, userId)) === null) throw missing();
    return { id: userId, type: "user", name: user.name };
  }
  const keyId = ctx.db.normalizeId("keys", idText);
  const key = keyId === null ? null : await ctx.db.get("keys", keyId);
  if (key === null || key.organizationId !== organizationId) throw missing();
  if (key.ownerKind === "personal") {
    throw latchkeyError("CONFLICT", "A personal key follows its owner into groups. Add the member instead.");
  }
  if (isDead(await readEnds(ctx, key), Date.now()))
    throw latchkeyError("CONFLICT", "This key is dead and stays as it is.");
  return { id: key._id, type: "key", name: key.name };
}

async function toGroupMember(ctx: QueryCtx, { memberType, memberId }: Doc<"groupMembers">): Promise<GroupMember> {
  const userId = memberType === "user" ? ctx.db.normalizeId("user", memberId) : null;
  const keyId = memberType === "key" ? ctx.db.normalizeId("keys", memberId) : null;
  const found =
    userId !== null ? await ctx.db.get("user", userId) : keyId !== null ? await ctx.db.get("keys", keyId) : null;
  return { id: memberId, type: memberType, name: found?.name ?? null };
}
