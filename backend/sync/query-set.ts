import type { Timestamp } from "../database/database.ts";
import { LiveQuery, type LiveQueryContext, type SessionIdentity } from "./live-query.ts";
import type { ModifyQuerySet, QuerySetModification } from "./protocol.ts";
import { ProtocolError } from "./protocol.ts";
import { queryModification, queryRemoved } from "./server-message.ts";

/** The queries one socket watches. */
export class QuerySet {
  readonly #context: LiveQueryContext;
  readonly #onStale: () => void;
  readonly #queries = new Map<number, LiveQuery>();
  #removed: number[] = [];

  constructor(context: LiveQueryContext, onStale: () => void) {
    this.#context = context;
    this.#onStale = onStale;
  }

  /** @throws ProtocolError for a query id in use, or one that is not. */
  apply({ modifications }: ModifyQuerySet): void {
    for (const modification of modifications) this.#applyOne(modification);
  }

  /**
   * Brings every query to results that all hold at one timestamp, which is returned: at least `atLeast`, and the latest
   * when nothing is stale by then.
   */
  async settle(identity: SessionIdentity, atLeast: Timestamp): Promise<Timestamp> {
    for (let attempt = 1; ; attempt += 1) {
      await Promise.all([...this.#queries.values()].map((query) => query.bringUpToDate(identity)));
      const ts = this.#commonTimestamp(atLeast);
      if (ts !== null) return ts;
      // Writers are faster than we are: let them and everybody else have the loop before trying again.
      if (attempt % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Modifications that bring the client from what it was told last to the settled results. */
  takeModifications(identity: SessionIdentity): string[] {
    const modifications = this.#removed.map(queryRemoved);
    this.#removed = [];
    for (const [queryId, query] of this.#queries) {
      const news = query.takeNews(identity.caller);
      if (news !== null) modifications.push(queryModification(queryId, news));
    }
    return modifications;
  }

  close(): void {
    for (const query of this.#queries.values()) query.close();
    this.#queries.clear();
  }

  /** A timestamp at which all current results hold; null when there is none. */
  #commonTimestamp(atLeast: Timestamp): Timestamp | null {
    let from = atLeast;
    let isAnyStale = false;
    for (const query of this.#queries.values()) {
      from = Math.max(from, query.validFrom);
      isAnyStale ||= query.isStale;
    }
    if (!isAnyStale) return Math.max(from, this.#context.database.latest);
    for (const query of this.#queries.values()) {
      if (query.isStale && query.validFrom !== from) return null;
    }
    return from;
  }

  #applyOne(modification: QuerySetModification): void {
    const { queryId } = modification;
    const existing = this.#queries.get(queryId);
    switch (modification.type) {
      case "Add": {
        if (existing !== undefined) throw new ProtocolError(`Query ${queryId} is already in the query set`);
        const { path, args, componentPath, journal } = modification;
        const call = { path, args, componentPath };
        this.#queries.set(queryId, new LiveQuery(this.#context, call, journal, this.#onStale));
        return;
      }
      case "Remove":
        if (existing === undefined) throw new ProtocolError(`Query ${queryId} is not in the query set`);
        existing.close();
        this.#queries.delete(queryId);
        this.#removed.push(queryId);
        return;
      default:
        modification satisfies never;
    }
  }
}
