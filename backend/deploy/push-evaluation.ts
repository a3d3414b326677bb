import { randomUUID } from "node:crypto";
import type { AuthProvider, Mount } from "../functions/deployment.ts";
import type { JsonObject } from "../values/json.ts";
import { evaluateAuthConfig } from "./auth-config.ts";
import type { CodeVersion } from "./code-version.ts";
import { evaluateDefinitions } from "./component-definition.ts";
import { componentExports } from "./component-exports.ts";
import { DeployError } from "./deploy-error.ts";
import { analyzeModules, type ModuleAnalysis } from "./module-analysis.ts";
import {
  buildMountTree,
  requireDeclaredVariables,
  type EvaluatedDefinition,
  type MountTree,
  type Origins,
} from "./mount-tree.ts";
import type { DefinitionSource, PushRequest } from "./push-request.ts";
import { evaluateSchemaModule, type EvaluatedSchema } from "./schema-evaluation.ts";

/** A push brought to the point where it could go live, in memory only. */
export interface EvaluatedPush {
  readonly code: CodeVersion;
  readonly tree: MountTree;
  readonly authProviders: readonly AuthProvider[];
  /** By definition path, in the CLI's form. */
  readonly analysis: JsonObject;
}

/**
 * Runs all modules of a push in throwaway realms and works out what would be deployed. Throws DeployError with what the
 * CLI should show.
 */
export async function evaluatePush(
  request: PushRequest,
  environment: Readonly<Record<string, string>>,
  origins: Origins,
): Promise<EvaluatedPush> {
  const withOrigins = { CONVEX_CLOUD_URL: origins.cloudUrl, CONVEX_SITE_URL: origins.siteUrl, ...environment };
  const metadata = await evaluateDefinitions(request, withOrigins);
  const definitions = new Map<string, EvaluatedDefinition>();
  const analysis: JsonObject = {};
  for (const source of [request.app, ...request.components]) {
    const path = source.definitionPath;
    const isApp = path === "";
    const modules = new Map(source.functions.map((module) => [module.path, module]));
    const schema = await evaluateSchemaOf(source);
    const analyzed = await analyzeModules([...modules.values()], isApp ? withOrigins : onlyOrigins(origins));
    const definition = metadata.get(path);
    if (definition === undefined) throw new DeployError("InvalidComponentDefinition", `"${path}" has no definition.`);
    definitions.set(path, { definition, schema, analysis: analyzed, modules });
    analysis[path] = {
      definition: {
        ...definition.metadata,
        exports: isApp ? { type: "branch", branch: [] } : componentExports(analyzed.functions.values()),
      },
      schema: schema?.analysis ?? null,
      functions: analyzed.modules,
      udfConfig: {
        serverVersion: source.serverVersion,
        importPhaseRngSeed: { $bytes: "" },
        importPhaseUnixTimestamp: { $integer: "AAAAAAAAAAA=" },
      },
    };
  }
  const app = definitions.get("");
  const authProviders = app === undefined ? [] : await evaluateAuthConfig(app.modules, withOrigins);
  const tree = buildMountTree(definitions, environment, origins);
  requireDeclaredVariables(definitions, tree);
  const code: CodeVersion = {
    id: randomUUID(),
    definitions,
    serverVersion: request.app.serverVersion,
    functionsFolder: request.functionsFolder,
  };
  return { code, tree, authProviders, analysis };
}

/**
 * The mounts a push would have, with their schemas and nothing else: no function module is run and no variable is missed, so
 * that a push which has other faults is still told about its tables.
 */
export async function evaluateSchemas(
  request: PushRequest,
  environment: Readonly<Record<string, string>>,
  origins: Origins,
): Promise<ReadonlyMap<string, Mount>> {
  const metadata = await evaluateDefinitions(request, environment);
  const definitions = new Map<string, EvaluatedDefinition>();
  for (const source of [request.app, ...request.components]) {
    const definition = metadata.get(source.definitionPath);
    if (definition === undefined) continue;
    const schema = await evaluateSchemaOf(source);
    definitions.set(source.definitionPath, { definition, schema, analysis: NO_MODULES, modules: new Map() });
  }
  return buildMountTree(definitions, environment, origins).mounts;
}

const NO_MODULES: ModuleAnalysis = { functions: new Map(), httpRoutes: null, crons: [], modules: {} };

async function evaluateSchemaOf(source: DefinitionSource): Promise<EvaluatedSchema | null> {
  return source.schema === null ? null : evaluateSchemaModule(source.schema);
}

function onlyOrigins(origins: Origins): Record<string, string> {
  return { CONVEX_CLOUD_URL: origins.cloudUrl, CONVEX_SITE_URL: origins.siteUrl };
}
