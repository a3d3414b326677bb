import type { AuthProvider, CronSpec, FunctionDefinition, ModuleSource } from "../functions/deployment.ts";
import type { JsonObject, JsonValue } from "../values/json.ts";
import { toAuthProviders } from "./auth-config.ts";
import { toDefinition } from "./component-definition.ts";
import type { HttpActionRoute } from "./module-analysis.ts";
import type { EvaluatedDefinition } from "./mount-tree.ts";
import { toSchema } from "./schema-evaluation.ts";

/** The code of a deployment before variables make mounts of it. */
export interface CodeVersion {
  readonly id: string;
  /** By definition path, `""` being the app. */
  readonly definitions: ReadonlyMap<string, EvaluatedDefinition>;
  /** Of the `convex` package that pushed it. */
  readonly serverVersion: string;
  readonly functionsFolder: string;
}

/** A stored version: module texts are kept apart and named by their hash. */
interface StoredVersion {
  readonly id: string;
  readonly serverVersion: string;
  readonly functionsFolder: string;
  readonly authProviders: readonly AuthProvider[];
  readonly environmentHash: string;
  readonly definitions: readonly StoredDefinition[];
}

interface StoredDefinition {
  readonly path: string;
  readonly metadata: JsonObject;
  readonly schema: JsonObject | null;
  readonly functions: readonly FunctionDefinition[];
  readonly httpRoutes: readonly HttpActionRoute[] | null;
  readonly crons: readonly CronSpec[];
  readonly modules: readonly (readonly [path: string, environment: ModuleSource["environment"], sha256: string])[];
}

/** A version read back, with the auth providers and for which variables they were evaluated. */
export interface RestoredVersion {
  readonly code: CodeVersion;
  readonly authProviders: readonly AuthProvider[];
  readonly environmentHash: string;
}

/** The text to store for a version. */
export function serializeVersion(restored: RestoredVersion): string {
  const { code, authProviders, environmentHash } = restored;
  const stored: StoredVersion = {
    id: code.id,
    serverVersion: code.serverVersion,
    functionsFolder: code.functionsFolder,
    authProviders,
    environmentHash,
    definitions: [...code.definitions].map(([path, { definition, schema, analysis, modules }]) => ({
      path,
      metadata: definition.metadata,
      schema: schema?.analysis ?? null,
      functions: [...analysis.functions.values()],
      httpRoutes: analysis.httpRoutes,
      crons: analysis.crons,
      modules: [...modules.values()].map((module) => [module.path, module.environment, module.sha256]),
    })),
  };
  return JSON.stringify(stored);
}

/** Reads back `serializeVersion`'s text. Throws when a module's text is not stored. */
export function restoreVersion(
  text: string,
  sourceOf: (sha256: string) => { source: string; sourceMap: string | null } | undefined,
): RestoredVersion {
  // Written by `serializeVersion` alone, so its shape is known.
  const stored: StoredVersion = JSON.parse(text);
  const definitions = new Map<string, EvaluatedDefinition>();
  for (const { path, metadata, schema, functions, httpRoutes, crons, modules } of stored.definitions) {
    definitions.set(path, {
      definition: toDefinition(path, metadata),
      schema: schema === null ? null : { schema: toSchema(schema), analysis: schema },
      analysis: {
        functions: new Map(functions.map((definition) => [`${definition.module}:${definition.name}`, definition])),
        httpRoutes,
        crons,
        modules: {},
      },
      modules: new Map(
        modules.map(([modulePath, environment, sha256]) => {
          const found = sourceOf(sha256);
          if (found === undefined) throw new Error(`The stored text of ${path}${modulePath} is missing.`);
          return [modulePath, { path: modulePath, environment, sha256, ...found }];
        }),
      ),
    });
  }
  const { id, serverVersion, functionsFolder, environmentHash } = stored;
  const providers: JsonValue = JSON.parse(JSON.stringify(stored.authProviders));
  return {
    code: { id, definitions, serverVersion, functionsFolder },
    authProviders: toAuthProviders({ providers }),
    environmentHash,
  };
}

/** Every module text of a version, by hash. */
export function moduleTexts(code: CodeVersion): Map<string, ModuleSource> {
  const texts = new Map<string, ModuleSource>();
  for (const { modules } of code.definitions.values()) {
    for (const module of modules.values()) texts.set(module.sha256, module);
  }
  return texts;
}

/**
 * The same version with the module texts it shares with the one before. Node never frees the modules of a realm, so texts
 * that did not change must not be held once per push.
 */
export function sharingTexts(code: CodeVersion, before: CodeVersion | null): CodeVersion {
  if (before === null) return code;
  const known = moduleTexts(before);
  const definitions = new Map<string, EvaluatedDefinition>();
  for (const [path, evaluated] of code.definitions) {
    const modules = new Map<string, ModuleSource>();
    for (const module of evaluated.modules.values()) {
      const { source, sourceMap } = known.get(module.sha256) ?? module;
      modules.set(module.path, { ...module, source, sourceMap });
    }
    definitions.set(path, { ...evaluated, modules });
  }
  return { ...code, definitions };
}
