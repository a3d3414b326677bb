import type { JsonObject } from "../backend/values/json.ts";
import { generateKey } from "../convex/shared/keyFormat.ts";
import { BulkWriter } from "./bulk-writer.ts";
import { hashOf } from "./seed-keys.ts";

/** What kinds of keys are in the table: by the thing that is asked of them. */
export type KeyKind = "checked" | "limited" | "plain";

/** One key in so many is of a kind other than the first. */
const OTHERS_EVERY = 10;

/**
 * Copies the rows (credential, record, usage) of one key of each kind that was made over the API, `count` times in all, each with a
 * name and a secret of its own. Answers the plaintexts. The backend of the folder must be closed.
 */
export function seedKeys(
  folder: string,
  models: Readonly<Record<KeyKind, string>>,
  count: number,
): Record<KeyKind, string[]> {
  const writer = new BulkWriter(folder);
  const model = {
    checked: readModel(writer, models.checked),
    limited: readModel(writer, models.limited),
    plain: readModel(writer, models.plain),
  };
  const keys: Record<KeyKind, string[]> = { checked: [], limited: [], plain: [] };
  for (let index = 0; index < count; index += 1) {
    const turn = index % OTHERS_EVERY;
    const kind = turn === 1 ? "limited" : turn === 2 ? "plain" : "checked";
    keys[kind].push(addCopy(writer, model[kind], index));
  }
  writer.finish();
  return keys;
}

interface Model {
  readonly key: JsonObject;
  readonly credential: JsonObject;
  readonly usage: JsonObject;
}

function readModel(writer: BulkWriter, keyId: string): Model {
  const key = writer.read(keyId);
  const [secret] = Array.isArray(key.secrets) ? key.secrets : [];
  const credentialId =
    typeof secret === "object" && secret !== null && "credentialId" in secret ? secret.credentialId : null;
  return { key, credential: writer.read(textOf(credentialId)), usage: writer.read(textOf(key.usageId)) };
}

function textOf(id: unknown): string {
  if (typeof id !== "string") throw new Error("a key without its secret or its usage");
  return id;
}

function addCopy(writer: BulkWriter, model: Model, index: number): string {
  const { key, keyIdText, start, last4 } = generateKey({ prefix: "lk", env: "live" });
  const [credentialId, usageId, keyId] = [writer.newId("apikey"), writer.newId("keyUsage"), writer.newId("keys")];
  const name = `seeded ${index}`;
  writer.add("apikey", credentialId, { ...model.credential, key: hashOf(key), keyId });
  writer.add("keyUsage", usageId, { ...model.usage, keyId });
  writer.add("keys", keyId, {
    ...model.key,
    name,
    nameKey: name,
    keyIdText,
    start,
    last4,
    secrets: [{ credentialId, version: 1, validUntil: null }],
    usageId,
  });
  return key;
}
