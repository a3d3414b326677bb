import { internal } from "../_generated/api.js";
import type { Once } from "../model/repetitions.ts";
import { latchkeyError } from "../shared/errors.ts";
import { sha256Base64Url } from "../shared/sha256.ts";
import type { ApiContext } from "./context.ts";
import { toKeyRecord } from "./keyRecord.ts";
import type { KeyRecord } from "./keyRecord.ts";
import type { Operation } from "./operations.ts";

const MAX_LENGTH = 255;

/**
 * The Idempotency-Key of a request with what it asks for, or null when there is none or the operation takes
 * none. Throws INVALID_INPUT for one that is empty or too long.
 */
export function readOnce(operation: Operation, headers: Headers, input: Record<string, unknown>): Once | null {
  const idempotencyKey = operation.meta.repeated !== undefined ? headers.get("idempotency-key") : null;
  if (idempotencyKey === null) return null;
  if (idempotencyKey === "" || idempotencyKey.length > MAX_LENGTH) {
    const message = `Use 1 to ${MAX_LENGTH} characters.`;
    throw latchkeyError("INVALID_INPUT", `The Idempotency-Key is not right. ${message}`, [
      { path: "Idempotency-Key", message },
    ]);
  }
  // The order of fields is the sender's, who repeats the same text when it repeats the request.
  const inputHash = sha256Base64Url(encodeURIComponent(JSON.stringify(input)));
  return { operation: operation.name, idempotencyKey, inputHash };
}

/** The record that the same request got before, without the plaintext that it got then. Null for a first request. */
export async function findRepeated(ctx: ApiContext, once: Once): Promise<KeyRecord | null> {
  const { caller } = await ctx.identify();
  const view = await ctx.convex.runQuery(internal.repetitions.find, { caller, once });
  return view === null ? null : toKeyRecord(view, Date.now());
}
