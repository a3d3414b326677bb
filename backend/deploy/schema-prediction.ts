import type { Database } from "../database/database.ts";
import type { Deployment, Mount } from "../functions/deployment.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { WHOLE_INDEX } from "../values/ordered-key.ts";
import { indexDiff } from "./push-diff.ts";

const CHANGES = {
  added_indexes: "added",
  removed_indexes: "dropped",
  enabled_indexes: "enabled",
  disabled_indexes: "disabled",
} as const;

/** The answer of `evaluate_schema`: what a push would have to check and build, for the CLI's warnings about large tables. */
export function predictSchema(
  database: Database,
  current: Deployment | null,
  mounts: ReadonlyMap<string, Mount>,
): JsonObject {
  const componentSchemaEvaluations: JsonObject = {};
  for (const mount of mounts.values()) {
    componentSchemaEvaluations[mount.path] = predictMount(database, current?.mounts.get(mount.path), mount);
  }
  const known = new Set(definitionPaths(current?.mounts ?? new Map()));
  const newComponentDefinitions = definitionPaths(mounts).filter((path) => path !== "" && !known.has(path));
  return { componentSchemaEvaluations, newComponentDefinitions };
}

function definitionPaths(mounts: ReadonlyMap<string, Mount>): string[] {
  return [...new Set(Array.from(mounts.values(), ({ definitionPath }) => definitionPath))];
}

function predictMount(database: Database, before: Mount | undefined, after: Mount): JsonObject {
  const sizes = new Map<string, { numDocs: number; sizeBytes: number }>();
  const sizeOf = (table: string): { numDocs: number; sizeBytes: number } => {
    const known = sizes.get(table) ?? measure(database, after.path, table);
    sizes.set(table, known);
    return known;
  };
  const tables = [...(after.schema?.tables.values() ?? [])].map((table) => {
    const old = before?.schema?.validated === true ? before.schema.tables.get(table.name) : undefined;
    const isSame = JSON.stringify(old?.documentType) === JSON.stringify(table.documentType);
    const outcome = after.schema?.validated !== true ? "notValidated" : isSame ? "supersetOfEnforced" : "mustWalk";
    return { name: table.name, outcome, numDocs: sizeOf(table.name).numDocs, sizeBytes: sizeOf(table.name).sizeBytes };
  });
  const indexes: JsonValue[] = [];
  for (const [kind, changed] of Object.entries(indexDiff(before?.schema ?? null, after.schema))) {
    for (const index of Array.isArray(changed) ? changed : []) {
      if (!isJsonObject(index) || typeof index["name"] !== "string") continue;
      const { numDocs } = sizeOf(index["name"].split(".")[0] ?? "");
      const change = isChange(kind) ? CHANGES[kind] : "identical";
      indexes.push({ ...index, change, needsBackfill: change === "added" && numDocs > 0, numDocs });
    }
  }
  return {
    definitionPath: after.definitionPath,
    schemaValidation: after.schema?.validated ?? false,
    tables,
    indexes,
  };
}

/** Counting stops here: the CLI asks only whether a table is large. */
const COUNT_LIMIT = 100_001;

function measure(database: Database, mount: string, table: string): { numDocs: number; sizeBytes: number } {
  using tx = database.begin();
  let numDocs = 0;
  let sizeBytes = 0;
  for (const { document } of tx.scan(mount, table, "by_creation_time", WHOLE_INDEX, "asc")) {
    sizeBytes += document.text.length;
    if (++numDocs === COUNT_LIMIT) break;
  }
  return { numDocs, sizeBytes };
}

function isChange(kind: string): kind is keyof typeof CHANGES {
  return Object.hasOwn(CHANGES, kind);
}
