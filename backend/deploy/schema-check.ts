import { setImmediate as nextTurn } from "node:timers/promises";
import type { Commit, Database, Document } from "../database/database.ts";
import type { Mount, TableDefinition } from "../functions/deployment.ts";
import { SCHEDULED_FUNCTIONS } from "../functions/readable-table.ts";
import { SCHEDULED_JOBS, SYSTEM_MOUNT } from "../functions/scheduled-jobs.ts";
import { WHOLE_INDEX } from "../values/ordered-key.ts";
import { compileValidator, type Validate } from "../values/validator.ts";

/** A document that the new schema would not allow. */
export interface SchemaViolation {
  readonly mount: string;
  readonly table: string;
  readonly message: string;
}

/** Documents checked before other work gets its turn. */
const CHUNK = 250;

/**
 * Checks what is stored against the schemas of a push, while writes go on. What is written meanwhile is remembered and
 * checked by `finish`, which does not yield: after it the switch can follow with nothing in between.
 */
export class SchemaCheck implements Disposable {
  readonly #database: Database;
  readonly #validators: ReadonlyMap<string, Validate>;
  readonly #written = new Map<string, { mount: string; table: string; document: Document }>();
  readonly #stopWatching: () => void;

  constructor(database: Database, mounts: Iterable<Mount>) {
    this.#database = database;
    this.#validators = validatorsOf(database, mounts);
    this.#stopWatching = database.onCommit((commit) => this.#remember(commit));
  }

  [Symbol.dispose](): void {
    this.#stopWatching();
  }

  /** The first violation among the stored documents, or null. Throws when `signal` is aborted. */
  async walk(signal: AbortSignal): Promise<SchemaViolation | null> {
    for (const [key, validate] of this.#validators) {
      const [mount = "", table = ""] = key.split(":");
      const violation = await this.#walkTable(mount, table, validate, signal);
      if (violation !== null) return violation;
    }
    return null;
  }

  /** The first violation among the documents written since this check was made, or null. */
  finish(): SchemaViolation | null {
    for (const { mount, table, document } of this.#written.values()) {
      const validate = this.#validators.get(`${mount}:${table}`);
      const violation = validate === undefined ? null : check(mount, table, document, validate);
      if (violation !== null) return violation;
    }
    return null;
  }

  async #walkTable(
    mount: string,
    table: string,
    validate: Validate,
    signal: AbortSignal,
  ): Promise<SchemaViolation | null> {
    let lower: string = WHOLE_INDEX.lower;
    for (;;) {
      signal.throwIfAborted();
      // A transaction of its own per chunk, since an open one keeps old versions in memory.
      using tx = this.#database.begin();
      let read = 0;
      for (const { key, document } of tx.scan(mount, table, "by_creation_time", { ...WHOLE_INDEX, lower }, "asc")) {
        const violation = check(mount, table, document, validate);
        if (violation !== null) return violation;
        lower = `${key}\0`;
        if (++read === CHUNK) break;
      }
      if (read < CHUNK) return null;
      tx.abort();
      await nextTurn();
    }
  }

  #remember(commit: Commit): void {
    for (const { mount, table, id, after } of commit.changes) {
      if (!this.#validators.has(`${mount}:${table}`)) continue;
      if (after === null) this.#written.delete(id);
      else this.#written.set(id, { mount, table, document: after });
    }
  }
}

function validatorsOf(database: Database, mounts: Iterable<Mount>): Map<string, Validate> {
  const validators = new Map<string, Validate>();
  for (const { path, schema } of mounts) {
    if (schema === null || !schema.validated) continue;
    for (const table of schema.tables.values()) {
      if (isUnrestricted(table)) continue;
      validators.set(`${path}:${table.name}`, compileValidator(table.documentType, optionsFor(database, path)));
    }
  }
  return validators;
}

function optionsFor(database: Database, mount: string): Parameters<typeof compileValidator>[1] {
  return {
    allowSystemFields: true,
    tableName: (number) =>
      number === database.tableNumber(SYSTEM_MOUNT, SCHEDULED_JOBS)
        ? SCHEDULED_FUNCTIONS
        : database.tableName(mount, number),
  };
}

function isUnrestricted({ documentType }: TableDefinition): boolean {
  if (documentType === null) return true;
  return typeof documentType === "object" && "type" in documentType && documentType["type"] === "any";
}

function check(mount: string, table: string, document: Document, validate: Validate): SchemaViolation | null {
  const problem = validate(document.value);
  if (problem === null) return null;
  const message = `Document with ID "${document.id}" in table "${table}" does not match the schema: ${problem}`;
  return { mount, table, message };
}
