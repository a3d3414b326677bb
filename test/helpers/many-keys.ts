import { createHash } from "node:crypto";
import type { Document, Transaction } from "../../backend/database/database.ts";
import { openDatabase } from "../../backend/database/open-database.ts";
import type { JsonObject } from "../../backend/values/json.ts";
import { WHOLE_INDEX } from "../../backend/values/ordered-key.ts";

const ROOT = "";
// Rows of one transaction have one time of creation, which few real ones share.
const BATCH = 100;

/** What is different about a copy. */
export type Copy = { key: JsonObject; usage: JsonObject };

/** Puts copies of the only key that there is into a stopped data folder, each with a secret and a last use of its own. */
export async function copyKey(folder: string, count: number, toCopy: (index: number) => Copy): Promise<void> {
  await using database = openDatabase(folder);
  for (let start = 0; start < count; start += BATCH) {
    using tx = database.begin();
    const model = rowsOf(tx, "keys")[0]?.value;
    const secret = rowsOf(tx, "apikey")[0]?.value;
    if (model === undefined || secret === undefined) throw new Error("there is no key to copy");
    for (let index = start; index < Math.min(start + BATCH, count); index += 1) {
      insertCopy(tx, { model, secret }, index, toCopy(index));
    }
    await database.durable(tx.commit().ts);
  }
}

/** The rows of a table in a stopped data folder, oldest first. */
export async function readRows(folder: string, table: string): Promise<JsonObject[]> {
  await using database = openDatabase(folder);
  using tx = database.begin();
  return rowsOf(tx, table).map(({ value }) => value);
}

function insertCopy(
  tx: Transaction,
  { model, secret }: { model: JsonObject; secret: JsonObject },
  index: number,
  { key, usage }: Copy,
): void {
  const hash = createHash("sha256").update(`copy ${index}`).digest("base64url");
  const credentialId = tx.insert(ROOT, "apikey", { ...fieldsOf(secret), key: hash });
  const { organizationId = "" } = model;
  const usageId = tx.insert(ROOT, "keyUsage", { organizationId, lastUsedAt: null, ...usage });
  const name = `copy ${index}`;
  const named = { name, nameKey: name, keyIdText: `copy${index}`, start: `lk_live_copy${index}` };
  const secrets = [{ credentialId, version: 1, validUntil: null }];
  const keyId = tx.insert(ROOT, "keys", { ...fieldsOf(model), ...named, secrets, usageId, ...key });
  tx.patch(ROOT, credentialId, { keyId });
  tx.patch(ROOT, usageId, { keyId });
}

function fieldsOf({ _id, _creationTime, ...fields }: JsonObject): JsonObject {
  return fields;
}

function rowsOf(tx: Transaction, table: string): Document[] {
  return [...tx.scan(ROOT, table, "by_creation_time", WHOLE_INDEX, "asc")].map(({ document }) => document);
}
