import type { Doc } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { NO_REQUEST, keyAuthor, recordEntry, userAuthor } from "./trail.ts";
import type { Author } from "./trail.ts";
import type { Caller } from "../rights/callers.ts";

/** A refusal of somebody who is known. `suppressed`: how many of the same came before it and were not told. */
export type Denial = {
  /** The operation's name, for example `keys.revoke`. */
  operation: string;
  code: string;
  /** What it was about, when the call named it. It may be foreign, or nothing at all. */
  target: { kind: string; id: string } | null;
  suppressed: number;
};

const DENIED_ACTION = "denied";
// The same caller, operation and code make at most one entry in this time.
const SAMPLE_MS = 60_000;
const BATCH = 25;

/** Makes a refusal an entry of the caller's organization, unless the same was one within the last minute: then it is counted. */
export async function recordDenial(ctx: MutationCtx, caller: Caller, denial: Denial): Promise<void> {
  const now = Date.now();
  const { organizationId } = caller;
  const { operation, code } = denial;
  const [callerType, callerId] =
    caller.type === "key" ? ["key" as const, caller.keyId] : ["user" as const, caller.userId];
  const known = await ctx.db
    .query("auditDenials")
    .withIndex("by_attempt", (q) =>
      q.eq("organizationId", organizationId).eq("callerId", callerId).eq("operation", operation).eq("code", code),
    )
    .unique();
  if (known !== null && now - known.recordedAt < SAMPLE_MS) {
    await ctx.db.patch("auditDenials", known._id, { suppressed: known.suppressed + denial.suppressed + 1 });
    return;
  }
  const author = await authorOf(ctx, callerType, callerId);
  if (author === null) return;
  const suppressed = (known?.suppressed ?? 0) + denial.suppressed;
  await recordEntry(ctx, organizationId, author, caller.request, toChange({ ...denial, suppressed }));
  if (known !== null) await ctx.db.patch("auditDenials", known._id, { recordedAt: now, suppressed: 0 });
  else {
    const attempt = { organizationId, callerType, callerId, operation, code };
    await ctx.db.insert("auditDenials", { ...attempt, recordedAt: now, suppressed: 0 });
  }
}

/** Makes an entry of what was counted since the last one and will not be told by a next one. True when there may be more. */
export async function sweepDenials(ctx: MutationCtx): Promise<boolean> {
  const old = await ctx.db
    .query("auditDenials")
    .withIndex("by_recorded", (q) => q.lte("recordedAt", Date.now() - SAMPLE_MS))
    .take(BATCH);
  for (const row of old) {
    const { organizationId, callerType, callerId, operation, code, suppressed } = row;
    const author = suppressed === 0 ? null : await authorOf(ctx, callerType, callerId);
    if (author !== null) {
      const change = toChange({ operation, code, target: null, suppressed });
      await recordEntry(ctx, organizationId, author, NO_REQUEST, change);
    }
    await ctx.db.delete("auditDenials", row._id);
  }
  return old.length === BATCH;
}

function toChange({ operation, code, target, suppressed }: Denial) {
  return {
    action: DENIED_ACTION,
    targetKind: target?.kind ?? "operation",
    targetId: target?.id ?? operation,
    before: null,
    after: { operation, code, suppressed },
  };
}

/** Null for somebody who is gone meanwhile. */
async function authorOf(ctx: QueryCtx, type: Doc<"auditDenials">["callerType"], id: string): Promise<Author | null> {
  if (type === "user") {
    const userId = ctx.db.normalizeId("user", id);
    const user = userId === null ? null : await ctx.db.get("user", userId);
    return user && userAuthor(user._id, user.name);
  }
  const keyId = ctx.db.normalizeId("keys", id);
  const key = keyId === null ? null : await ctx.db.get("keys", keyId);
  return key && keyAuthor(key);
}
