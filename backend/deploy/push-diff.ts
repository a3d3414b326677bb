import type { AuthProvider, CronSpec, Deployment, IndexDefinition, Mount, Schema } from "../functions/deployment.ts";
import type { JsonObject } from "../values/json.ts";

interface NamedIndex extends IndexDefinition {
  readonly table: string;
  readonly isStaged: boolean;
}

/** Index changes of one mount in the CLI's form. An index whose fields changed is removed and added. */
export function indexDiff(before: Schema | null, after: Schema | null): JsonObject {
  const old = indexesOf(before);
  const wanted = indexesOf(after);
  const changes = {
    added_indexes: [],
    removed_indexes: [],
    enabled_indexes: [],
    disabled_indexes: [],
  } satisfies Record<string, JsonObject[]>;
  const diff: Record<keyof typeof changes, JsonObject[]> = changes;
  for (const [key, index] of wanted) {
    const known = old.get(key);
    if (known === undefined) diff.added_indexes.push(toJson(index));
    else if (known.isStaged && !index.isStaged) diff.enabled_indexes.push(toJson(index));
    else if (!known.isStaged && index.isStaged) diff.disabled_indexes.push(toJson(index));
  }
  for (const [key, index] of old) if (!wanted.has(key)) diff.removed_indexes.push(toJson(index));
  return diff;
}

/** By mount path, for every mount that exists before or after. */
export function indexDiffs(before: Deployment | null, after: ReadonlyMap<string, Mount>): JsonObject {
  const diffs: JsonObject = {};
  for (const path of new Set([...(before?.mounts.keys() ?? []), ...after.keys()])) {
    diffs[path] = indexDiff(before?.mounts.get(path)?.schema ?? null, after.get(path)?.schema ?? null);
  }
  return diffs;
}

/** The answer of `finish_push`. */
export function pushDiff(before: Deployment | null, after: Deployment): JsonObject {
  const componentDiffs: JsonObject = {};
  for (const path of new Set([...(before?.mounts.keys() ?? []), ...after.mounts.keys()])) {
    componentDiffs[path] = componentDiff(before?.mounts.get(path), after.mounts.get(path));
  }
  return {
    authDiff: namesDiff(before?.authProviders.map(providerName) ?? [], after.authProviders.map(providerName)),
    definitionDiffs: {},
    componentDiffs,
  };
}

function componentDiff(before: Mount | undefined, after: Mount | undefined): JsonObject {
  const type = after === undefined ? "unmount" : before === undefined ? "create" : "modify";
  const oldSchema = schemaText(before);
  const newSchema = schemaText(after);
  return {
    diffType: { type },
    moduleDiff: namesDiff(changedModules(before, after), changedModules(after, before)),
    udfConfigDiff: null,
    cronDiff: cronDiff(before?.crons ?? [], after?.crons ?? []),
    indexDiff: indexDiff(before?.schema ?? null, after?.schema ?? null),
    schemaDiff: oldSchema === newSchema ? null : { previous_schema: oldSchema, next_schema: newSchema },
  };
}

/** Modules of `mine` that `theirs` lacks or has with another text. */
function changedModules(mine: Mount | undefined, theirs: Mount | undefined): string[] {
  return [...(mine?.modules.values() ?? [])]
    .filter(({ path, sha256 }) => theirs?.modules.get(path)?.sha256 !== sha256)
    .map(({ path }) => path);
}

function cronDiff(before: readonly CronSpec[], after: readonly CronSpec[]): JsonObject {
  const old = new Map(before.map((cron) => [cron.identifier, JSON.stringify(cron)]));
  const wanted = new Map(after.map((cron) => [cron.identifier, JSON.stringify(cron)]));
  return {
    added: [...wanted.keys()].filter((name) => !old.has(name)),
    updated: [...wanted].filter(([name, text]) => old.has(name) && old.get(name) !== text).map(([name]) => name),
    deleted: [...old.keys()].filter((name) => !wanted.has(name)),
  };
}

function namesDiff(before: readonly string[], after: readonly string[]): JsonObject {
  return {
    added: after.filter((name) => !before.includes(name)),
    removed: before.filter((name) => !after.includes(name)),
  };
}

function providerName(provider: AuthProvider): string {
  return JSON.stringify(provider);
}

function schemaText(mount: Mount | undefined): string | null {
  const schema = mount?.schema ?? null;
  if (schema === null) return null;
  return JSON.stringify({ tables: [...schema.tables.values()], schemaValidation: schema.validated });
}

function indexesOf(schema: Schema | null): Map<string, NamedIndex> {
  const indexes = new Map<string, NamedIndex>();
  for (const table of schema?.tables.values() ?? []) {
    for (const [list, isStaged] of [
      [table.indexes, false],
      [table.stagedIndexes, true],
    ] as const) {
      for (const index of list) {
        indexes.set(`${table.name}.${index.name}(${index.fields.join()})`, { ...index, table: table.name, isStaged });
      }
    }
  }
  return indexes;
}

function toJson(index: NamedIndex): JsonObject {
  return {
    name: `${index.table}.${index.name}`,
    type: "database",
    fields: [...index.fields, "_creationTime"],
    ...(index.isStaged ? { staged: true } : {}),
  };
}
