import { useState } from "react";

import type { KeyView } from "./key-view.ts";

/** Which rows someone has seen, and which arrived since and wait to be asked for. */
export type Sight = {
  readonly known: ReadonlySet<string>;
  readonly held: ReadonlySet<string>;
  /** When the newest row was created, epoch ms. */
  readonly newest: number;
};

type Row = { readonly _id: string; readonly _creationTime: number };

/** A list as it opens: everything is in sight. */
export function firstSight(keys: readonly Row[]): Sight {
  return { known: idsOf(keys), held: new Set(), newest: newestOf(keys) };
}

/**
 * The list after a change. Rows that were created since wait if `hold` says so; further pages and rows that come back
 * are older and never do, and above an empty list there is nothing to push away.
 */
export function nextSight<Key extends Row>(seen: Sight, keys: readonly Key[], hold: (key: Key) => boolean): Sight {
  const waits = (key: Key) =>
    seen.held.has(key._id) ||
    (seen.known.size > 0 && !seen.known.has(key._id) && key._creationTime > seen.newest && hold(key));
  const held = keys.filter(waits);
  const known = keys.filter((key) => !waits(key));
  return { known: idsOf(known), held: idsOf(held), newest: Math.max(seen.newest, newestOf(keys)) };
}

type State = { listKey: string; keys: readonly KeyView[]; sight: Sight };

/** Holds new rows of a live list back while `hold` says so, until `release`. Another `listKey` is another list. */
export function useHeldKeys(keys: readonly KeyView[], listKey: string, hold: (key: KeyView) => boolean) {
  const [state, setState] = useState<State>(() => ({ listKey, keys, sight: firstSight(keys) }));
  let current = state;
  if (state.keys !== keys || state.listKey !== listKey) {
    const sight = state.listKey === listKey ? nextSight(state.sight, keys, hold) : firstSight(keys);
    current = { listKey, keys, sight };
    // Adjusting state while rendering: a held row never reaches the screen, not even for a frame.
    setState(current);
  }
  return { held: current.sight.held, release: () => setState({ listKey, keys, sight: firstSight(keys) }) };
}

function idsOf(keys: readonly Row[]): ReadonlySet<string> {
  return new Set(keys.map((key) => key._id));
}

function newestOf(keys: readonly Row[]): number {
  return keys.reduce((newest, key) => Math.max(newest, key._creationTime), Number.NEGATIVE_INFINITY);
}
