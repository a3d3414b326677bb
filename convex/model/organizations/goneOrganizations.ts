import type { Doc, Id, TableNames } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { deleteAllowance } from "../verification/allowances.ts";
import { SYSTEM, recordEntry } from "../audit/trail.ts";
import { eraseKey, toAuditState } from "../keys/changes.ts";
import { getPolicy } from "../policy/policies.ts";

// What an organization leaves behind when it is deleted. Its keys stopped with it, because whether they are good is read
// from it too; what is removed here nobody can see or use any more. The audit trail stays.

// A key goes together with some rows of its own and an audit entry.
const KEYS_BATCH = 20;
const BATCH = 200;

/** Which organization is gone, and the trace id of the request that deleted it. */
export type Gone = { organizationId: Id<"organization">; requestId: string };

/** Removes the next part of it. True when there may be more. Harmless for an organization that is there. */
export async function clearOrganization(ctx: MutationCtx, gone: Gone): Promise<boolean> {
  const { organizationId } = gone;
  if ((await ctx.db.get("organization", organizationId)) !== null) return false;
  if (await deleteKeys(ctx, gone)) return true;
  for (const clearTable of TABLES) if (await clearTable(ctx, organizationId)) return true;
  await deleteAllowance(ctx, organizationId);
  const policy = await getPolicy(ctx, organizationId);
  // As long as it says when audit entries go, the daily sweep goes by it.
  if (policy !== null && policy.auditRetentionMs === null) await ctx.db.delete("policies", policy._id);
  return false;
}

/** Each with an audit entry that says what it was. */
async function deleteKeys(ctx: MutationCtx, { organizationId, requestId }: Gone): Promise<boolean> {
  const keys = await ctx.db
    .query("keys")
    .withIndex("by_organization", (q) => q.eq("organizationId", organizationId))
    .take(KEYS_BATCH);
  for (const key of keys) {
    await recordEntry(
      ctx,
      organizationId,
      SYSTEM,
      { id: requestId },
      {
        action: "key.delete",
        targetKind: "key",
        targetId: key._id,
        before: toAuditState(key),
        after: null,
        reason: "organization deleted",
      },
    );
    await eraseKey(ctx, key);
  }
  return keys.length === KEYS_BATCH;
}

type Clear = (ctx: MutationCtx, organizationId: Id<"organization">) => Promise<boolean>;

/** Everything else that only a living organization needs. Requests and refusals of the last day have sweeps of their own. */
const TABLES: readonly Clear[] = [
  (ctx, id) =>
    clear(
      ctx,
      "groups",
      ctx.db.query("groups").withIndex("by_name", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "groupMembers",
      ctx.db.query("groupMembers").withIndex("by_member", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "licenses",
      ctx.db.query("licenses").withIndex("by_name", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "licenseHolders",
      ctx.db.query("licenseHolders").withIndex("by_holder", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "roles",
      ctx.db.query("roles").withIndex("by_name", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "permissions",
      ctx.db.query("permissions").withIndex("by_name", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "retiredPermissions",
      ctx.db.query("retiredPermissions").withIndex("by_name", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "suspensions",
      ctx.db.query("suspensions").withIndex("by_user", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "invitations",
      ctx.db.query("invitations").withIndex("by_email", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "keyPrefixes",
      ctx.db.query("keyPrefixes").withIndex("by_organization", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "foreignPrefixes",
      ctx.db.query("foreignPrefixes").withIndex("by_prefix", (q) => q.eq("organizationId", id)),
    ),
  (ctx, id) =>
    clear(
      ctx,
      "usageCounts",
      ctx.db.query("usageCounts").withIndex("by_owner", (q) => q.eq("organizationId", id)),
    ),
];

/** Deletes a batch of the rows that a query finds. True when there may be more. */
async function clear<Table extends TableNames>(
  ctx: MutationCtx,
  table: Table,
  found: { take(count: number): Promise<Doc<Table>[]> },
): Promise<boolean> {
  const rows = await found.take(BATCH);
  for (const { _id } of rows) await ctx.db.delete(table, _id);
  return rows.length === BATCH;
}
