import type { Database, Transaction } from "../backend/database/database.ts";
import type { JsonObject } from "../backend/values/json.ts";
import { generateKey } from "../convex/shared/keyFormat.ts";
import { hashOf } from "./seed-keys.ts";

const BATCH = 2000;

/**
 * Copies one key's three rows (credential, record, usage) `count` times, each with a name and a secret of its own. Answers the
 * plaintexts. The database must be open in this process only, before the backend starts on it.
 */
export async function seedKeys(database: Database, modelKeyId: string, count: number): Promise<string[]> {
  const model = readModel(database, modelKeyId);
  const keys: string[] = [];
  while (keys.length < count) {
    const transaction = database.begin();
    for (let inBatch = 0; inBatch < BATCH && keys.length < count; inBatch += 1) {
      keys.push(insertCopy(transaction, model, keys.length));
    }
    await database.durable(transaction.commit().ts);
  }
  return keys;
}

interface Model {
  readonly key: JsonObject;
  readonly credential: JsonObject;
  readonly usage: JsonObject;
}

function readModel(database: Database, keyId: string): Model {
  using transaction = database.begin();
  const read = (id: unknown): JsonObject => {
    const found = typeof id === "string" ? transaction.get("", id) : null;
    if (found === null) throw new Error(`the model key lacks a row: ${String(id)}`);
    return ownFields(found.value);
  };
  const key = read(keyId);
  const [secret] = Array.isArray(key.secrets) ? key.secrets : [];
  const credentialId =
    typeof secret === "object" && secret !== null && "credentialId" in secret ? secret.credentialId : null;
  return { key, credential: read(credentialId), usage: read(key.usageId) };
}

function insertCopy(transaction: Transaction, model: Model, index: number): string {
  const { key, keyIdText, start, last4 } = generateKey({ prefix: "lk", env: "live" });
  const credentialId = transaction.insert("", "apikey", { ...model.credential, key: hashOf(key) });
  const usageId = transaction.insert("", "keyUsage", model.usage);
  const name = `seeded ${index}`;
  const keyId = transaction.insert("", "keys", {
    ...model.key,
    name,
    nameKey: name,
    keyIdText,
    start,
    last4,
    permissions: ["orders:read"],
    secrets: [{ credentialId, version: 1, validUntil: null }],
    usageId,
  });
  transaction.patch("", credentialId, { keyId });
  transaction.patch("", usageId, { keyId });
  return key;
}

function ownFields(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith("_")));
}
