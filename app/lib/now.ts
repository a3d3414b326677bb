import { useEffect, useState } from "react";

const TICK_MS = 30_000;
const EARLY_MS = 20;

/**
 * The current time in epoch ms, renewed every 30 s and exactly at the next of the given instants (epoch ms): a key's
 * status flips when it expires, not up to a tick later.
 */
export function useNow(instants: readonly number[] = []): number {
  const [now, setNow] = useState(() => Date.now());
  const next = nextInstant(instants, now);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    function schedule() {
      const wait = next - Date.now();
      timer = setTimeout(strike, wait > 0 ? Math.min(wait, TICK_MS) : TICK_MS);
    }
    function strike() {
      // A timer may fire a moment early; once the clock shows an instant, it has been reached.
      const time = Date.now();
      setNow(next - time < EARLY_MS ? Math.max(time, next) : time);
      schedule();
    }
    schedule();
    return () => clearTimeout(timer);
  }, [next]);

  return now;
}

/** The earliest instant after `now`, or Infinity. */
export function nextInstant(instants: readonly number[], now: number): number {
  let next = Number.POSITIVE_INFINITY;
  for (const instant of instants) if (instant > now && instant < next) next = instant;
  return next;
}
