/** What shows a point: how many tests, and in which files. */
export interface Coverage {
  readonly id: string;
  readonly tests: number;
  readonly files: readonly string[];
}

/** Which tests name which of the points, from the titles of each file's tests. Keeps the points' order. */
export function coverageOf(
  ids: readonly string[],
  titles: ReadonlyMap<string, readonly string[]>,
): readonly Coverage[] {
  const found = [...titles].flatMap(([file, all]) => all.map((title) => ({ file, ids: new Set(idsIn(title)) })));
  return ids.map((id) => {
    const naming = found.filter((title) => title.ids.has(id));
    return { id, tests: naming.length, files: [...new Set(naming.map(({ file }) => file))] };
  });
}

/**
 * The ids that a title names as words of their own; a range names all that are in it.
 *
 * @example idsIn("H5, E1–E3: …") // ["H5", "E1", "E2", "E3"]
 */
export function idsIn(title: string): string[] {
  // Not before a letter, digit or hyphen, so that neither "E2E" nor "C-3" names a point.
  const names = title.matchAll(/(?<![\w-])([A-Z])(\d{1,2})(?:\s?[–-]\s?\1?(\d{1,2}))?(?![\w-])/g);
  return [...names].flatMap(([, letter = "", first = "", last = first]) =>
    Array.from(
      { length: Math.max(1, Number(last) - Number(first) + 1) },
      (_, index) => letter + (Number(first) + index),
    ),
  );
}
