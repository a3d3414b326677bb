import type { QueryCtx } from "../_generated/server.js";

const sharing = new WeakSet<QueryCtx>();

/**
 * From here on, this call reads each `SharedRead` once. Only for a call that does one thing after the other, and that
 * writes nothing of what they read but the ends of audit chains; and for queries, which write nothing at all.
 */
export function shareReads(ctx: QueryCtx): void {
  sharing.add(ctx);
}

/**
 * Something that one call may need many times: a mutation that does the same for many items finds the same policy for
 * each. Read anew each time unless the call shares its reads.
 */
export class SharedRead<About extends readonly string[], Result> {
  readonly #read: (ctx: QueryCtx, ...about: About) => Promise<Result>;
  readonly #known = new WeakMap<QueryCtx, Map<string, Promise<Result>>>();

  constructor(read: (ctx: QueryCtx, ...about: About) => Promise<Result>) {
    this.#read = read;
  }

  async of(ctx: QueryCtx, ...about: About): Promise<Result> {
    if (!sharing.has(ctx)) return await this.#read(ctx, ...about);
    let known = this.#known.get(ctx);
    if (known === undefined) {
      known = new Map();
      this.#known.set(ctx, known);
    }
    const name = about.join(" ");
    let result = known.get(name);
    if (result === undefined) {
      result = this.#read(ctx, ...about);
      known.set(name, result);
    }
    return await result;
  }
}
