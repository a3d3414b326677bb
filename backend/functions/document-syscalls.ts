import { DocumentNotFoundError, type Document, type Transaction } from "../database/database.ts";
import { decodeId } from "../values/document-id.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import type { Execution } from "./execution.ts";
import type { LoadedMount } from "./loaded-mount.ts";
import { SCHEDULED_FUNCTIONS, viewScheduledFunction } from "./readable-table.ts";
import { SYSTEM_MOUNT } from "./scheduled-jobs.ts";
import { requireTransaction, requireWrites } from "./syscall-scope.ts";

export const documentSyncCalls = {
  "1.0/db/normalizeId": (execution: Execution, { table, idString }: JsonObject): string => {
    const isOfTable = typeof idString === "string" && tableOfId(execution.mount, idString) === table;
    return JSON.stringify({ id: isOfTable ? idString : null });
  },
};

export const documentCalls = {
  "1.0/get": (execution: Execution, { id, table, isSystem }: JsonObject): string => {
    const tx = requireTransaction(execution);
    if (typeof id !== "string") throw new Error("db.get needs an id.");
    checkTable(execution.mount, id, table, "get");
    if (isSystem === true) return getSystemDocument(execution, tx, id);
    const document = tx.get(execution.mount.path, id);
    if (document === null) return "null";
    execution.root.budget.countRow(document.text.length);
    return document.text;
  },

  "1.0/insert": (execution: Execution, { table, value }: JsonObject): string => {
    const tx = requireWrites(execution);
    if (typeof table !== "string" || !isJsonObject(value)) throw new Error("db.insert needs a table and an object.");
    refuseSystemFields(value);
    checkDocument(execution, table, value);
    return JSON.stringify({ _id: tx.insert(execution.mount.path, table, value) });
  },

  "1.0/shallowMerge": (execution: Execution, { id, table, value }: JsonObject): string => {
    const tx = requireWrites(execution);
    const document = requireDocument(execution, tx, id, table, "patch");
    if (!isJsonObject(value)) throw new Error("db.patch needs an object.");
    const changes = unchangedSystemFieldsRemoved(document, value);
    checkDocument(execution, requireTable(execution.mount, document.id), merged(document.value, changes));
    tx.patch(execution.mount.path, document.id, changes);
    return tx.get(execution.mount.path, document.id)?.text ?? "null";
  },

  "1.0/replace": (execution: Execution, { id, table, value }: JsonObject): string => {
    const tx = requireWrites(execution);
    const document = requireDocument(execution, tx, id, table, "replace");
    if (!isJsonObject(value)) throw new Error("db.replace needs an object.");
    const fields = unchangedSystemFieldsRemoved(document, value);
    checkDocument(execution, requireTable(execution.mount, document.id), fields);
    tx.replace(execution.mount.path, document.id, fields);
    return "null";
  },

  "1.0/remove": (execution: Execution, { id, table }: JsonObject): string => {
    const tx = requireWrites(execution);
    const document = requireDocument(execution, tx, id, table, "delete");
    execution.root.budget.countWrite(0);
    tx.remove(execution.mount.path, document.id);
    return document.text;
  },
};

function getSystemDocument(execution: Execution, tx: Transaction, id: string): string {
  if (tableOfId(execution.mount, id) !== SCHEDULED_FUNCTIONS) return "null";
  const document = tx.get(SYSTEM_MOUNT, id);
  return (document === null ? null : viewScheduledFunction(execution.mount, document)?.text) ?? "null";
}

function requireDocument(
  execution: Execution,
  tx: Transaction,
  id: JsonValue | undefined,
  table: JsonValue | undefined,
  what: string,
): Document {
  if (typeof id !== "string") throw new Error(`db.${what} needs an id.`);
  checkTable(execution.mount, id, table, what);
  const name = requireTable(execution.mount, id);
  if (name.startsWith("_")) throw new Error("System tables (prefixed with `_`) are read-only.");
  const document = tx.get(execution.mount.path, id);
  if (document === null) throw new DocumentNotFoundError(`${capitalize(what)} on nonexistent document ID ${id}`);
  execution.root.budget.countRow(document.text.length);
  return document;
}

/** Refuses ids that are no ids, and ids of another table when the caller named one. */
function checkTable(mount: LoadedMount, id: string, table: JsonValue | undefined, what: string): void {
  const decoded = decodeId(id);
  if (decoded === null) {
    throw new Error(`Invalid argument \`id\` for \`db.${what}\`: Unable to decode ID: ${JSON.stringify(id)}`);
  }
  if (typeof table !== "string") return;
  const found = mount.tableName(decoded.tableNumber);
  if (found !== table) {
    throw new Error(
      `Invalid argument \`id\` for \`db.${what}\`: ID ${JSON.stringify(id)} does not belong to table "${table}"${
        found === undefined ? "" : `, it belongs to "${found}"`
      }.`,
    );
  }
}

function tableOfId(mount: LoadedMount, id: string): string | undefined {
  const decoded = decodeId(id);
  return decoded === null ? undefined : mount.tableName(decoded.tableNumber);
}

function requireTable(mount: LoadedMount, id: string): string {
  const table = tableOfId(mount, id);
  if (table === undefined) throw new Error(`The ID ${JSON.stringify(id)} belongs to no table of this component.`);
  return table;
}

/** Checks fields (without the system's) against schema and limits. */
function checkDocument(execution: Execution, table: string, fields: JsonObject): void {
  execution.root.budget.countWrite(JSON.stringify(fields).length);
  const { schema } = execution.mount.definition;
  if (schema?.validated === true && !schema.tables.has(table)) {
    throw new Error(
      `Failed to insert or update a document in table "${table}" because the schema does not have this table.`,
    );
  }
  const problem = execution.mount.documentCheck(table)?.(fields) ?? null;
  if (problem !== null) {
    throw new Error(
      `Failed to insert or update a document in table "${table}" because it does not match the schema: ${problem}`,
    );
  }
}

function refuseSystemFields(value: JsonObject): void {
  for (const field of ["_id", "_creationTime"]) {
    if (field in value) throw new Error(`The system field "${field}" can't be set by db.insert.`);
  }
}

/** Writing back a whole document is allowed as long as its system fields stay what they are. */
function unchangedSystemFieldsRemoved(document: Document, value: JsonObject): JsonObject {
  const { _id, _creationTime, ...fields } = value;
  if (_id !== undefined && _id !== document.id) {
    throw new Error(`The system field "_id" of a document can't change (${document.id}).`);
  }
  if (_creationTime !== undefined && _creationTime !== document.creationTime) {
    throw new Error(`The system field "_creationTime" of a document can't change (${document.id}).`);
  }
  return fields;
}

function merged(document: JsonObject, changes: JsonObject): JsonObject {
  const { _id, _creationTime, ...fields } = document;
  for (const [name, change] of Object.entries(changes)) {
    if (isJsonObject(change) && "$undefined" in change) delete fields[name];
    else fields[name] = change;
  }
  return fields;
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
