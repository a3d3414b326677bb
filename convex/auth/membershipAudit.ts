import { v } from "convex/values";
import type { Infer } from "convex/values";
import type { MutationCtx } from "../_generated/server.js";
import { recordAuthChange } from "../model/audit/trail.ts";
import { vRequest } from "../model/rights/callers.ts";
import type { AuthTable, StoredRow } from "./rows.ts";

/** Who made better-auth do something, as far as it is known. */
export const vOrigin = v.object({ userId: v.union(v.string(), v.null()), request: vRequest });
export type Origin = Infer<typeof vOrigin>;

const AUDITED = {
  member: ["userId", "role"],
  organization: ["name", "slug", "logo", "metadata"],
};
// A logo may be a whole picture.
const VALUE_MAX_LENGTH = 500;

/** Notes a change of members, roles or the organization itself in the transaction that makes it. */
export async function auditMembership(
  ctx: MutationCtx,
  origin: Origin,
  table: AuthTable,
  before: StoredRow | null,
  after: StoredRow | null,
): Promise<void> {
  if (table !== "member" && table !== "organization") return;
  const row = after ?? before;
  const organizationText = table === "organization" ? row?._id : row?.organizationId;
  const organizationId =
    typeof organizationText === "string" ? ctx.db.normalizeId("organization", organizationText) : null;
  if (row === null || organizationId === null) return;

  const verb = before === null ? "create" : after === null ? "delete" : "update";
  const [was, is] = [pick(before, AUDITED[table]), pick(after, AUDITED[table])];
  if (JSON.stringify(was) === JSON.stringify(is)) return;
  const userId = origin.userId === null ? null : ctx.db.normalizeId("user", origin.userId);
  const user = userId === null ? null : await ctx.db.get("user", userId);
  const actor = user === null ? null : { userId: user._id, name: user.name };
  await recordAuthChange(ctx, organizationId, actor, origin.request, {
    action: `${table}.${verb}`,
    targetKind: table,
    // A member is known by its user everywhere else.
    targetId: table === "member" && typeof row.userId === "string" ? row.userId : row._id,
    before: was && shorten(was),
    after: is && shorten(is),
  });
}

function shorten(state: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(state).map(([field, value]) => [
    field,
    typeof value === "string" && value.length > VALUE_MAX_LENGTH ? `${value.slice(0, VALUE_MAX_LENGTH)}…` : value,
  ]);
  return Object.fromEntries(entries);
}

function pick(row: StoredRow | null, fields: readonly string[]): Record<string, unknown> | null {
  return row === null ? null : Object.fromEntries(fields.map((field) => [field, row[field] ?? null]));
}
