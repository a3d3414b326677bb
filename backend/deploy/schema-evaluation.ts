import type { IndexDefinition, ModuleSource, Schema, TableDefinition } from "../functions/deployment.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { messageOf } from "./component-definition.ts";
import { DeployError } from "./deploy-error.ts";
import { evaluationGraph } from "./evaluation-realm.ts";

/** A schema as evaluated, with the JSON that the CLI wants back. */
export interface EvaluatedSchema {
  readonly schema: Schema;
  readonly analysis: JsonObject;
}

/** Runs a schema module. Throws InvalidSchema. */
export async function evaluateSchemaModule(module: ModuleSource): Promise<EvaluatedSchema> {
  const graph = evaluationGraph({ sources: [module], environment: {} });
  try {
    const namespace = await graph.import(module.path);
    const definition = namespace["default"];
    if (typeof definition !== "object" || definition === null || !("export" in definition)) {
      throw new DeployError("InvalidSchema", "The schema must be the default export, made by defineSchema().");
    }
    const text: unknown = typeof definition.export === "function" ? definition.export() : null;
    const analysis: JsonValue = JSON.parse(String(text));
    return { schema: toSchema(analysis), analysis: isJsonObject(analysis) ? analysis : {} };
  } catch (error) {
    if (error instanceof DeployError) throw error;
    throw new DeployError("InvalidSchema", `Couldn't evaluate the schema: ${messageOf(error)}`);
  }
}

/** Decodes `SchemaDefinition.export()`. Throws InvalidSchema. */
export function toSchema(exported: JsonValue): Schema {
  if (!isJsonObject(exported) || !Array.isArray(exported["tables"])) throw invalid("it has no tables");
  const tables = exported["tables"].map(toTable);
  return {
    validated: exported["schemaValidation"] !== false,
    tables: new Map(tables.map((table) => [table.name, table])),
  };
}

function toTable(value: JsonValue): TableDefinition {
  if (!isJsonObject(value) || typeof value["tableName"] !== "string") throw invalid("a table has no name");
  const name = value["tableName"];
  if (!/^[a-zA-Z][a-zA-Z0-9_]*$/.test(name)) {
    throw invalid(`"${name}" is no table name: use letters, digits and underscores, a letter first`);
  }
  return {
    name,
    indexes: indexesOf(value["indexes"], name),
    stagedIndexes: indexesOf(value["stagedDbIndexes"], name),
    documentType: value["documentType"] ?? null,
  };
}

function indexesOf(value: JsonValue | undefined, table: string): IndexDefinition[] {
  const names = new Set<string>();
  return (Array.isArray(value) ? value : []).map((index) => {
    if (!isJsonObject(index) || typeof index["indexDescriptor"] !== "string" || !Array.isArray(index["fields"])) {
      throw invalid(`table "${table}" has a malformed index`);
    }
    const name = index["indexDescriptor"];
    if (name === "by_id" || name === "by_creation_time" || name.startsWith("_")) {
      throw invalid(`the index name "${name}" of table "${table}" is reserved`);
    }
    if (names.has(name)) throw invalid(`table "${table}" has two indexes named "${name}"`);
    names.add(name);
    const fields = index["fields"].map(String);
    if (fields.length === 0) throw invalid(`index "${table}.${name}" has no fields`);
    if (fields.includes("_creationTime")) {
      throw invalid(`index "${table}.${name}" names _creationTime, which every index ends with anyway`);
    }
    return { name, fields };
  });
}

function invalid(reason: string): DeployError {
  return new DeployError("InvalidSchema", `The schema is invalid: ${reason}.`);
}
