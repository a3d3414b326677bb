import type { Id } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import type { ResolvedCaller } from "./callers.ts";

export type AuditChange = {
  /** `<noun>.<verb>`, for example `key.revoke`. */
  action: string;
  targetKind: "key" | "member" | "organization" | "invitation";
  targetId: string;
  /** The parts that changed, as they were and as they are. Never a secret and never a hash. */
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  reason?: string;
};

/** Notes who changed what, in the transaction of the change: neither happens without the other. */
export async function recordChange(ctx: MutationCtx, caller: ResolvedCaller, change: AuditChange): Promise<void> {
  const actor =
    caller.key === null
      ? { type: "user" as const, id: caller.userId, name: caller.name }
      : { type: "key" as const, id: caller.key.record._id, name: caller.name };
  await insert(ctx, caller.organizationId, actor, caller.request, change);
}

/** The same for what better-auth changes. `actor` is null when nobody was signed in. */
export async function recordAuthChange(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  actor: { userId: Id<"user">; name: string } | null,
  request: { id: string; ip?: string; agent?: string },
  change: AuditChange,
): Promise<void> {
  const by =
    actor === null
      ? { type: "system" as const, id: "latchkey", name: "Latchkey" }
      : { type: "user" as const, id: actor.userId, name: actor.name };
  await insert(ctx, organizationId, by, request, change);
}

async function insert(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  actor: { type: "user" | "key" | "system"; id: string; name: string },
  request: { id: string; ip?: string; agent?: string },
  { action, targetKind, targetId, before, after, reason }: AuditChange,
): Promise<void> {
  await ctx.db.insert("audit", {
    organizationId,
    at: Date.now(),
    actor,
    action,
    targetKind,
    targetId,
    before: before === null ? null : JSON.stringify(before),
    after: after === null ? null : JSON.stringify(after),
    reason,
    requestId: request.id,
    ip: request.ip,
    agent: request.agent,
  });
}
