import type { Doc, Id, TableNames } from "../_generated/dataModel.js";
import type { MutationCtx } from "../_generated/server.js";
import { RecentMap } from "../shared/recentMap.ts";

/**
 * Where the rows of one table are, each by a name of its own: getting a row by its id costs a third of looking it up by an
 * index. For rows that are written again and again. One that is not there any more, because it was deleted or the transaction
 * that made it was undone, is looked up, so that forgetting or remembering wrongly changes nothing.
 */
export class RowMemory<Table extends TableNames> {
  readonly #table: Table;
  readonly #ids: RecentMap<Id<Table>>;

  constructor(table: Table, most: number) {
    this.#table = table;
    this.#ids = new RecentMap(most);
  }

  /** `isIt` says whether a row is the one of that name. */
  async find(
    ctx: MutationCtx,
    name: string,
    isIt: (row: Doc<Table>) => boolean,
    lookUp: () => Promise<Doc<Table> | null>,
  ): Promise<Doc<Table> | null> {
    const id = this.#ids.get(name);
    const known = id === undefined ? null : await ctx.db.get(this.#table, id);
    if (known !== null && isIt(known)) return known;
    const found = await lookUp();
    if (found !== null) this.#ids.set(name, found._id);
    return found;
  }
}
