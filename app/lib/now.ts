import { useEffect, useState } from "react";

const TICK_MS = 30_000;
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

/**
 * The current time in epoch ms, renewed every 30 s and exactly at the next of the given instants (epoch ms): a key's
 * status flips when it expires, not up to a tick later.
 */
export function useNow(instants: readonly number[] = []): number {
  const [now, setNow] = useState(() => Date.now());
  const next = nextInstant(instants, now);

  useEffect(() => {
    const delay = Math.min(Math.max(next - Date.now(), 0), TICK_MS, LONGEST_TIMEOUT_MS);
    // A timer may fire a moment early; at an instant the time shown is never before it.
    const timer = setTimeout(
      () => setNow((before) => Math.max(Date.now(), before + 1, delay < TICK_MS ? next : 0)),
      delay,
    );
    return () => clearTimeout(timer);
  }, [next, now]);

  return now;
}

/** The earliest instant after `now`, or Infinity. */
export function nextInstant(instants: readonly number[], now: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const instant of instants) if (instant > now && instant < next) next = instant;
  return next;
}
