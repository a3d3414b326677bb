import type { ActionCtx } from "../_generated/server.js";
import { noteDenial } from "../model/audit/denialNotes.ts";
import type { Caller } from "../model/rights/callers.ts";
import { toRefusal } from "./refusal.ts";

/** The field of an input that names the one thing that an operation is about: `keyId`, `memberId`. */
const TARGET_FIELD = /^([a-z]+)Id$/;
// What ids of the database and the public ids in keys look like. Nothing else that a caller wrote gets into the trail:
// a key has underscores, and its secret is longer than a public id.
const ID = /^(?:[0-9a-z]{25,40}|[0-9A-Za-z]{8,24})$/;

/**
 * Notes in the audit trail that a known caller was refused: for want of rights, or because what it named is not there
 * for it. Every other failure is nobody's attempt at what they may not do.
 */
export async function noteRefusal(
  ctx: ActionCtx,
  caller: Caller,
  operation: string,
  { thrown, input }: { thrown: unknown; input: unknown },
): Promise<void> {
  const code = toRefusal(thrown)?.code;
  const target = findTarget(input);
  if (code === "FORBIDDEN" || (code === "NOT_FOUND" && target !== null)) {
    await noteDenial(ctx, caller, { operation, code, target });
  }
}

function findTarget(input: unknown): { kind: string; id: string } | null {
  if (typeof input !== "object" || input === null) return null;
  for (const [field, id] of Object.entries(input)) {
    const kind = TARGET_FIELD.exec(field)?.[1];
    if (kind !== undefined && typeof id === "string" && ID.test(id)) return { kind, id };
  }
  return null;
}
