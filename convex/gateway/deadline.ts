import { latchkeyError } from "../shared/errors.ts";

/** How long an answer may take, in milliseconds. */
export const DEADLINE_MS = 30_000;

// Fewer ended waits than this are not worth a look at the others.
const SWEEP_AT = 1024;

/** `expire` is null once the wait is over. */
type Wait = { endsAt: number; expire: (() => void) | null };

// All waits are equally long, so the one that began first ends first, and one timer serves them all: a timer for each costs
// more than most of what it guards. It is there while somebody waits, and not longer. An array and not a Set, whose old tables
// refer to their successors: in the end the garbage collector keeps all that ever waited until it looks at everything.
// backend/web/deadlines.ts does the same once more: neither may import the other, and this runs where there is no Node.
let waits: Wait[] = [];
let ended = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** The result of the work. Throws TIMEOUT when it is not there after DEADLINE_MS; the work goes on then, and nobody hears of it. */
export function withinDeadline<Result>(work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const wait: Wait = { endsAt: Date.now() + DEADLINE_MS, expire: () => reject(tooSlow()) };
    waits.push(wait);
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
  if (wait.expire === null) return;
  wait.expire = null;
  ended += 1;
  if (ended === waits.length || (ended >= SWEEP_AT && ended * 2 > waits.length)) sweep();
  if (waits.length > 0) return;
  clearTimeout(timer);
  timer = undefined;
}

function sweep(): void {
  waits = waits.filter((wait) => wait.expire !== null);
  ended = 0;
}

function expire(): void {
  timer = undefined;
  sweep();
  const now = Date.now();
  for (const wait of waits) {
    if (wait.endsAt > now) {
      timer = setTimeout(expire, wait.endsAt - now);
      return;
    }
    const { expire: give } = wait;
    end(wait);
    give?.();
  }
}

function tooSlow(): Error {
  return latchkeyError(
    "TIMEOUT",
    "There was no answer within 30 seconds. A change may still happen: look at its result before trying again.",
  );
}
