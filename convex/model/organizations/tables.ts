import type { DatabaseReader } from "../../_generated/server.js";

/** Whether text is an id of this table, which may be one that only a team's own schema knows. */
export function isIdOf(db: DatabaseReader, table: string, id: string): boolean {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the tables are known at run time only
  const tables = db as unknown as { normalizeId(table: string, id: string): string | null };
  return tables.normalizeId(table, id) !== null;
}
