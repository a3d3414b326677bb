const SAME_PRESS_MS = 1000;

/**
 * Resolves on the first Ctrl-C (SIGINT) or SIGTERM, so that the caller can drain. A terminal sends Ctrl-C to every process in front
 * of it and npm sends it on once more, so signals within a second are one; a later one leaves at once.
 */
export async function stopSignal(): Promise<NodeJS.Signals> {
  return await new Promise((resolve) => {
    let firstAt: number | undefined;
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        firstAt ??= performance.now();
        if (performance.now() - firstAt > SAME_PRESS_MS) process.kill(process.pid, "SIGKILL");
        resolve(signal);
      });
    }
  });
}
