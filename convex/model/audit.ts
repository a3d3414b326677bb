import type { WithoutSystemFields } from "convex/server";
import type { Doc, Id } from "../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../_generated/server.js";
import { entryHash, genesisHash } from "../shared/auditChain.ts";
import type { ChainedEntry } from "../shared/auditChain.ts";
import type { ResolvedCaller } from "./callers.ts";

export type AuditChange = {
  /** `<noun>.<verb>`, for example `key.revoke`. */
  action: string;
  targetKind: "key" | "member" | "organization" | "invitation" | "permission" | "role" | "group" | "license" | "policy";
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
  await append(ctx, {
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

type Unchained = Omit<WithoutSystemFields<Doc<"audit">>, "seq" | "previousHash" | "hash">;

/**
 * Adds the entry at the end of its organization's chain and moves the end. Reading the end, or that there is none
 * yet, and writing it is what makes two transactions that would fork the chain conflict.
 */
async function append(ctx: MutationCtx, entry: Unchained): Promise<void> {
  const head = await getHead(ctx, entry.organizationId);
  const link = linkAfter(head, entry);
  await ctx.db.insert("audit", { ...entry, ...link });
  await moveHead(ctx, entry.organizationId, head, link);
}

/** The end of an organization's chain; null before its first entry. */
export async function getHead(ctx: QueryCtx, organizationId: Id<"organization">): Promise<Doc<"auditHeads"> | null> {
  return await ctx.db
    .query("auditHeads")
    .withIndex("by_organization", (q) => q.eq("organizationId", organizationId))
    .unique();
}

type Link = { seq: number; previousHash: string; hash: string };

function linkAfter(head: Doc<"auditHeads"> | null, entry: Unchained): Link {
  const place = { seq: (head?.seq ?? 0) + 1, previousHash: head?.hash ?? genesisHash(entry.organizationId) };
  return { ...place, hash: entryHash(toChained(entry, place)) };
}

async function moveHead(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  head: Doc<"auditHeads"> | null,
  { seq, hash }: Link,
): Promise<void> {
  if (head === null) await ctx.db.insert("auditHeads", { organizationId, seq, hash });
  else await ctx.db.patch("auditHeads", head._id, { seq, hash });
}

/** A stored entry as the chain sees it, at the place it has or is given. */
export function toChained(entry: Unchained, place: { seq: number; previousHash: string }): ChainedEntry {
  const { reason, ip, agent } = entry;
  return { ...entry, ...place, reason: reason ?? null, ip: ip ?? null, agent: agent ?? null };
}
