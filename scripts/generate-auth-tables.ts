// Writes convex/auth/tables.ts from what better-auth and its plugins say they store. Run it after changing
// better-auth's version or convex/auth/options.ts: `node scripts/generate-auth-tables.ts`.
import { writeFile } from "node:fs/promises";
import type { DBFieldAttribute } from "@better-auth/core/db";
import { getAuthTablesWithResolvedIndexes } from "@better-auth/core/db/internal";
import { tableOptions } from "../convex/auth/options.ts";

type Index = { fields: string[]; unique: boolean };

/** Indexes and uniqueness that we need and better-auth does not declare. */
const OUR_INDEXES: Record<string, Index[]> = {
  account: [{ fields: ["providerId", "accountId"], unique: true }],
  apikey: [
    { fields: ["key"], unique: true },
    { fields: ["keyId"], unique: false },
  ],
  invitation: [{ fields: ["email", "status"], unique: false }],
  member: [{ fields: ["organizationId", "userId"], unique: true }],
  organization: [{ fields: ["slug"], unique: true }],
  session: [{ fields: ["expiresAt"], unique: false }],
  verification: [{ fields: ["expiresAt"], unique: false }],
};

/** Declared by a plugin, but nothing of ours asks by them, and every index costs a write per row. */
const UNUSED_INDEXES: Record<string, string[]> = { apikey: ["configId"] };

/** Fields of ours on their tables. The plugin neither sees nor returns them. */
const OUR_FIELDS: Record<string, Record<string, string>> = {
  // Set in the transaction that inserts the row: the key that this is a secret of.
  apikey: { keyId: 'v.optional(v.id("keys"))' },
};

await writeFile(new URL("../convex/auth/tables.ts", import.meta.url), render());

function render(): string {
  const { tables, indexesByTable } = getAuthTablesWithResolvedIndexes(tableOptions());
  const rendered = Object.values(tables)
    .toSorted((a, b) => (a.modelName < b.modelName ? -1 : 1))
    .map((table) => {
      const declared = (indexesByTable.get(table.modelName) ?? []).map((index) => ({
        fields: [...index.columns],
        unique: index.unique ?? false,
      }));
      const single = Object.entries(table.fields)
        .filter(([, field]) => field.index === true || field.unique === true)
        .map(([name, field]) => ({ fields: [field.fieldName ?? name], unique: field.unique ?? false }));
      return {
        name: table.modelName,
        fields: Object.entries(table.fields),
        indexes: merge([...single, ...declared, ...(OUR_INDEXES[table.modelName] ?? [])]).filter(
          ({ fields }) => !UNUSED_INDEXES[table.modelName]?.includes(fields.join()),
        ),
      };
    });
  return [
    "// Written by scripts/generate-auth-tables.ts. Do not edit.",
    'import { defineTable } from "convex/server";',
    'import { v } from "convex/values";',
    "",
    "export const authTables = {",
    ...rendered.map(
      ({ name, fields, indexes }) =>
        `  ${name}: defineTable({\n${[
          ...fields.map(([key, field]) => `    ${field.fieldName ?? key}: ${validatorOf(field)},\n`),
          ...Object.entries(OUR_FIELDS[name] ?? {}).map(([key, validator]) => `    ${key}: ${validator},\n`),
        ].join(
          "",
        )}  })${indexes.map((index) => `\n    .index("${nameOf(index)}", ${JSON.stringify(index.fields)})`).join("")},`,
    ),
    "};",
    "",
    "/** Every index of the tables above; the adapter reads by them and keeps the unique ones unique. */",
    "export const authIndexes: Record<",
    "  keyof typeof authTables,",
    "  readonly { name: string; fields: readonly string[]; unique: boolean }[]",
    "> = {",
    ...rendered.map(
      ({ name, indexes }) =>
        `  ${name}: [${indexes
          .map(
            (index) =>
              `\n    { name: "${nameOf(index)}", fields: ${JSON.stringify(index.fields)}, unique: ${index.unique} },`,
          )
          .join("")}${indexes.length > 0 ? "\n  " : ""}],`,
    ),
    "};",
    "",
  ].join("\n");
}

/** One index per list of fields; unique if anybody says so. An index that a longer one begins with is dropped unless it is unique. */
function merge(indexes: Index[]): Index[] {
  const byFields = new Map<string, Index>();
  for (const index of indexes) {
    const key = index.fields.join();
    byFields.set(key, { fields: index.fields, unique: index.unique || byFields.get(key)?.unique === true });
  }
  const all = [...byFields.values()];
  return all.filter(
    (index) =>
      index.unique ||
      !all.some(
        (other) =>
          other.fields.length > index.fields.length && other.fields.join().startsWith(`${index.fields.join()},`),
      ),
  );
}

function nameOf(index: Index): string {
  return `by_${index.fields.join("_")}`;
}

function validatorOf(field: DBFieldAttribute): string {
  const inner = field.references?.field === "id" ? `v.id("${field.references.model}")` : typeOf(field.type);
  return field.required === false ? `v.optional(${inner})` : inner;
}

function typeOf(type: DBFieldAttribute["type"]): string {
  switch (type) {
    case "number":
      return "v.number()";
    case "boolean":
      return "v.boolean()";
    // Epoch milliseconds.
    case "date":
      return "v.number()";
    // Lists and objects arrive as JSON text from better-auth's adapter factory.
    default:
      return "v.string()";
  }
}
