import type { ActionCtx } from "../_generated/server.js";
import type { Caller } from "../model/callers.ts";
import type { Once } from "../model/repetitions.ts";
import type { Rate } from "../model/verifyKey.ts";
import type { Grant } from "../shared/permissions.ts";
import type { KeyState } from "../model/keyStates.ts";

/** A request that has arrived, with what is known of its sender before anyone is authenticated. */
export type Arrival = {
  request: Request;
  /** Names this request in answers, logs and audit entries. */
  traceId: string;
  /** Null when no trustworthy hop says. */
  ip: string | null;
  agent: string | null;
};

/** Who calls, and in which organization. The key's state, or what the membership gives, is as of this request. */
export type Identified =
  | { type: "key"; caller: Extract<Caller, { type: "key" }>; key: KeyState; rate: Rate | null }
  | { type: "user"; caller: Caller; userId: string; role: string; grants: readonly Grant[]; rate: null };

/** What a procedure is given. */
export type ApiContext = {
  convex: ActionCtx;
  arrival: Arrival;
  /**
   * Finds out who calls, once per request. `ownKeyId` is the key that an operation with `forOwner` is about.
   * Throws UNAUTHENTICATED and its like.
   */
  identify(ownKeyId?: string): Promise<Identified>;
  /** Set when the request shall happen once however often it is sent. */
  once?: Once;
};
