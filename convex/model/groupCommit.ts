import type { ActionCtx } from "../_generated/server.js";

/** What writes a batch: the action of whoever opened it. */
export type Writer = Pick<ActionCtx, "runMutation">;

type Batch<Item, Result> = { items: Item[]; written: Promise<Result[]> };

/**
 * Gathers items that come while previous batches are being written, and writes them together: one commit then serves
 * hundreds of callers. `write` answers one result per item, in their order. First come, first served: an item never
 * overtakes one that joined before it. A batch that fails is told to everyone in it, and to nobody else.
 *
 * What is gathered is gathered in this process. Where every call has a process of its own, each batch holds one item.
 */
export class GroupCommit<Item, Result> {
  readonly #write: (ctx: Writer, items: Item[]) => Promise<Result[]>;
  readonly #most: number;
  #gathering: Batch<Item, Result> | null = null;
  /** The ends of the last batches, oldest first, as many as may be written at once. */
  readonly #underWay: Promise<unknown>[];

  constructor(most: number, write: (ctx: Writer, items: Item[]) => Promise<Result[]>, atOnce = 1) {
    this.#most = most;
    this.#write = write;
    this.#underWay = Array.from({ length: atOnce }, async () => undefined);
  }

  /** Resolves with the item's own result once its batch is on the disk. */
  async join(ctx: Writer, item: Item): Promise<Result> {
    const batch = this.#open(ctx);
    const index = batch.items.push(item) - 1;
    const result = (await batch.written)[index];
    if (result === undefined) throw new Error("A batch was written without a result for each of its items");
    return result;
  }

  #open(ctx: Writer): Batch<Item, Result> {
    if (this.#gathering !== null && this.#gathering.items.length < this.#most) return this.#gathering;
    const items: Item[] = [];
    const written = this.#writeAfter(this.#underWay.shift(), ctx, items);
    // Each member awaits it; here it only keeps the order.
    this.#underWay.push(written.catch(() => null));
    this.#gathering = { items, written };
    return this.#gathering;
  }

  async #writeAfter(before: Promise<unknown> | undefined, ctx: Writer, items: Item[]): Promise<Result[]> {
    await before;
    if (this.#gathering?.items === items) this.#gathering = null;
    return await this.#write(ctx, items);
  }
}
