import { ConflictError, type Database, type Transaction } from "../database/database.ts";

/** Runs `work` in a transaction and commits it, again from the start as often as it conflicts. Returns what `work` did. */
export function transact<T>(
  database: Database,
  work: (tx: Transaction) => T,
): { readonly result: T; readonly ts: number } {
  for (;;) {
    using tx = database.begin();
    try {
      const result = work(tx);
      return { result, ts: tx.commit().ts };
    } catch (error) {
      // Nothing ran between begin and commit, so this can only be a schema that changed; the next snapshot has it.
      if (!(error instanceof ConflictError)) throw error;
    }
  }
}
