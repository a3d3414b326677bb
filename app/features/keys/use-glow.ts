import { useEffect, useRef, useState } from "react";

/**
 * Which rows changed while they were in sight, as a counter per row that grows with each change. `prints` maps a row's
 * id to text that differs when what the row shows differs. The first rows, and rows of a list that was just replaced
 * (`listKey` changed), are not changes.
 */
export function useGlow(prints: ReadonlyMap<string, string>, listKey: string): ReadonlyMap<string, number> {
  const seen = useRef<{ listKey: string; prints: ReadonlyMap<string, string> } | null>(null);
  const [glow, setGlow] = useState<ReadonlyMap<string, number>>(new Map());

  useEffect(() => {
    const before = seen.current;
    seen.current = { listKey, prints };
    if (before === null || before.listKey !== listKey || before.prints.size === 0) return;
    const changed = [...prints].filter(([id, print]) => before.prints.get(id) !== print).map(([id]) => id);
    // Many at once is a page that arrived, not a change that someone would look for.
    if (changed.length === 0 || changed.length > 5) return;
    setGlow((counts) => {
      const next = new Map(counts);
      for (const id of changed) next.set(id, (next.get(id) ?? 0) + 1);
      return next;
    });
  }, [prints, listKey]);

  return glow;
}
