/**
 * A pure function of a text that keeps what it made of the last `most` different texts: for reading again and again what
 * rarely changes, such as the ranges of a key. Forgets all at once, which costs less than knowing which is oldest.
 */
export function remembering<Result>(most: number, compute: (text: string) => Result): (text: string) => Result {
  const known = new Map<string, { result: Result }>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found.result;
    const result = compute(text);
    if (known.size >= most) known.clear();
    known.set(text, { result });
    return result;
  };
}
