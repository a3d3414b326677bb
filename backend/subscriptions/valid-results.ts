import type { TouchedKeys } from "../database/read-set.ts";
import type { Identity } from "../values/identity.ts";
import type { CachedQuery } from "./cached-query.ts";
import type { QueryRequest } from "./live-queries.ts";
import { ReadIndex } from "./read-index.ts";
import { RecencyList } from "./recency-list.ts";

export interface CacheLimits {
  /** Results nobody watches; watched ones are always kept. */
  readonly maxIdle: number;
  readonly maxIdleBytes: number;
}

/** All valid results: found by request, found by what a commit touched, and bounded unless watched. */
export class ValidResults {
  readonly #limits: CacheLimits;
  /** By query key for results that suit everybody, by query and identity key for the others. */
  readonly #byKey = new Map<string, CachedQuery>();
  readonly #valid = new Set<CachedQuery>();
  readonly #reads = new ReadIndex<CachedQuery>();
  readonly #idle = new RecencyList<CachedQuery>();
  #idleBytes = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  /** How many valid results there are. */
  get size(): number {
    return this.#valid.size;
  }

  get(key: string, identity: Identity | null): CachedQuery | undefined {
    const entry = this.#byKey.get(key) ?? this.#byKey.get(withIdentity(key, identityKey(identity)));
    if (entry?.isListed) this.#idle.use(entry);
    return entry;
  }

  /** The entry takes the place of an earlier result of the same query, whose watchers keep it for themselves. */
  add(entry: CachedQuery): void {
    const key = entry.result.usedIdentity ? withIdentity(entry.key, entry.identityKey) : entry.key;
    const previous = this.#byKey.get(key);
    if (previous?.isListed) this.remove(previous);
    this.#byKey.set(key, entry);
    this.#valid.add(entry);
    this.#reads.add(entry, entry.result.reads);
    this.rest(entry);
  }

  /** Removes everything that a commit made out of date and returns it. */
  invalidate(touched: TouchedKeys): Iterable<CachedQuery> {
    const affected = this.#reads.affected(touched);
    for (const entry of affected) this.remove(entry);
    return affected;
  }

  clear(): Iterable<CachedQuery> {
    const all = [...this.#valid];
    for (const entry of all) this.remove(entry);
    return all;
  }

  /** Somebody watches it now, so it is not to be dropped. */
  keep(entry: CachedQuery): void {
    if (!entry.isListed) return;
    this.#idle.remove(entry);
    this.#idleBytes -= entry.bytes;
  }

  /** Nobody watches it, so it may be dropped when others need the room. */
  rest(entry: CachedQuery): void {
    if (!this.#valid.has(entry) || entry.isListed) return;
    this.#idle.use(entry);
    this.#idleBytes += entry.bytes;
    while (this.#idle.size > this.#limits.maxIdle || this.#idleBytes > this.#limits.maxIdleBytes) {
      const oldest = this.#idle.oldest;
      if (!oldest) return;
      this.remove(oldest);
    }
  }

  remove(entry: CachedQuery): void {
    if (!this.#valid.delete(entry)) return;
    this.keep(entry);
    this.#reads.remove(entry, entry.result.reads);
    const key = entry.result.usedIdentity ? withIdentity(entry.key, entry.identityKey) : entry.key;
    if (this.#byKey.get(key) === entry) this.#byKey.delete(key);
  }
}

/** What identifies a query apart from who asks. */
export function queryKey(request: Omit<QueryRequest, "identity">): string {
  if (request.key !== undefined) return request.key;
  // Or an end user would get what an action has just read from an internal function.
  const access = request.allowInternal ? "internal" : "public";
  return `${access}\n${request.mount}\n${request.path}\n${request.journal ?? ""}\n${request.args}`;
}

const identityKeys = new WeakMap<Identity, string>();

/** Equal for equal identities; worked out once per identity object. */
export function identityKey(identity: Identity | null): string {
  if (!identity) return "null";
  let key = identityKeys.get(identity);
  if (key === undefined) {
    const claims = Object.entries(identity).toSorted(([a], [b]) => (a < b ? -1 : 1));
    key = JSON.stringify(claims);
    identityKeys.set(identity, key);
  }
  return key;
}

/** Neither a path nor JSON text ends in a line break, so these keys never meet those without an identity. */
export function withIdentity(key: string, identity: string): string {
  return `${key}\n\n${identity}`;
}
