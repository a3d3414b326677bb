/** Chance that is the same on every run: `random` answers 0 to 1, `pick` an element of the list. */
export function seededRandom(seed: number): {
  random: () => number;
  pick: <Item>(items: readonly Item[]) => Item;
} {
  let state = seed >>> 0;
  // A 32-bit congruential generator with the constants of Numerical Recipes; its high bits are the good ones.
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
  return {
    random,
    pick(items) {
      const [item] = items.slice(Math.floor(random() * items.length));
      if (item === undefined) throw new Error("there is nothing to pick from");
      return item;
    },
  };
}
