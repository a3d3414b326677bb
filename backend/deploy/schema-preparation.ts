import type { Database } from "../database/database.ts";
import type { Mount } from "../functions/deployment.ts";
import type { JsonObject } from "../values/json.ts";
import { messageOf } from "./component-definition.ts";
import { tableSpecs } from "./deployments.ts";
import { SchemaCheck, type SchemaViolation } from "./schema-check.ts";

type State =
  | { readonly type: "running" }
  | { readonly type: "complete" }
  | { readonly type: "violated"; readonly violation: SchemaViolation }
  | { readonly type: "failed"; readonly message: string };

/** Brings the database to where a push can go live: indexes built, stored documents checked. Runs in the background. */
export class SchemaPreparation implements Disposable {
  readonly #database: Database;
  readonly #mounts: ReadonlyMap<string, Mount>;
  readonly #abort = new AbortController();
  readonly #progress = new Map<string, { indexesComplete: number; indexesTotal: number }>();
  readonly #done: Promise<void>;
  #check: SchemaCheck | null = null;
  #state: State = { type: "running" };

  constructor(database: Database, mounts: ReadonlyMap<string, Mount>) {
    this.#database = database;
    this.#mounts = mounts;
    this.#done = this.#run();
  }

  [Symbol.dispose](): void {
    this.#abort.abort();
    this.#check?.[Symbol.dispose]();
  }

  /** Resolves when everything is ready or something is wrong, at the latest after `timeoutMs`. */
  async wait(timeoutMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timeout = setTimeout(resolve, timeoutMs);
    await Promise.race([this.#done, promise]);
    clearTimeout(timeout);
  }

  /** The answer of `wait_for_schema`. */
  status(): JsonObject {
    switch (this.#state.type) {
      case "complete":
        return { type: "complete" };
      case "violated": {
        const { mount, table, message } = this.#state.violation;
        return { type: "failed", error: message, componentPath: mount, tableName: table };
      }
      case "failed":
        return { type: "failed", error: this.#state.message, componentPath: "", tableName: null };
      case "running": {
        const components: JsonObject = {};
        for (const path of this.#mounts.keys()) {
          const progress = this.#progress.get(path) ?? { indexesComplete: 0, indexesTotal: 0 };
          components[path] = { schemaValidationComplete: false, ...progress };
        }
        return { type: "inProgress", components };
      }
      default:
        return this.#state satisfies never;
    }
  }

  /** Checks what was written since the documents were walked. Null when the switch may follow at once. */
  finish(): SchemaViolation | null {
    if (this.#state.type === "violated") return this.#state.violation;
    return this.#check?.finish() ?? null;
  }

  get isComplete(): boolean {
    return this.#state.type === "complete";
  }

  async #run(): Promise<void> {
    try {
      for (const mount of this.#mounts.values()) {
        await this.#database.prepareSchema(mount.path, tableSpecs(mount), (progress) =>
          this.#progress.set(mount.path, progress),
        );
      }
      if (this.#abort.signal.aborted) return;
      this.#check = new SchemaCheck(this.#database, this.#mounts.values());
      const violation = await this.#check.walk(this.#abort.signal);
      this.#state = violation === null ? { type: "complete" } : { type: "violated", violation };
    } catch (error) {
      this.#state = { type: "failed", message: messageOf(error) };
    }
  }
}
