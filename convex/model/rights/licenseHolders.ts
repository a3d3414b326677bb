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
import { LICENSES_MAX } from "./effectiveRights.ts";
import { requireRight } from "./granting.ts";
import { hasMoreHolders, requireLicense } from "./licenses.ts";
import { readEnds } from "../policy/policies.ts";

/** Rows that one transaction of cleaning deletes. */
const BATCH = 200;

/** A key or group that holds a license. `name` is null once it is gone. */
export const vLicenseHolder = v.object({
  id: v.string(),
  type: v.union(v.literal("key"), v.literal("group")),
  name: v.union(v.string(), v.null()),
});
export type LicenseHolder = Infer<typeof vLicenseHolder>;

/** A page of who holds a license, in the order of ids. */
export async function listHolders(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  licenseId: string,
  { cursor, limit }: PageWish,
): Promise<Page<LicenseHolder>> {
  const license = await requireLicense(ctx, organizationId, licenseId);
  const wanted = toPageSize(limit);
  const rows = await ctx.db
    .query("licenseHolders")
    .withIndex("by_license", (q) => q.eq("licenseId", license._id).gt("holderId", cursor ?? ""))
    .take(wanted + 1);
  const { items, nextCursor } = cutPage(rows, wanted, ({ holderId }) => holderId);
  return { items: await Promise.all(items.map((row) => toHolder(ctx, row))), nextCursor };
}

/** The first 200 of who holds a license; null for a license that is missing or foreign. */
export async function findHolders(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  licenseIdText: string,
): Promise<LicenseHolder[] | null> {
  const licenseId = ctx.db.normalizeId("licenses", licenseIdText);
  const license = licenseId === null ? null : await ctx.db.get("licenses", licenseId);
  if (license === null || license.organizationId !== organizationId) return null;
  return (await listHolders(ctx, organizationId, license._id, { cursor: null, limit: PAGE_MAX })).items;
}

/**
 * Assigns a license to a key or group, which takes a seat; who holds it already keeps the one. The taken seats are
 * read in the same transaction, so of two assignments of the last one a single one commits. Throws NOT_FOUND,
 * FORBIDDEN, and CONFLICT when no seat is left, for a dead key and for a holder of too many licenses.
 */
export async function assignLicense(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  licenseId: string,
  holderIdText: string,
): Promise<LicenseHolder> {
  requireRight(caller, "licenses:manage");
  const { organizationId } = caller;
  const license = await requireLicense(ctx, organizationId, licenseId);
  const holder = await requireCandidate(ctx, organizationId, holderIdText);
  const held = await ctx.db
    .query("licenseHolders")
    .withIndex("by_holder", (q) => q.eq("organizationId", organizationId).eq("holderId", holder.id))
    .take(LICENSES_MAX);
  if (held.some((row) => row.licenseId === license._id)) return holder;
  if (held.length >= LICENSES_MAX) {
    throw latchkeyError("CONFLICT", `A key or group can hold ${LICENSES_MAX} licenses. Unassign another one first.`);
  }
  if (license.seats !== null && (await hasMoreHolders(ctx, license._id, license.seats - 1))) {
    throw latchkeyError("CONFLICT", `All ${license.seats} seats of this license are taken. Unassign one first.`);
  }
  await ctx.db.insert("licenseHolders", {
    organizationId,
    licenseId: license._id,
    holderType: holder.type,
    holderId: holder.id,
  });
  await recordChange(ctx, caller, {
    action: "license.assign",
    targetKind: "license",
    targetId: license._id,
    before: null,
    after: { holderId: holder.id, type: holder.type, name: holder.name },
  });
  return holder;
}

/** Takes a license from a key or group, whose seat is free at once. NOT_FOUND for who does not hold it. */
export async function unassignLicense(
  ctx: MutationCtx,
  caller: ResolvedCaller,
  licenseId: string,
  holderId: string,
): Promise<void> {
  requireRight(caller, "licenses:manage");
  const license = await requireLicense(ctx, caller.organizationId, licenseId);
  const row = await ctx.db
    .query("licenseHolders")
    .withIndex("by_license", (q) => q.eq("licenseId", license._id).eq("holderId", holderId))
    .unique();
  if (row === null) throw missing();
  const { id, type, name } = await toHolder(ctx, row);
  await ctx.db.delete("licenseHolders", row._id);
  await recordChange(ctx, caller, {
    action: "license.unassign",
    targetKind: "license",
    targetId: license._id,
    before: { holderId: id, type, name },
    after: null,
  });
}

/** Frees the seats of a key or group that is deleted. */
export async function freeSeats(ctx: MutationCtx, organizationId: Id<"organization">, holderId: string): Promise<void> {
  const rows = await ctx.db
    .query("licenseHolders")
    .withIndex("by_holder", (q) => q.eq("organizationId", organizationId).eq("holderId", holderId))
    .take(LICENSES_MAX);
  for (const { _id } of rows) await ctx.db.delete("licenseHolders", _id);
}

/** Forgets, a batch at a time, who held a license that is deleted. True when there may be more. */
export async function sweepHolders(ctx: MutationCtx, licenseId: Id<"licenses">): Promise<boolean> {
  const rows = await ctx.db
    .query("licenseHolders")
    .withIndex("by_license", (q) => q.eq("licenseId", licenseId))
    .take(BATCH);
  for (const { _id } of rows) await ctx.db.delete("licenseHolders", _id);
  return rows.length === BATCH;
}

/** A live key or a group of the organization, by its id. */
async function requireCandidate(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  idText: string,
): Promise<LicenseHolder> {
  const groupId = ctx.db.normalizeId("groups", idText);
  if (groupId !== null) {
    const group = await ctx.db.get("groups", groupId);
    if (group === null || group.organizationId !== organizationId) throw missing();
    return { id: groupId, type: "group", name: group.name };
  }
  const keyId = ctx.db.normalizeId("keys", idText);
  const key = keyId === null ? null : await ctx.db.get("keys", keyId);
  if (key === null || key.organizationId !== organizationId) throw missing();
  if (isDead(await readEnds(ctx, key), Date.now()))
    throw latchkeyError("CONFLICT", "This key is dead and stays as it is.");
  return { id: key._id, type: "key", name: key.name };
}

async function toHolder(ctx: QueryCtx, { holderType, holderId }: Doc<"licenseHolders">): Promise<LicenseHolder> {
  const groupId = holderType === "group" ? ctx.db.normalizeId("groups", holderId) : null;
  const keyId = holderType === "key" ? ctx.db.normalizeId("keys", holderId) : null;
  const found =
    groupId !== null ? await ctx.db.get("groups", groupId) : keyId !== null ? await ctx.db.get("keys", keyId) : null;
  return { id: holderId, type: holderType, name: found?.name ?? null };
}
