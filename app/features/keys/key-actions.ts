import { Ban, CirclePause, CirclePlay, Clock, RefreshCw, Trash2, type LucideIcon } from "lucide-react";

import { isDead, type KeyLifetime } from "#convex/shared/keyStatus.ts";
import { mayActOnKey, type Grant } from "#convex/shared/permissions.ts";

/** What can be done to a key from the dashboard. */
export type KeyAction = "rotate" | "disable" | "enable" | "expire" | "revoke" | "delete";

export const actionIcons: Record<KeyAction, LucideIcon> = {
  rotate: RefreshCw,
  disable: CirclePause,
  enable: CirclePlay,
  expire: Clock,
  revoke: Ban,
  delete: Trash2,
};

/** Actions that end something and wear the danger colour. */
export const dangerous: ReadonlySet<KeyAction> = new Set<KeyAction>(["revoke", "delete"]);

/** Who acts, with what the membership gives. */
export type Actor = { grants: readonly Grant[]; userId: string };
type Actable = KeyLifetime & { ownerKind: "personal" | "service"; ownerUserId: string };

/** The actions that make sense for the key at `now` and that the member may take, in menu order. The server asks again. */
export function actionsFor(key: Actable, actor: Actor, now: number): KeyAction[] {
  return possibleActions(key, now).filter((action) => mayActOnKey(actor.grants, action, key, actor.userId));
}

function possibleActions(key: KeyLifetime, now: number): KeyAction[] {
  if (key.revokedAt != null) return ["delete"];
  if (isDead(key, now)) return ["revoke", "delete"];
  if (key.disabledAt == null) return ["rotate", "disable", "expire", "revoke"];
  // Enabling it would bring nothing back while its owner is not active.
  return key.ownerActive === false ? ["rotate", "expire", "revoke"] : ["rotate", "enable", "expire", "revoke"];
}
