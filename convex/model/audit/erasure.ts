import type { Doc, Id } from "../../_generated/dataModel.js";
import { internal } from "../../_generated/api.js";
import type { MutationCtx, QueryCtx } from "../../_generated/server.js";
import { latchkeyError } from "../../shared/errors.ts";
import { NO_REQUEST, SYSTEM, recordChange, recordEntry } from "./trail.ts";
import type { AuditChange } from "./trail.ts";
import { lastPartAbout, partsAbout } from "./persons.ts";
import { callerScope } from "../rights/callers.ts";
import type { ResolvedCaller } from "../rights/callers.ts";
import { getMember } from "../organizations/members.ts";
import { SWEEP_PAUSE_MS } from "../sweep.ts";

// What is erased: a person's name, addresses and agents, as the actor and as the owner of personal keys, and the
// address that they were invited by. What stays: random ids, what was done, names of keys, of the organization and
// its roles, and reasons, which are the organization's own records; people are not to be named in those.

/** A user by id, somebody who was invited by address, or both. */
export type Person = { userId?: string; email?: string };
/** `erased`: parts that this call took out. Not `done`: a user's others follow by themselves; for an address, ask again. */
export type Erasure = { erased: number; done: boolean };

export const ERASE_ACTION = "person.erase";
const BATCH = 200;

type Record = (change: AuditChange) => Promise<number>;

/**
 * Takes a person out of an organization's trail. Harmless to repeat. Throws FORBIDDEN without `members:manage`,
 * CONFLICT for a member, NOT_FOUND for whom the trail does not know, INVALID_INPUT when nobody is named.
 */
export async function erasePerson(ctx: MutationCtx, caller: ResolvedCaller, person: Person): Promise<Erasure> {
  if (callerScope(caller, "members:manage") !== "any") {
    throw latchkeyError("FORBIDDEN", "This takes the permission members:manage. Ask an admin of the organization.");
  }
  return await erase(ctx, caller.organizationId, person, async (change) => await recordChange(ctx, caller, change));
}

/** The same on behalf of the operator, who has deleted a user and cleans up behind. */
export async function erasePersonAsOperator(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  person: Person,
): Promise<Erasure> {
  return await erase(
    ctx,
    organizationId,
    person,
    async (change) => await recordEntry(ctx, organizationId, SYSTEM, NO_REQUEST, change),
  );
}

/** The last entry's place that says that this person was erased; 0 for none. The entry itself decides. */
export async function findErasure(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  targetId: string,
): Promise<number> {
  const pointer = await getPointer(ctx, organizationId, targetId);
  if (pointer === null) return 0;
  const entry = await ctx.db
    .query("audit")
    .withIndex("by_sequence", (q) => q.eq("organizationId", organizationId).eq("seq", pointer.seq))
    .first();
  return entry?.action === ERASE_ACTION && entry.targetId === targetId ? pointer.seq : 0;
}

/** Forgets where an erasure was noted, once its entry goes. */
export async function forgetErasure(ctx: MutationCtx, { organizationId, targetId, seq }: Doc<"audit">): Promise<void> {
  const pointer = await getPointer(ctx, organizationId, targetId);
  if (pointer !== null && pointer.seq === seq) await ctx.db.delete("auditErasures", pointer._id);
}

/** Takes the next parts about a user out of entries below a place, and has the clock take the rest. */
export async function eraseParts(
  ctx: MutationCtx,
  { organizationId, userId, below }: { organizationId: Id<"organization">; userId: string; below: number },
): Promise<Erasure> {
  const rows = await partsAbout(ctx, organizationId, userId, { below, limit: BATCH });
  await Promise.all(rows.map((row) => ctx.db.delete("auditPersons", row._id)));
  const done = rows.length < BATCH;
  if (!done) await ctx.scheduler.runAfter(SWEEP_PAUSE_MS, internal.audit.eraseRest, { organizationId, userId, below });
  return { erased: rows.length, done };
}

async function erase(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  named: Person,
  record: Record,
): Promise<Erasure> {
  const { userId, emails } = await identify(ctx, named);
  await requireNoMember(ctx, organizationId, userId, emails);
  await requireNoInvitation(ctx, organizationId, emails);
  const user = userId === null ? null : await eraseUser(ctx, organizationId, userId, record);
  const subjects: (Erasure | null)[] = [];
  for (const email of emails) subjects.push(await eraseSubject(ctx, organizationId, email, record));
  const found = [user, ...subjects].filter((erasure) => erasure !== null);
  if (found.length === 0) throw unknownPerson();
  return {
    erased: found.reduce((sum, { erased }) => sum + erased, 0),
    done: found.every(({ done }) => done),
  };
}

/** Null for a user whom the trail does not know. */
async function eraseUser(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  userId: string,
  record: Record,
): Promise<Erasure | null> {
  const pointer = await getPointer(ctx, organizationId, userId);
  const newest = await lastPartAbout(ctx, organizationId, userId);
  if (newest === 0) return pointer && { erased: 0, done: true };
  const covered = pointer !== null && pointer.seq > newest;
  const below = covered ? pointer.seq : await note(ctx, organizationId, "person", userId, record);
  return await eraseParts(ctx, { organizationId, userId, below });
}

/** Whom invitations were for. Null for an address that the trail does not know. */
async function eraseSubject(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  email: string,
  record: Record,
): Promise<Erasure | null> {
  const rows = await partsAbout(ctx, organizationId, email, { below: Infinity, limit: BATCH });
  for (const row of rows) {
    const entry = await ctx.db
      .query("audit")
      .withIndex("by_sequence", (q) => q.eq("organizationId", organizationId).eq("seq", row.seq))
      .first();
    // Nothing else in the entry tells whose the part was, so what it is about stands for the person.
    const covered = entry === null || (await findErasure(ctx, organizationId, entry.targetId)) > row.seq;
    if (!covered) await note(ctx, organizationId, entry.targetKind, entry.targetId, record);
    await ctx.db.delete("auditPersons", row._id);
  }
  return rows.length === 0 ? null : { erased: rows.length, done: rows.length < BATCH };
}

/** Makes the erasure an entry, without a name, and points at it. Answers its place. */
async function note(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  targetKind: string,
  targetId: string,
  record: Record,
): Promise<number> {
  const seq = await record({ action: ERASE_ACTION, targetKind, targetId, before: null, after: null });
  const pointer = await getPointer(ctx, organizationId, targetId);
  if (pointer === null) await ctx.db.insert("auditErasures", { organizationId, targetId, seq });
  else await ctx.db.patch("auditErasures", pointer._id, { seq });
  return seq;
}

/** The user, whom the address alone names as well, and all addresses that are known of the person, the present one among them. */
async function identify(
  ctx: QueryCtx,
  { userId: userIdText, email }: Person,
): Promise<{ userId: Id<"user"> | null; emails: string[] }> {
  if (userIdText === undefined && email === undefined) {
    throw latchkeyError("INVALID_INPUT", "Say who: userId, email, or both.", [
      { path: "userId", message: "Give the id of a user, or an email address." },
    ]);
  }
  const address = email?.trim().toLowerCase();
  const byAddress = address === undefined ? null : await findByAddress(ctx, address);
  const userId = userIdText === undefined ? (byAddress?._id ?? null) : ctx.db.normalizeId("user", userIdText);
  if (userIdText !== undefined && userId === null) throw unknownPerson();
  const user = userId === null ? null : await ctx.db.get("user", userId);
  const emails = [address, user?.email.trim().toLowerCase()].filter((each) => each !== undefined);
  return { userId, emails: [...new Set(emails)] };
}

async function findByAddress(ctx: QueryCtx, address: string): Promise<Doc<"user"> | null> {
  return await ctx.db
    .query("user")
    .withIndex("by_email", (q) => q.eq("email", address))
    .first();
}

async function requireNoMember(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  userId: Id<"user"> | null,
  emails: readonly string[],
): Promise<void> {
  const users = await Promise.all(emails.map(async (address) => await findByAddress(ctx, address)));
  for (const id of [userId, ...users.map((user) => user?._id ?? null)]) {
    if (id === null || (await getMember(ctx, organizationId, id)) === null) continue;
    throw latchkeyError("CONFLICT", "This person is a member of the organization. Remove them from it first.");
  }
}

/** An open invitation holds the address, and whoever accepts it would be in the trail anew. */
async function requireNoInvitation(
  ctx: MutationCtx,
  organizationId: Id<"organization">,
  emails: readonly string[],
): Promise<void> {
  for (const email of emails) {
    const invitation = await ctx.db
      .query("invitations")
      .withIndex("by_email", (q) => q.eq("organizationId", organizationId).eq("email", email))
      .first();
    if (invitation === null) continue;
    if (Date.now() < invitation.expiresAt) {
      throw latchkeyError("CONFLICT", "An invitation is open for this address. Cancel it first.");
    }
    await ctx.db.delete("invitations", invitation._id);
  }
}

async function getPointer(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  targetId: string,
): Promise<Doc<"auditErasures"> | null> {
  return await ctx.db
    .query("auditErasures")
    .withIndex("by_target", (q) => q.eq("organizationId", organizationId).eq("targetId", targetId))
    .unique();
}

function unknownPerson(): Error {
  return latchkeyError("NOT_FOUND", "The audit trail knows no such person, or they have been erased already.");
}
