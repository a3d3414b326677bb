import type { Doc, Id } from "../../_generated/dataModel.js";
import type { QueryCtx } from "../../_generated/server.js";
import { partDigest } from "../../shared/auditChain.ts";
import { findErasure } from "./erasure.ts";
import type { EntryParts } from "./persons.ts";

/** Up to which entry a person has been erased, by user id or by the id of their invitation; 0 for not at all. */
export type Erasures = (targetId: string) => Promise<number>;

/** Looks erasures up, each once: a page may hold a thousand entries of the same erased person. */
export function readErasures(ctx: QueryCtx, organizationId: Id<"organization">): Erasures {
  const known = new Map<string, Promise<number>>();
  return async (targetId) => {
    const found = known.get(targetId) ?? findErasure(ctx, organizationId, targetId);
    known.set(targetId, found);
    return await found;
  };
}

/** Whether what an entry says of people is what was hashed, or was taken out as a later entry says. */
export async function judgeParts(
  entry: Doc<"audit">,
  { persons, subjects }: EntryParts = { persons: [], subjects: [] },
  erasures: Erasures,
): Promise<"right" | "erased" | "wrong"> {
  const { seq = 0, personId, personDigest, subjectDigest, targetId } = entry;
  const isErased = async (id: string | null): Promise<boolean> => id !== null && (await erasures(id)) > seq;
  const person = judge(personDigest, persons, () => personId);
  const subject = judge(subjectDigest, subjects, ({ email }) => email);
  if (person === "wrong" || subject === "wrong") return "wrong";
  if (person === "gone" && !(await isErased(personId))) return "wrong";
  if (subject === "gone" && !(await isErased(targetId))) return "wrong";
  return person === "gone" || subject === "gone" ? "erased" : "right";
}

/** `whose` says under whom the row must be filed, where erasing will look for it. */
function judge<Kind extends EntryParts["persons" | "subjects"][number]>(
  digest: string | null,
  rows: readonly Kind[],
  whose: (part: Kind["part"]) => string | null,
): "right" | "gone" | "wrong" {
  const [found, ...others] = rows;
  if (digest === null) return found === undefined ? "right" : "wrong";
  if (found === undefined) return "gone";
  const { row, part } = found;
  if (others.length > 0 || row.personId !== whose(part)) return "wrong";
  return partDigest(row.salt, part) === digest ? "right" : "wrong";
}
