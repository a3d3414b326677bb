import type { OrderedQuery, Query } from "convex/server";
import type { DataModel, Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { isAfter, toCursor } from "./cursors.ts";

/** Some of an organization's keys. What is left out narrows nothing. */
export type KeyRange = {
  organizationId: Id<"organization">;
  ownerKind?: "personal" | "service";
  /** Whose the personal ones are, and who answers for the service keys. */
  ownerUserId?: Id<"user">;
  nameKey?: string;
  /** Whether the record says that it is dead, which may be late. */
  ended?: boolean;
  /** The only ones that may be in it, by their ids: as many as an allow list names at most. */
  among?: readonly string[];
  /** The creation time of the newest one, epoch milliseconds. */
  upTo?: number;
};

type KeyQuery = Query<DataModel["keys"]>;

/**
 * Finds a range, newest first, by the index that comes nearest to it: a few keys among a million have to be found without
 * walking past the others. So it may give more than the range, never less.
 */
export function findNewestFirst(ctx: QueryCtx, range: KeyRange): AsyncIterable<Doc<"keys">> {
  const { ownerKind, ownerUserId, nameKey, among } = range;
  if (among !== undefined) return ofIds(ctx, range.organizationId, among);
  if (ownerKind === "personal" && ownerUserId !== undefined) {
    return ofOwner(ctx, { ...range, ownerRef: ownerUserId }).order("desc");
  }
  if (nameKey !== undefined) return ofName(ctx, { ...range, nameKey }).order("desc");
  if (ownerUserId !== undefined) return ofPerson(ctx, { ...range, ownerUserId });
  const keys = ownerKind === "service" ? ofOwner(ctx, { ...range, ownerRef: "service" }) : ofOrganization(ctx, range);
  return keys.order("desc");
}

/** Those keys of an organization that have these ids; others are left out. */
export async function findByIds(
  { db }: QueryCtx,
  organizationId: Id<"organization">,
  ids: readonly string[],
): Promise<Doc<"keys">[]> {
  const found = await Promise.all(
    ids.map(async (text) => {
      const id = db.normalizeId("keys", text);
      // An allow list counts by the letter.
      return id === text ? await db.get("keys", id) : null;
    }),
  );
  return found.filter((key) => key !== null).filter((key) => key.organizationId === organizationId);
}

async function* ofIds(
  ctx: QueryCtx,
  organizationId: Id<"organization">,
  ids: readonly string[],
): AsyncGenerator<Doc<"keys">> {
  const found = await findByIds(ctx, organizationId, ids);
  yield* found.toSorted(newestFirst);
}

/** By age, as all that follow. */
export function ofOrganization(
  { db }: QueryCtx,
  { organizationId, ended, upTo = Infinity }: Pick<KeyRange, "organizationId" | "ended" | "upTo">,
): KeyQuery {
  const keys = db.query("keys");
  return ended === undefined
    ? keys.withIndex("by_organization", (q) => q.eq("organizationId", organizationId).lte("_creationTime", upTo))
    : keys.withIndex("by_organization_ended", (q) =>
        q.eq("organizationId", organizationId).eq("ended", ended).lte("_creationTime", upTo),
      );
}

/** Those among which a name is unique. */
export function ofOwner(
  { db }: QueryCtx,
  {
    organizationId,
    ownerRef,
    ended,
    upTo = Infinity,
  }: Omit<KeyRange, "ownerKind" | "ownerUserId"> & { ownerRef: string },
): KeyQuery {
  const keys = db.query("keys");
  return ended === undefined
    ? keys.withIndex("by_owner", (q) =>
        q.eq("organizationId", organizationId).eq("ownerRef", ownerRef).lte("_creationTime", upTo),
      )
    : keys.withIndex("by_owner_ended", (q) =>
        q.eq("organizationId", organizationId).eq("ownerRef", ownerRef).eq("ended", ended).lte("_creationTime", upTo),
      );
}

function ofName(
  { db }: QueryCtx,
  { organizationId, nameKey, upTo = Infinity }: KeyRange & { nameKey: string },
): KeyQuery {
  return db
    .query("keys")
    .withIndex("by_name", (q) =>
      q.eq("organizationId", organizationId).eq("nameKey", nameKey).lte("_creationTime", upTo),
    );
}

/** A person's own keys and the service keys that the person answers for, or one of both kinds. */
function ofPerson(
  { db }: QueryCtx,
  { organizationId, ownerUserId, ownerKind, upTo = Infinity }: KeyRange & { ownerUserId: Id<"user"> },
): AsyncIterable<Doc<"keys">> {
  const ofKind = (kind: "personal" | "service") =>
    db
      .query("keys")
      .withIndex("by_owner_user", (q) =>
        q
          .eq("organizationId", organizationId)
          .eq("ownerUserId", ownerUserId)
          .eq("ownerKind", kind)
          .lte("_creationTime", upTo),
      )
      .order("desc");
  return ownerKind === undefined ? mergeNewestFirst(ofKind("personal"), ofKind("service")) : ofKind(ownerKind);
}

async function* mergeNewestFirst(...queries: OrderedQuery<DataModel["keys"]>[]): AsyncGenerator<Doc<"keys">> {
  const parts = await Promise.all(
    queries.map(async (query) => {
      const rows = query[Symbol.asyncIterator]();
      return { rows, head: await rows.next() };
    }),
  );
  try {
    for (;;) {
      const waiting = parts.flatMap((part) => (part.head.done === true ? [] : [{ part, key: part.head.value }]));
      const [next] = waiting.toSorted((one, other) => newestFirst(one.key, other.key));
      if (next === undefined) return;
      yield next.key;
      next.part.head = await next.part.rows.next();
    }
  } finally {
    await Promise.all(parts.map(async ({ rows }) => await rows.return?.()));
  }
}

function newestFirst(one: Doc<"keys">, other: Doc<"keys">): number {
  return isAfter(one, toCursor(other)) ? 1 : -1;
}
