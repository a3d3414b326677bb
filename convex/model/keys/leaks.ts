import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { revokeBySystem } from "./changes.ts";

/** Where a key was seen that nobody should have seen. */
export type Leak = { keyId: Id<"keys">; foundAt: string | null };

/**
 * Revokes keys that lie open somewhere, each with the place as its reason. Who reports them needs no right: showing
 * the secret proves the leak, and all that it can do is end the key. Dead ones stay as they are.
 */
export async function revokeLeaked(
  ctx: MutationCtx,
  leaks: readonly Leak[],
  request: { id: string; ip?: string; agent?: string },
): Promise<void> {
  for (const { keyId, foundAt } of leaks) {
    // Reported twice at once, or revoked by hand meanwhile, it changes nothing.
    await revokeBySystem(ctx, keyId, foundAt === null ? "Leaked" : `Leaked: ${foundAt}`, request);
  }
}
