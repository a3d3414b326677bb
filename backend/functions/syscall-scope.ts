import type { Transaction } from "../database/database.ts";
import type { Execution } from "./execution.ts";

/** The transaction of a query or mutation; throws everywhere else. */
export function requireTransaction(execution: Execution): Transaction {
  if (execution.transaction !== null) return execution.transaction;
  throw new Error(
    execution.kind === "import"
      ? "Can't use the database while a module is imported. Call it inside of a function."
      : "Can't use the database directly in an action. Use ctx.runQuery or ctx.runMutation.",
  );
}

/** The transaction of a mutation; throws everywhere else. */
export function requireWrites(execution: Execution): Transaction {
  const tx = requireTransaction(execution);
  if (execution.kind === "mutation") return tx;
  throw new Error("Can't write to the database from a query. Use a mutation.");
}

/** Throws outside of actions. */
export function requireAction(execution: Execution): void {
  if (execution.kind === "action" || execution.kind === "httpAction") return;
  throw new Error("This can only be used in actions.");
}
