const SAME_PRESS_MS = 1000;
// What shells report for a program that Ctrl-C ended.
const INTERRUPTED = 130;

/**
 * Resolves on the first Ctrl-C (SIGINT) or SIGTERM, so that the caller can drain. A terminal sends Ctrl-C to every process in front
 * of it and npm sends it on once more, so signals within a second are one; a later one leaves at once, and so does one before `isReady`: nothing is
 * under way then, and what is on the disk is whole at any moment.
 */
export async function stopSignal(isReady: () => boolean): Promise<void> {
  await new Promise<void>((resolve) => {
    let firstAt: number | undefined;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        firstAt ??= performance.now();
        if (!isReady()) {
          console.error("\nStopped before it was ready");
          process.exit(INTERRUPTED);
        }
        if (performance.now() - firstAt > SAME_PRESS_MS) process.exit(INTERRUPTED);
        resolve();
      });
    }
  });
}
