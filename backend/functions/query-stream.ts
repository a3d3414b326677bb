import type { Transaction } from "../database/database.ts";
import type { QueryPlan } from "./query-plan.ts";
import type { TransactionBudget } from "./transaction-budget.ts";

/** A row that passed the query's operators, or one that was read and filtered out. */
export interface StreamedRow {
  readonly key: string;
  /** JSON text of the document; null when a filter dropped it. */
  readonly text: string | null;
}

/** A running query. Reads, and so records, no more rows than are asked for. */
export class QueryStream {
  readonly #rows: ReturnType<Transaction["scan"]>;
  readonly #plan: QueryPlan;
  readonly #budget: TransactionBudget;
  readonly #remaining: (number | null)[];
  #exhausted = false;

  constructor(tx: Transaction, plan: QueryPlan, budget: TransactionBudget) {
    budget.countRange();
    this.#plan = plan;
    this.#budget = budget;
    this.#remaining = plan.operators.map((operator) => (operator.type === "limit" ? operator.count : null));
    const { table, index, range, order } = plan;
    this.#exhausted = range.lower >= range.upper;
    this.#rows = tx.scan(table.storedMount, table.storedName, index, range, order);
  }

  /** JSON text of the next document, or null at the end. */
  next(): string | null {
    for (let row = this.step(); row !== null; row = this.step()) {
      if (row.text !== null) return row.text;
    }
    return null;
  }

  /** The next row read, kept or not; null at the end of the range or of a limit. */
  step(): StreamedRow | null {
    // Asked before reading: a row past a limit must not become part of the read set.
    if (this.#exhausted || this.#remaining.includes(0)) return null;
    const { done, value: row } = this.#rows.next();
    if (done === true) {
      this.#exhausted = true;
      return null;
    }
    this.#budget.countRow(row.document.text.length);
    const visible = this.#plan.table.view(row.document);
    if (visible === null) return { key: row.key, text: null };
    for (const [position, operator] of this.#plan.operators.entries()) {
      if (operator.type === "filter") {
        if (!operator.keeps(visible.value)) return { key: row.key, text: null };
      } else {
        const remaining = this.#remaining[position];
        if (typeof remaining === "number") this.#remaining[position] = remaining - 1;
      }
    }
    return { key: row.key, text: visible.text };
  }
}
