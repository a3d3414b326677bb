import { afterAll, beforeAll, vi } from "vitest";
import { SWEEP_PAUSE_MS } from "../../convex/model/sweep.ts";
import type { Deployment, Engine } from "./engines.ts";

/**
 * Stands still until it is moved, for this process and with it for both engines, which run in it. Timers go on, so
 * what is scheduled still happens. End it with `vi.useRealTimers()`.
 */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
}

/** For the tests around the call: a deployment of their own, and a clock that stands still. */
export function deployAtStoppedClock(engine: Engine, use: (deployment: Deployment) => void): void {
  let opened: Deployment | undefined;
  beforeAll(async () => {
    stopClock();
    opened = await engine.deploy();
    use(opened);
  });
  afterAll(async () => {
    await opened?.[Symbol.asyncDispose]();
    vi.useRealTimers();
  });
}

export function passTime(durationMs: number): void {
  vi.setSystemTime(Date.now() + durationMs);
}

/** The same for a sweep that pauses between its batches, as the clock has to pass for it. */
export async function eventuallySwept(expectation: () => Promise<void>): Promise<void> {
  await eventually(async () => {
    passTime(SWEEP_PAUSE_MS);
    await expectation();
  });
}

/** Asks until the answer satisfies, for what is scheduled: it happens soon, and not at once. Throws what was missing last. */
export async function eventually(expectation: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await expectation();
    } catch (missing) {
      if (attempt === 400) throw missing;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}
