import type { Identity } from "../values/identity.ts";

/** Whoever a call arrives from. Only an admin may call internal functions, components and system queries. */
export type Caller =
  | { readonly type: "anonymous" }
  /** `expiresAt` in epoch milliseconds. */
  | { readonly type: "user"; readonly identity: Identity; readonly expiresAt: number }
  | { readonly type: "admin"; readonly actingAs: Identity | null };

export const ANONYMOUS: Caller = { type: "anonymous" };

/** What `ctx.auth.getUserIdentity()` gives to a function called by `caller`. */
export function identityOf(caller: Caller): Identity | null {
  switch (caller.type) {
    case "anonymous":
      return null;
    case "user":
      return caller.identity;
    case "admin":
      return caller.actingAs;
    default:
      return caller satisfies never;
  }
}
