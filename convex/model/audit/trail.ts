import type { WithoutSystemFields } from "convex/server";
import type { Doc, Id } from "../../_generated/dataModel.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { AUDIT_FORMAT, entryHash, genesisHash } from "../../shared/auditChain.ts";
import type { ChainedEntry, PersonPart, SubjectPart } from "../../shared/auditChain.ts";
import { insertPart, toPart } from "./persons.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { SharedRead } from "../sharedReads.ts";

export type AuditChange = {
  /** `<noun>.<verb>`, for example `key.revoke`. */
  action: string;
  /** The kind of thing that changed, a noun in the singular: `key`, `member`, `role`. */
  targetKind: string;
  targetId: string;
  /** The parts that changed, as they were and as they are. Never a secret, a hash, or a person's name or address. */
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
  reason?: string;
  /** Whom it is about, when that is somebody without a user: can be erased, unlike all the above. */
  subject?: SubjectPart;
};

/** Who an entry names: the actor, and the user whose data its name and address are. */
export type Author = { actor: Doc<"audit">["actor"]; personId: string | null; name: string | null };
type RequestFacts = { id: string; ip?: string; agent?: string };

/** Latchkey itself, when nobody asked. */
export const SYSTEM: Author = {
  actor: { type: "system", id: "latchkey", name: "Latchkey" },
  personId: null,
  name: null,
};
/** The request of what the clock does. */
export const NO_REQUEST: RequestFacts = { id: "scheduled" };

/** Notes who changed what, in the transaction of the change: neither happens without the other. Answers its place in the chain. */
export async function recordChange(ctx: MutationCtx, caller: ResolvedCaller, change: AuditChange): Promise<number> {
  const author = caller.key === null ? userAuthor(caller.userId, caller.name) : keyAuthor(caller.key.record);
  return await recordEntry(ctx, caller.organizationId, author, caller.request, change);
}

/** The same for what better-auth changes. `actor` is null when nobody was signed in. */
export async function recordAuthChange(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  actor: { userId: Id<"user">; name: string } | null,
  request: RequestFacts,
  change: AuditChange,
): Promise<void> {
  const author = actor === null ? SYSTEM : userAuthor(actor.userId, actor.name);
  await recordEntry(ctx, organizationId, author, request, change);
}

export function userAuthor(userId: Id<"user">, name: string | null): Author {
  return { actor: { type: "user", id: userId }, personId: userId, name };
}

/** A personal key calls from where its owner is; a service key from where a machine is. */
export function keyAuthor({ _id, name, ownerKind, ownerUserId }: Doc<"keys">): Author {
  const personId = ownerKind === "personal" ? ownerUserId : null;
  return { actor: { type: "key", id: _id, name }, personId, name: null };
}

/** Adds an entry by any author, with what its request says of the person. Answers its place in the chain. */
export async function recordEntry(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  { actor, personId, name }: Author,
  request: RequestFacts,
  { action, targetKind, targetId, before, after, reason, subject }: AuditChange,
): Promise<number> {
  const about: PersonPart = { name, ip: request.ip ?? null, agent: request.agent ?? null };
  const person = Object.values(about).every((value) => value === null) ? null : toPart(about);
  const subjectPart = subject === undefined ? null : toPart(subject);
  const seq = await append(ctx, {
    format: AUDIT_FORMAT,
    organizationId,
    at: Date.now(),
    actor,
    personId,
    personDigest: person?.digest ?? null,
    subjectDigest: subjectPart?.digest ?? null,
    action,
    targetKind,
    targetId,
    before: before === null ? null : JSON.stringify(before),
    after: after === null ? null : JSON.stringify(after),
    reason,
    requestId: request.id,
  });
  if (person !== null) await insertPart(ctx, { organizationId, seq, personId }, person);
  if (subjectPart !== null)
    await insertPart(ctx, { organizationId, seq, personId: subjectPart.part.email }, subjectPart);
  return seq;
}

type Unchained = Omit<WithoutSystemFields<Doc<"audit">>, "seq" | "previousHash" | "hash">;

/**
 * Adds the entry at the end of its organization's chain and moves the end. Reading the end, or that there is none
 * yet, and writing it is what makes two transactions that would fork the chain conflict.
 */
async function append(ctx: MutationCtx, entry: Unchained): Promise<number> {
  const chain = await chains.of(ctx, entry.organizationId);
  const link = linkAfter(chain.head, entry);
  await ctx.db.insert("audit", { ...entry, ...link });
  chain.head = await moveHead(ctx, entry.organizationId, chain.head, link);
  return link.seq;
}

type Head = Pick<Doc<"auditHeads">, "_id" | "seq" | "hash">;

// A call that shares its reads reads the end once, and moves it here too.
const chains = new SharedRead<[Id<"organization">], { head: Head | null }>(async (ctx, organizationId) => ({
  head: await getHead(ctx, organizationId),
}));

/** The end of an organization's chain; null before its first entry. */
export async function getHead(ctx: QueryCtx, organizationId: Id<"organization">): Promise<Doc<"auditHeads"> | null> {
  return await ctx.db
    .query("auditHeads")
    .withIndex("by_organization", (q) => q.eq("organizationId", organizationId))
    .unique();
}

type Link = { seq: number; previousHash: string; hash: string };

function linkAfter(head: Head | null, entry: Unchained): Link {
  const place = { seq: (head?.seq ?? 0) + 1, previousHash: head?.hash ?? genesisHash(entry.organizationId) };
  return { ...place, hash: entryHash(toChained(entry, place)) };
}

async function moveHead(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  head: Head | null,
  { seq, hash }: Link,
): Promise<Head> {
  if (head === null) return { _id: await ctx.db.insert("auditHeads", { organizationId, seq, hash }), seq, hash };
  await ctx.db.patch("auditHeads", head._id, { seq, hash });
  return { _id: head._id, seq, hash };
}

/** A stored entry as the chain sees it, at the place it has or is given. */
export function toChained(entry: Unchained, place: { seq: number; previousHash: string }): ChainedEntry {
  return { ...entry, ...place, reason: entry.reason ?? null };
}
