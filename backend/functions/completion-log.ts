import type { Completion, Outcome } from "./calls.ts";
import type { ExecutionRoot } from "./execution.ts";
import { errorText } from "./function-failure.ts";

type Listener = (completion: Completion) => void;

/** Tells listeners about every execution; without listeners nothing is measured. */
export class CompletionLog {
  readonly #listeners = new Set<Listener>();

  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Undefined while nobody listens. */
  start(
    udfType: Completion["udfType"],
    componentPath: string,
    identifier: string,
    root: ExecutionRoot,
  ): { end(outcome: Outcome): void } | undefined {
    if (this.#listeners.size === 0) return undefined;
    const started = performance.now();
    return {
      end: (outcome) => {
        const completion: Completion = {
          identifier,
          componentPath,
          udfType,
          requestId: root.requestId,
          timestamp: Date.now(),
          executionMs: performance.now() - started,
          error: outcome.ok ? null : errorText(outcome.error),
          logLines: root.logLines,
        };
        for (const listener of this.#listeners) listener(completion);
      },
    };
  }
}
