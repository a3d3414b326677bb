import { latchkeyError } from "../shared/errors.ts";

/** How long an answer may take, in milliseconds. */
export const DEADLINE_MS = 30_000;

type Wait = { endsAt: number; expire: () => void };

// All waits are equally long, so the one that began first ends first, and one timer serves them all: a timer for each costs
// more than most of what it guards. It is there while somebody waits, and not longer.
const waits = new Set<Wait>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** The result of the work. Throws TIMEOUT when it is not there after DEADLINE_MS; the work goes on then, and nobody hears of it. */
export function withinDeadline<Result>(work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const wait = { endsAt: Date.now() + DEADLINE_MS, expire: () => reject(tooSlow()) };
    waits.add(wait);
    timer ??= setTimeout(expire, DEADLINE_MS);
    work.then(
      (result) => {
        end(wait);
        resolve(result);
      },
      (thrown: unknown) => {
        end(wait);
        reject(thrown);
      },
    );
  });
}

function end(wait: Wait): void {
  waits.delete(wait);
  if (waits.size > 0) return;
  clearTimeout(timer);
  timer = undefined;
}

function expire(): void {
  timer = undefined;
  const now = Date.now();
  for (const wait of waits) {
    if (wait.endsAt > now) {
      timer = setTimeout(expire, wait.endsAt - now);
      return;
    }
    waits.delete(wait);
    wait.expire();
  }
}

function tooSlow(): Error {
  return latchkeyError(
    "TIMEOUT",
    "There was no answer within 30 seconds. A change may still happen: look at its result before trying again.",
  );
}
