import { decodeIdentity } from "../access/acting-identity.ts";
import { AccessError } from "../access/access-error.ts";
import { ANONYMOUS, type Caller } from "../access/caller.ts";
import type { FunctionCall } from "../access/function-calls.ts";
import { TokenError } from "../identity/token-error.ts";
import { isJsonObject } from "../values/json.ts";
import type { SessionIdentity } from "./live-query.ts";
import { FrameQueue } from "./frame-queue.ts";
import type { Outbox } from "./outbox.ts";
import { type Authenticate, type ClientMessage, type ModifyQuerySet, ProtocolError } from "./protocol.ts";
import { actionResponse, authError, fatalError, mutationResponse } from "./server-message.ts";
import type { SyncContext } from "./sync-context.ts";
import { TransitionLoop } from "./transition-loop.ts";

type SessionState =
  | { readonly state: "connecting" }
  | { readonly state: "open"; readonly sessionId: string }
  | { readonly state: "closing" };

interface QueuedMutation {
  readonly requestId: number;
  readonly sessionId: string;
  readonly caller: Caller;
  readonly call: FunctionCall;
}

/** Close codes of the WebSocket protocol. */
export const CLOSE = { normal: 1000, goingAway: 1001, policy: 1008, internal: 1011, tryAgain: 1013 } as const;

const MAX_RUNNING_CALLS = 512;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * One socket's conversation. Frames are handled strictly one after the other, the wait for a token's verification
 * included: a frame that overtook its Authenticate would run as the wrong user.
 */
export class Session {
  readonly #context: SyncContext;
  readonly #outbox: Outbox;
  readonly #closeSocket: (code: number, reason: string) => void;
  readonly #frames: FrameQueue<ClientMessage>;
  readonly #mutations: FrameQueue<QueuedMutation>;
  readonly #transitions: TransitionLoop;
  #state: SessionState = { state: "connecting" };
  #identity: SessionIdentity = { version: 0, caller: ANONYMOUS };
  #querySetVersion = 0;
  #expiry: NodeJS.Timeout | null = null;
  #runningCalls = 0;

  constructor(context: SyncContext, outbox: Outbox, closeSocket: (code: number, reason: string) => void) {
    this.#context = context;
    this.#outbox = outbox;
    this.#closeSocket = closeSocket;
    this.#frames = new FrameQueue((message) => this.#handle(message), this.#fail);
    this.#mutations = new FrameQueue((mutation) => this.#runMutation(mutation), this.#fail);
    this.#transitions = new TransitionLoop(context, outbox, this.#fail);
  }

  /** Takes a decoded frame in the order of arrival. Returns how many wait, for the socket to pause by. */
  receive(message: ClientMessage): number {
    if (this.#state.state !== "closing") this.#frames.push(message);
    return this.#frames.length + this.#mutations.length + Math.max(0, this.#runningCalls - MAX_RUNNING_CALLS);
  }

  /** The client broke the protocol: it is told to stop for good. */
  refuse(error: ProtocolError): void {
    this.#outbox.send(fatalError(error.message));
    this.#end(CLOSE.policy, "ProtocolError");
  }

  /** The socket is gone; what runs may finish, nothing new starts. */
  close(): void {
    this.#state = { state: "closing" };
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#frames.close();
    this.#mutations.close();
    this.#transitions.close();
    this.#outbox.close();
  }

  #end(code: number, reason: string): void {
    this.close();
    this.#closeSocket(code, reason);
  }

  readonly #fail = (error: unknown): void => {
    if (this.#state.state === "closing") return;
    if (error instanceof ProtocolError) {
      this.refuse(error);
      return;
    }
    this.#context.log({ level: "error", message: "Sync session failed", error });
    this.#end(CLOSE.internal, "InternalServerError");
  };

  async #handle(message: ClientMessage): Promise<void> {
    const { state } = this.#state;
    if (state === "closing") return;
    if ((message.type === "Connect") !== (state === "connecting")) {
      throw new ProtocolError(`${message.type} is not expected while ${state}`);
    }
    switch (message.type) {
      case "Connect":
        if (this.#isAheadOfUs(message.maxObservedTimestamp)) {
          this.#end(CLOSE.tryAgain, "InternalServerError: the client has seen a later state than this server");
          return;
        }
        this.#state = { state: "open", sessionId: message.sessionId };
        this.#transitions.clientClockSkewMs = message.clientTs === null ? null : Date.now() - message.clientTs;
        return;
      case "Authenticate":
        await this.#authenticate(message);
        return;
      case "ModifyQuerySet":
        this.#modifyQuerySet(message);
        return;
      case "Mutation":
        if (this.#state.state !== "open" || this.#isExpired()) return;
        // The caller as of this frame: a later Authenticate may be handled before the mutation's turn comes.
        this.#mutations.push({
          requestId: message.requestId,
          sessionId: this.#state.sessionId,
          caller: this.#identity.caller,
          call: message,
        });
        return;
      case "Action":
        if (!this.#isExpired()) this.#startAction(message.requestId, this.#identity.caller, message);
        return;
      case "Event":
        return;
      default:
        message satisfies never;
    }
  }

  // Anything sent was durable and no later than our clock then, so a later sighting comes from another history.
  #isAheadOfUs(ts: number | null): boolean {
    return ts !== null && ts > Math.max(this.#context.database.latest, Date.now() * 1000);
  }

  async #authenticate({ baseVersion, credential }: Authenticate): Promise<void> {
    if (baseVersion !== this.#identity.version) {
      throw new ProtocolError(`Authenticate at version ${baseVersion} instead of ${this.#identity.version}`);
    }
    let caller: Caller;
    try {
      caller = await this.#callerOf(credential);
    } catch (error) {
      if (!(error instanceof TokenError) && !(error instanceof AccessError)) throw error;
      this.#outbox.send(authError(error.message, baseVersion, true));
      this.#end(CLOSE.normal, "AuthError");
      return;
    }
    // The socket may have gone while the token was looked at.
    if (this.#isClosing()) return;
    this.#identity = { version: baseVersion + 1, caller };
    this.#watchExpiry(caller);
    this.#transitions.identify(this.#identity);
  }

  async #callerOf(credential: Authenticate["credential"]): Promise<Caller> {
    switch (credential.type) {
      case "None":
        return ANONYMOUS;
      case "User": {
        const { identity, expiresAt } = await this.#context.verifyToken(credential.token);
        return { type: "user", identity, expiresAt };
      }
      case "Admin": {
        const admin = this.#context.adminKey.require(credential.key);
        return isJsonObject(credential.impersonating)
          ? { type: "admin", actingAs: decodeIdentity(credential.impersonating) }
          : admin;
      }
      default:
        return credential satisfies never;
    }
  }

  #watchExpiry(caller: Caller): void {
    if (this.#expiry !== null) clearTimeout(this.#expiry);
    this.#expiry = null;
    if (caller.type !== "user") return;
    const wait = (): void => {
      const left = caller.expiresAt - Date.now();
      if (left > 0) this.#expiry = setTimeout(wait, Math.min(left, MAX_TIMER_MS)).unref();
      else this.#isExpired();
    };
    wait();
  }

  /** Whether the token in use has run out; the client is then told, to come back with a fresh one. */
  #isExpired(): boolean {
    const { caller, version } = this.#identity;
    if (caller.type !== "user" || caller.expiresAt > Date.now() || this.#isClosing()) return false;
    this.#outbox.send(authError("The token has expired", version, false));
    this.#end(CLOSE.normal, "TokenExpired");
    return true;
  }

  #modifyQuerySet(message: ModifyQuerySet): void {
    if (message.baseVersion !== this.#querySetVersion || message.newVersion <= message.baseVersion) {
      throw new ProtocolError(
        `ModifyQuerySet from version ${message.baseVersion} to ${message.newVersion} at ${this.#querySetVersion}`,
      );
    }
    this.#querySetVersion = message.newVersion;
    this.#transitions.modify(message);
  }

  async #runMutation({ requestId, sessionId, caller, call }: QueuedMutation): Promise<void> {
    const beforeCommit = (): void => this.#transitions.hold();
    try {
      const answer = await this.#context.mutations.run(caller, call, { sessionId, requestId }, beforeCommit);
      if (this.#isClosing()) return;
      this.#outbox.send(mutationResponse(requestId, answer));
      // The client resolves a mutation only on a transition that comes after its response, changed or not.
      if (answer.ok) this.#transitions.owe(answer.ts ?? 0);
    } finally {
      this.#transitions.release();
    }
  }

  #startAction(requestId: number, caller: Caller, call: FunctionCall): void {
    const run = async (): Promise<void> => {
      this.#runningCalls += 1;
      try {
        const answer = await this.#context.runAction(caller, call);
        this.#outbox.send(actionResponse(requestId, answer));
      } finally {
        this.#runningCalls -= 1;
      }
    };
    run().catch(this.#fail);
  }

  #isClosing(): boolean {
    return this.#state.state === "closing";
  }
}
