/**
 * Lets mutations begin one after the other. Mutations that start together read the same snapshot and then conflict for sure,
 * so each waits until the one before has ended, or has been found waiting for something outside of JavaScript.
 */
export class MutationTurns {
  #last: Promise<void> = Promise.resolve();

  /**
   * Runs `work` in its turn. With `alone` nothing else begins before it ends, which is how a mutation that kept conflicting
   * gets through.
   */
  async take<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    await before;
    const yielding = alone ? undefined : setImmediate(resolve);
    try {
      return await work();
    } finally {
      clearImmediate(yielding);
      resolve();
    }
  }
}
