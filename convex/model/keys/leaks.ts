import type { Id } from "../../_generated/dataModel.js";
import type { MutationCtx } from "../../_generated/server.js";
import { SYSTEM, recordEntry } from "../audit/trail.ts";

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
    const key = await ctx.db.get("keys", keyId);
    // Reported twice at once, or revoked by hand meanwhile.
    if (key === null || key.revokedAt !== undefined) continue;
    const revokeReason = foundAt === null ? "Leaked" : `Leaked: ${foundAt}`;
    const changed = { revokedAt: Date.now(), revokedBy: "latchkey", revokeReason, ended: true };
    await ctx.db.patch("keys", keyId, changed);
    await recordEntry(ctx, key.organizationId, SYSTEM, request, {
      action: "key.revoke",
      targetKind: "key",
      targetId: keyId,
      before: { revokedAt: null, revokedBy: null },
      after: { revokedAt: changed.revokedAt, revokedBy: changed.revokedBy },
      reason: revokeReason,
    });
  }
}
