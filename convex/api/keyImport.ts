import type { FunctionReturnType } from "convex/server";
import * as z from "zod";
import type { internal } from "../_generated/api.js";
import type { ImportedKey } from "../model/keys/imports.ts";
import { HASH_ALGORITHMS } from "../shared/foreignHash.ts";
import {
  FOREIGN_PREFIX_MIN,
  FOREIGN_START_MAX,
  FOREIGN_START_MIN,
  FOREIGN_START_MIN_SLOW,
} from "../shared/foreignKey.ts";
import { generateKeyIdText } from "../shared/keyFormat.ts";
import { keyRecordSchema, toKeyRecord } from "./keyRecord.ts";
import { newKeySchema, toNewKey } from "./newKey.ts";

const IMPORT_MAX = 100;

const importedKeySchema = newKeySchema.omit({ format: true }).extend({
  hash: z
    .strictObject({
      algorithm: z.enum(HASH_ALGORITHMS),
      value: z.string().max(512).describe("Argon2 as a PHC string."),
    })
    .describe(
      "What the other system kept of the key. bcrypt up to cost 12, of keys of at most 72 characters, and Argon2 up to 64 MiB are compared once, at the first use.",
    ),
  prefix: z
    .string()
    .describe(
      `What all keys of that kind begin with, for example \`acme_\`: at least ${FOREIGN_PREFIX_MIN} characters.`,
    ),
  start: z
    .string()
    .describe(
      `How this key begins, which everyone may see: ${FOREIGN_START_MIN} to ${FOREIGN_START_MAX} characters, at least ${FOREIGN_START_MIN_SLOW} of this key only for bcrypt and Argon2.`,
    ),
  last4: z.string().optional().describe("Its last four characters, for telling keys apart."),
});

/** What `keys.import` takes. Never a plaintext. */
export const importInputSchema = z.strictObject({
  items: z.array(importedKeySchema).min(1).max(IMPORT_MAX).describe(`Up to ${IMPORT_MAX} keys of another system.`),
});

const importResultSchema = z.object({
  outcome: z.enum(["created", "refused"]),
  record: keyRecordSchema.nullable(),
  code: z.string().nullable().describe("Why it was refused."),
  message: z.string().nullable(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })),
});

/** What `keys.import` answers. */
export const importSchema = z.object({
  created: z.number().int(),
  items: z.array(importResultSchema).describe("A result per item, in the order of the items."),
});

/** What became of one item, its record at `at`, epoch milliseconds. */
export function toImportResult(
  result: FunctionReturnType<typeof internal.imports.insert>[number],
  at: number,
): z.infer<typeof importResultSchema> {
  if (result.outcome === "created") {
    return { outcome: "created", record: toKeyRecord(result.view, at), code: null, message: null, errors: [] };
  }
  const { outcome, code, message, fields: errors } = result;
  return { outcome, record: null, code, message, errors };
}

/** One item, as the functions take it, with the public id that it gets. */
export function toImportedKey({
  hash,
  prefix: foreignPrefix,
  start,
  last4,
  ...input
}: z.infer<typeof importedKeySchema>): ImportedKey {
  const { format: _opaque, ...fields } = toNewKey(input);
  return { ...fields, hash, foreignPrefix, start, last4, keyIdText: generateKeyIdText() };
}
