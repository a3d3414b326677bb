import { RecentMap } from "./recentMap.ts";

/**
 * A pure function of a text that keeps what it made of the texts that it was asked about last, `most` of them at least: for
 * reading again and again what rarely changes, such as the ranges of a key.
 */
export function remembering<Result>(most: number, compute: (text: string) => Result): (text: string) => Result {
  const known = new RecentMap<{ result: Result }>(most);
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found.result;
    const result = compute(text);
    known.set(text, { result });
    return result;
  };
}
