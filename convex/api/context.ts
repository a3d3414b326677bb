import type { ActionCtx } from "../_generated/server.js";
import type { LiveSession } from "../auth/findSession.ts";
import type { Caller } from "../model/rights/callers.ts";
import type { Once } from "../model/repetitions.ts";
import type { Rate } from "../shared/allowance.ts";
import type { Grant } from "../shared/permissions.ts";
import type { KeyState } from "../model/verification/keyStates.ts";
import type { Left } from "../model/verification/spending.ts";

/** A request that has arrived, with what is known of its sender before anyone is authenticated. */
export type Arrival = {
  request: Request;
  /** Names this request in answers, logs and audit entries. */
  traceId: string;
  /** Null when no trustworthy hop says. */
  ip: string | null;
  agent: string | null;
  /** Filled in as it becomes known. */
  notes: CallNotes;
};

/** What usage figures need to know of a request. */
export type CallNotes = {
  /** The key that calls, once its secret was found right. */
  key: KeyState | null;
  /** Whether the key was let in: only then the request is a use of it. */
  isAdmitted: boolean;
  /** What the request is for, when one operation is all that it can be for. */
  operation: string | null;
  /** The operations that were run, with `OK` or the code of their refusal. */
  calls: { operation: string; outcome: string }[];
};

/**
 * Who calls, and in which organization. The key's state and what is left of its limits, or what the membership gives,
 * are as of this request; `rate` is the limit that comes next.
 */
export type Identified =
  | { type: "key"; caller: Extract<Caller, { type: "key" }>; key: KeyState; left: Left; rate: Rate | null }
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
  /** Finds out which person calls, and by which session; null for a key. Throws UNAUTHENTICATED and its like. */
  identifyPerson(): Promise<LiveSession | null>;
  /** Set when the request shall happen once however often it is sent. */
  once?: Once;
};
