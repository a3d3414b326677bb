import type { Commit, Database, Timestamp } from "../database/database.ts";
import type { QueryResult } from "../subscriptions/live-queries.ts";
import { AccessError } from "./access-error.ts";

const WINDOW_MS = 30_000;
const MAX_COMMITS = 10_000;

/**
 * Lets several HTTP queries see one moment. Results are always current; one that no commit has touched since the moment is
 * also what it was then, and any other is refused. Commits are remembered only while somebody may ask.
 */
export class ConsistentReads implements Disposable {
  readonly #database: Database;
  #commits: Commit[] = [];
  /** All commits after this one are remembered. */
  #rememberedFrom: Timestamp = Infinity;
  #stopListening: (() => void) | null = null;
  #forgetting: NodeJS.Timeout | null = null;

  constructor(database: Database) {
    this.#database = database;
  }

  /** The present moment, good for half a minute. */
  begin(): Timestamp {
    if (this.#stopListening === null) {
      this.#rememberedFrom = this.#database.latest;
      this.#stopListening = this.#database.onCommit((commit) => this.#remember(commit));
    }
    if (this.#forgetting !== null) clearTimeout(this.#forgetting);
    this.#forgetting = setTimeout(() => this[Symbol.dispose](), WINDOW_MS).unref();
    return this.#database.latest;
  }

  /** @throws AccessError when `result` may not be what the query would have given at `ts`. */
  require(result: QueryResult, ts: Timestamp): void {
    if (result.ts <= ts) return;
    const isKnown = ts >= this.#rememberedFrom;
    if (isKnown && !this.#commits.some((commit) => commit.ts > ts && result.reads.overlaps(commit))) return;
    throw new AccessError(
      400,
      "SnapshotTooOld",
      "What this query reads has changed since that timestamp. Ask /api/query_ts for a new one and start again.",
    );
  }

  [Symbol.dispose](): void {
    if (this.#forgetting !== null) clearTimeout(this.#forgetting);
    this.#stopListening?.();
    this.#stopListening = null;
    this.#commits = [];
    this.#rememberedFrom = Infinity;
  }

  #remember(commit: Commit): void {
    this.#commits.push(commit);
    if (this.#commits.length <= MAX_COMMITS) return;
    const [forgotten] = this.#commits.splice(0, MAX_COMMITS / 2).slice(-1);
    if (forgotten !== undefined) this.#rememberedFrom = forgotten.ts;
  }
}
