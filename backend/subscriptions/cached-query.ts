import type { QueryResult } from "./live-queries.ts";
import type { RecencyItem } from "./recency-list.ts";

/** A result that used the clock, or an error (which may be a passing one), is given to new readers this long. */
const SHORT_LIFE_MS = 1000;

export interface Subscriber {
  /** The result it holds has just become stale. */
  notify(): void;
}

/** One result of one query, with whoever watches it. A rerun makes a new one. */
export class CachedQuery implements RecencyItem<CachedQuery> {
  readonly key: string;
  /** Of the identity it ran for; results that did not look at the identity serve all. */
  readonly identityKey: string;
  readonly result: QueryResult;
  readonly bytes: number;
  readonly subscribers = new Set<Subscriber>();
  readonly #expiresAt: number;
  isStale = false;
  older: CachedQuery | null = null;
  newer: CachedQuery | null = null;
  isListed = false;

  /** @param nowMs on the same clock as the argument of {@link isFresh}. */
  constructor(key: string, identityKey: string, result: QueryResult, nowMs: number) {
    this.key = key;
    this.identityKey = identityKey;
    this.result = result;
    const { outcome } = result;
    this.bytes = key.length + (outcome.ok ? outcome.value.length : 0);
    this.#expiresAt = result.observedTime || !outcome.ok ? nowMs + SHORT_LIFE_MS : Infinity;
  }

  /** Asks the clock only for results that age by themselves. */
  isFresh(nowMs: () => number): boolean {
    return this.#expiresAt === Infinity || nowMs() < this.#expiresAt;
  }

  serves(identityKey: string): boolean {
    return !this.result.usedIdentity || this.identityKey === identityKey;
  }
}
