import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { ANONYMOUS } from "../access/caller.ts";
import type { Timestamp } from "../database/database.ts";
import type { SessionIdentity } from "./live-query.ts";
import type { Outbox } from "./outbox.ts";
import type { ModifyQuerySet } from "./protocol.ts";
import { QuerySet } from "./query-set.ts";
import { INITIAL_VERSION, type StateVersion, toFrames, transition } from "./server-message.ts";
import type { SyncContext } from "./sync-context.ts";

const MAX_FRAME_LENGTH = 4 * 1024 * 1024;

/**
 * Keeps one client's copy of its queries current. Whatever happens only marks that there is work; one round at a time then
 *
 * 1. takes over what the client asked for since the last round,
 * 2. settles all queries at one timestamp,
 * 3. waits until that is on disk, and for the response to a mutation of the client's own that may be part of it,
 * 4. tells the client, from exactly the version it was told before.
 */
export class TransitionLoop {
  readonly #context: SyncContext;
  readonly #outbox: Outbox;
  readonly #onError: (error: unknown) => void;
  readonly #queries: QuerySet;
  /** How far the client's clock is behind ours, in milliseconds. */
  clientClockSkewMs: number | null = null;
  #told: StateVersion = INITIAL_VERSION;
  #querySetVersion = 0;
  #identity: SessionIdentity = { version: 0, caller: ANONYMOUS };
  #requested: { identity: SessionIdentity; modifications: ModifyQuerySet[] };
  #owedTs: Timestamp | null = null;
  #held: PromiseWithResolvers<void> | null = null;
  #hasWork = false;
  #isRunning = false;
  #isClosed = false;

  constructor(context: SyncContext, outbox: Outbox, onError: (error: unknown) => void) {
    this.#context = context;
    this.#outbox = outbox;
    this.#onError = onError;
    this.#queries = new QuerySet(context, () => this.#wake());
    this.#requested = { identity: this.#identity, modifications: [] };
  }

  /** From now on queries run for this identity. */
  identify(identity: SessionIdentity): void {
    this.#requested.identity = identity;
    this.#wake();
  }

  modify(modification: ModifyQuerySet): void {
    this.#requested.modifications.push(modification);
    this.#wake();
  }

  /** The client has a response and waits for a transition at or after its `ts`, even when nothing changes. */
  owe(ts: Timestamp): void {
    this.#owedTs = Math.max(ts, this.#owedTs ?? 0);
    this.#wake();
  }

  /**
   * Sends no transition before the matching {@link release}: a mutation is about to commit, and a client that saw its effect
   * before its response would show it twice, once as its own optimistic update.
   */
  hold(): void {
    this.#held ??= Promise.withResolvers<void>();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = null;
  }

  close(): void {
    this.release();
    this.#isClosed = true;
    if (!this.#isRunning) this.#queries.close();
  }

  #wake(): void {
    this.#hasWork = true;
    if (!this.#isRunning && !this.#isClosed) void this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      while (this.#hasWork && !this.#isClosed) {
        this.#hasWork = false;
        await this.#round();
      }
    } catch (error) {
      this.#isClosed = true;
      this.#onError(error);
    } finally {
      this.#isRunning = false;
      if (this.#isClosed) this.#queries.close();
    }
  }

  async #round(): Promise<void> {
    const behind = this.#outbox.caughtUp();
    if (behind !== undefined) await behind;
    this.#takeRequests();
    const ts = await this.#queries.settle(this.#identity, Math.max(this.#told.ts, this.#owedTs ?? 0));
    const modifications = this.#queries.takeModifications(this.#identity);
    const durable = this.#context.database.durable(ts);
    if (durable !== undefined) {
      await durable;
      // The writer's answer waits for the same moment, and goes before the news for everybody who watches.
      if (this.#owedTs === null) await setImmediate();
    }
    while (this.#held !== null) await this.#held.promise;
    if (this.#isClosed) return;

    const end: StateVersion = { querySet: this.#querySetVersion, identity: this.#identity.version, ts };
    const isNewIdentity = end.identity !== this.#told.identity;
    const isNewVersion = isNewIdentity || end.querySet !== this.#told.querySet;
    const paysDebt = this.#owedTs !== null && ts >= this.#owedTs;
    if (modifications.length === 0 && !isNewVersion && !paysDebt) return;
    const skew = isNewIdentity ? this.clientClockSkewMs : null;
    const text = transition(this.#told, end, modifications, skew);
    for (const frame of toFrames(text, randomId(text), MAX_FRAME_LENGTH)) this.#outbox.send(frame);
    this.#told = end;
    if (paysDebt) this.#owedTs = null;
  }

  #takeRequests(): void {
    const { identity, modifications } = this.#requested;
    this.#requested = { identity, modifications: [] };
    this.#identity = identity;
    for (const modification of modifications) {
      this.#queries.apply(modification);
      this.#querySetVersion = modification.newVersion;
    }
  }
}

function randomId(text: string): string {
  return text.length > MAX_FRAME_LENGTH ? randomUUID() : "";
}
