import { decodeId } from "../values/document-id.ts";
import { parseJsonObject, type JsonObject } from "../values/json.ts";
import { fieldAt } from "../values/ordered-key.ts";
import type { Document, Timestamp } from "./database.ts";

/** A document that came from the store as text; it is parsed when somebody looks inside. */
export class StoredDocument implements Document {
  readonly id: string;
  readonly text: string;
  #value: JsonObject | undefined;
  #tableNumber: number | undefined;

  constructor(id: string, text: string, value?: JsonObject, tableNumber?: number) {
    this.id = id;
    this.text = text;
    this.#value = value;
    this.#tableNumber = tableNumber;
  }

  get value(): JsonObject {
    this.#value ??= parseJsonObject(this.text);
    return this.#value;
  }

  get creationTime(): number {
    const creationTime = fieldAt(this.value, "_creationTime");
    if (typeof creationTime !== "number") throw new Error(`Document ${this.id} has no creation time.`);
    return creationTime;
  }

  get tableNumber(): number {
    this.#tableNumber ??= decodeId(this.id)?.tableNumber;
    if (this.#tableNumber === undefined) throw new Error(`Stored document has a malformed id: ${this.id}`);
    return this.#tableNumber;
  }
}

/** Builds a new version from fields; system fields are set here and the fields are put in order. */
export function makeDocument(
  tableNumber: number,
  id: string,
  creationTime: number,
  fields: Iterable<readonly [string, JsonObject[string]]>,
): Document {
  const entries = new Map(fields);
  entries.set("_id", id);
  entries.set("_creationTime", creationTime);
  const value: JsonObject = {};
  // Assigned one by one, they make an object twice as fast as by `Object.fromEntries`.
  for (const name of [...entries.keys()].toSorted()) setField(value, name, entries.get(name) ?? null);
  return new StoredDocument(id, JSON.stringify(value), value, tableNumber);
}

function setField(object: JsonObject, name: string, value: JsonObject[string]): void {
  // Assigning this one would set the prototype.
  if (name === "__proto__") Object.defineProperty(object, name, { value, enumerable: true });
  else object[name] = value;
}

// In JSON text the quotes within a string are escaped, so this can only be the placeholder itself.
const COMMIT_TS = '{"$commitTs":null}';

/** Puts the commit's time (int64 nanoseconds) in place of the placeholders, which only the commit can resolve. */
export function resolveCommitTs(document: Document, ts: Timestamp): Document {
  if (!document.text.includes(COMMIT_TS)) return document;
  const nanoseconds = Buffer.alloc(8);
  nanoseconds.writeBigInt64LE(BigInt(ts) * 1000n);
  const text = document.text.replaceAll(COMMIT_TS, JSON.stringify({ $integer: nanoseconds.toString("base64") }));
  return new StoredDocument(document.id, text, undefined, document.tableNumber);
}
