import type { KeyState } from "./keyStates.ts";

// Every call with a key passes here: this file stays light.

type LookUp = () => Promise<KeyState | null>;

const begun = new Map<string, Promise<KeyState | null>>();

/**
 * One lookup for the calls that ask for a key in the same moment, by the plaintext: those of a busy service all carry the
 * same one. The moment ends before anything can arrive or be answered, so none of them learns of an earlier state than by a
 * lookup of its own: whatever was answered before a call came, its lookup was begun after.
 */
export function lookUpTogether(text: string, lookUp: LookUp): Promise<KeyState | null> {
  const underWay = begun.get(text);
  if (underWay !== undefined) return underWay;
  const lookup = lookUp();
  // Runs behind the microtasks that wait already, which are the next steps of the calls that came together.
  if (begun.size === 0) void Promise.resolve().then(() => begun.clear());
  begun.set(text, lookup);
  return lookup;
}
