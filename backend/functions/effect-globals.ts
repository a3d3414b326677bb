import { toPlainRequest } from "../web/incoming-request.ts";
import { guarded } from "./stray-failures.ts";
import { executions } from "./execution.ts";

/** Globals that reach outside: usable in actions, an error in queries, mutations and while a module is imported. */
export const effectGlobals = {
  fetch: (...args: Parameters<typeof fetch>): ReturnType<typeof fetch> => {
    allowEffect("fetch()");
    const [input, init] = args;
    return fetch(input instanceof Request ? toPlainRequest(input) : input, init);
  },
  setTimeout: (callback: (...args: unknown[]) => void, delay?: number, ...args: unknown[]): number => {
    allowEffect("setTimeout()");
    const id = ++lastTimer;
    const run = (): void => {
      timers.delete(id);
      guarded(callback)(...args);
    };
    timers.set(id, setTimeout(run, delay));
    return id;
  },
  setInterval: (callback: (...args: unknown[]) => void, delay?: number, ...args: unknown[]): number => {
    allowEffect("setInterval()");
    const id = ++lastTimer;
    timers.set(id, setInterval(guarded(callback), delay, ...args));
    return id;
  },
  queueMicrotask: (callback: () => void): void => queueMicrotask(guarded(callback)),
  clearTimeout: release,
  clearInterval: release,
  performance: {
    timeOrigin: performance.timeOrigin,
    now: () => {
      const fixed = executions.getStore()?.fixedNow;
      return typeof fixed === "number" ? fixed - performance.timeOrigin : performance.now();
    },
  },
};

function allowEffect(what: string): void {
  const kind = executions.getStore()?.kind;
  if (kind === "query" || kind === "mutation") {
    throw new Error(
      `Can't use ${what} in queries and mutations. Please consider using an action. See https://docs.convex.dev/functions/actions for more details.`,
    );
  }
  if (kind === "import") {
    throw new Error(`Can't use ${what} while a module is imported. Call it inside of a function.`);
  }
}

// Web code expects a number; Node's timer objects would show the host.
const timers = new Map<number, NodeJS.Timeout>();
let lastTimer = 0;

function release(id: unknown): void {
  if (typeof id !== "number") return;
  const timer = timers.get(id);
  timers.delete(id);
  clearTimeout(timer);
}
