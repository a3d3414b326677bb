import { vi } from "vitest";

/**
 * Stands still until it is moved, for this process and with it for both engines, which run in it. Timers go on, so
 * what is scheduled still happens. End it with `vi.useRealTimers()`.
 */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() });
}

export function passTime(durationMs: number): void {
  vi.setSystemTime(Date.now() + durationMs);
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
