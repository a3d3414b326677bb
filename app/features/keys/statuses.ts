import type { KeyStatus } from "#convex/shared/keyStatus.ts";

/** Every status in the order in which a key may pass through them. */
export const STATUSES = [
  "active",
  "expiring",
  "not-yet-valid",
  "disabled",
  "expired",
  "revoked",
] as const satisfies KeyStatus[];

/** The statuses that an address names ("expiring.disabled"), each once and in order; what is none is left out. */
export function readStatuses(text: string | undefined): KeyStatus[] {
  const named = new Set<string>((text ?? "").split("."));
  return STATUSES.filter((status) => named.has(status));
}

/** How an address names them; undefined for none, which filters nothing. */
export function writeStatuses(statuses: readonly KeyStatus[]): string | undefined {
  return statuses.length === 0 ? undefined : statuses.join(".");
}

/** Whether dead keys are among those that are asked for. */
export function wantsDead(statuses: readonly KeyStatus[]): boolean {
  return statuses.includes("expired") || statuses.includes("revoked");
}
