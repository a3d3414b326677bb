import type { FunctionReturnType } from "convex/server";

import type { api } from "#convex/_generated/api.js";
import { idleDeathOf } from "#convex/shared/policy.ts";

/** A key as lists and panels get it: never its secret. */
export type KeyView = FunctionReturnType<typeof api.keys.list>["page"][number];

/** The same with when it dies of disuse; its status is derived by `keyStatus(key, now)`. */
export type TimedKeyView = KeyView & { idleExpiresAt: number | null };

/** Puts the two together. `lastUsedAt` in epoch ms is null for never, and undefined while it loads: disuse is then left out. */
export function withLastUse(keyView: KeyView, lastUsedAt: number | null | undefined): TimedKeyView {
  const { idleLimitMs } = keyView;
  const isKnown = idleLimitMs !== null && lastUsedAt !== undefined;
  return { ...keyView, idleExpiresAt: isKnown ? idleDeathOf(keyView, lastUsedAt, idleLimitMs) : null };
}
