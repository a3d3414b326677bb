import { internal } from "../_generated/api.js";
import type { ActionCtx } from "../_generated/server.js";
import type { Arrival } from "../api/context.ts";
import type { Leak } from "../model/keys/leaks.ts";
import { findKey } from "../model/verification/verifyKey.ts";
import { checkText } from "../shared/limits.ts";

/** How many secrets one report may show. */
export const LEAKS_MAX = 100;
const PLACE_MAX_LENGTH = 300;

/** A text that looks like a key, and where it was found. */
export type ReportedSecret = { key: string; foundAt?: string };

/**
 * Ends those keys whose secrets these are, and says nothing about which: whoever tries texts learns only that they
 * were received.
 */
export async function endLeaked(ctx: ActionCtx, arrival: Arrival, secrets: readonly ReportedSecret[]): Promise<void> {
  const { traceId, ip, agent } = arrival;
  const found = await Promise.all(
    secrets.slice(0, LEAKS_MAX).map(async ({ key: text, foundAt }): Promise<Leak[]> => {
      const key = await findKey(ctx, text);
      // A replaced secret that works no more is no danger, and revoking for it would end the one that took its place.
      if (key === null || key.revokedAt !== null || isOver(key.secretValidUntil)) return [];
      return [{ keyId: key.keyId, foundAt: toPlace(foundAt) }];
    }),
  );
  const leaks = found.flat();
  if (leaks.length === 0) return;
  const request = { id: traceId, ...(ip !== null && { ip }), ...(agent !== null && { agent }) };
  await ctx.runMutation(internal.leaks.revoke, { leaks, request });
}

function isOver(moment: number | null): boolean {
  return moment !== null && Date.now() >= moment;
}

function toPlace(text: string | undefined): string | null {
  const checked = checkText((text ?? "").slice(0, PLACE_MAX_LENGTH), PLACE_MAX_LENGTH);
  return checked.ok && checked.value !== "" ? checked.value : null;
}
