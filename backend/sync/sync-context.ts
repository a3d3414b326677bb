import type { AdminGate } from "../access/admin-key.ts";
import type { Caller } from "../access/caller.ts";
import type { CallAnswer, FunctionCall } from "../access/function-calls.ts";
import type { BackendLogEntry } from "../config.ts";
import type { VerifiedToken } from "../identity/token-verifier.ts";
import type { LiveQueryContext } from "./live-query.ts";
import type { SessionMutations } from "./session-mutations.ts";

/** What sessions share. */
export interface SyncContext extends LiveQueryContext {
  /** Depends on the listener a socket came through. */
  readonly adminKey: AdminGate;
  readonly verifyToken: (jwt: string) => Promise<VerifiedToken>;
  readonly mutations: SessionMutations;
  readonly runAction: (caller: Caller, call: FunctionCall) => Promise<CallAnswer>;
  readonly log: (entry: BackendLogEntry) => void;
}
