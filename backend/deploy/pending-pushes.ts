import { DeployError } from "./deploy-error.ts";
import type { EvaluatedPush } from "./push-evaluation.ts";
import type { SchemaPreparation } from "./schema-preparation.ts";

/** A push between `start_push` and `finish_push`. */
export interface PendingPush {
  readonly id: string;
  readonly push: EvaluatedPush;
  /** The code that was live when it was started, and the variables it was evaluated with. */
  readonly basedOn: string | null;
  readonly environmentHash: string;
  /** Begun by the first `wait_for_schema`. */
  preparation: SchemaPreparation | null;
}

const LIFETIME_MS = 30 * 60_000;
const MAX_PENDING = 8;

/** Keeps evaluated pushes until they are finished. Code generation starts pushes and never finishes them, so they expire. */
export class PendingPushes implements Disposable {
  readonly #pushes = new Map<string, { pending: PendingPush; expiry: NodeJS.Timeout }>();

  add(pending: PendingPush): void {
    // Oldest first: each holds all module texts of a project.
    for (const id of this.#pushes.keys()) {
      if (this.#pushes.size < MAX_PENDING) break;
      this.remove(id);
    }
    const expiry = setTimeout(() => this.remove(pending.id), LIFETIME_MS).unref();
    this.#pushes.set(pending.id, { pending, expiry });
  }

  /** Throws UnknownPush for ids that were never given out, are finished, or have expired. */
  require(id: string): PendingPush {
    const known = this.#pushes.get(id);
    if (known !== undefined) return known.pending;
    throw new DeployError("UnknownPush", "This push is not known any more. Push again.", 404);
  }

  remove(id: string): void {
    const known = this.#pushes.get(id);
    if (known === undefined) return;
    clearTimeout(known.expiry);
    known.pending.preparation?.[Symbol.dispose]();
    this.#pushes.delete(id);
  }

  [Symbol.dispose](): void {
    for (const id of this.#pushes.keys()) this.remove(id);
  }
}
