import type { Timestamp } from "../database/database.ts";
import type { ReadSet, TouchedKeys } from "../database/read-set.ts";

type CommittedKeys = TouchedKeys & { readonly ts: Timestamp };

/** A run under way; its snapshot is at or after `since`. */
export interface Run {
  readonly since: Timestamp;
}

/**
 * The commits made while queries run. A result is of some past snapshot when it arrives; these tell whether it has been
 * overtaken, so that none is missed between the run and the registration of what it read.
 */
export class RecentCommits {
  /** Started in order, so the first is the oldest. */
  readonly #runs = new Set<Run>();
  #commits: CommittedKeys[] = [];

  add(commit: CommittedKeys): void {
    if (this.#runs.size > 0) this.#commits.push(commit);
  }

  start(latest: Timestamp): Run {
    const run = { since: latest };
    this.#runs.add(run);
    return run;
  }

  /** True when a commit after the run's result touched what it read. To be asked before `end`. */
  hasOvertaken(run: Run, reads: ReadSet, ts: Timestamp): boolean {
    // A snapshot from before the start would need commits that were not kept.
    if (ts < run.since) return true;
    for (let i = this.#commits.length - 1; i >= 0; i -= 1) {
      const commit = this.#commits[i];
      if (!commit || commit.ts <= ts) return false;
      if (reads.overlaps(commit)) return true;
    }
    return false;
  }

  end(run: Run): void {
    this.#runs.delete(run);
    const [oldest] = this.#runs;
    if (!oldest) {
      if (this.#commits.length > 0) this.#commits = [];
      return;
    }
    const kept = this.#commits.findIndex((commit) => commit.ts > oldest.since);
    // Shifting for every run would be quadratic under load.
    if (kept > 256 || (kept === -1 && this.#commits.length > 0)) {
      this.#commits = kept === -1 ? [] : this.#commits.slice(kept);
    }
  }

  get size(): number {
    return this.#commits.length;
  }
}
