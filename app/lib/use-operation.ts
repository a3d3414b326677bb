import { useState } from "react";

import { toAppError, type AppError } from "./error-message.ts";

/**
 * One write at a time with its state for a form. Unlike a query library's mutation it keeps no result: the answer
 * of create and rotate holds the plaintext key, which must not live in any cache.
 */
export function useOperation() {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<AppError | null>(null);

  /** Runs `work`; true when it went through, false with `error` set when not. Does nothing while one is running. */
  async function run(work: () => Promise<void>): Promise<boolean> {
    if (busy) return false;
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (thrown) {
      setError(toAppError(thrown));
      return false;
    } finally {
      setBusy(false);
    }
  }

  return { busy, error, run };
}
