import type { HttpMount, ModuleSource, Mount } from "../functions/deployment.ts";
import type { JsonObject } from "../values/json.ts";
import type { ComponentDefinition, VariableBinding } from "./component-definition.ts";
import { DeployError } from "./deploy-error.ts";
import type { ModuleAnalysis } from "./module-analysis.ts";
import type { EvaluatedSchema } from "./schema-evaluation.ts";

/** Everything known about one definition, of which any number of mounts can exist. */
export interface EvaluatedDefinition {
  readonly definition: ComponentDefinition;
  readonly schema: EvaluatedSchema | null;
  readonly analysis: ModuleAnalysis;
  readonly modules: ReadonlyMap<string, ModuleSource>;
}

export interface Origins {
  readonly cloudUrl: string;
  readonly siteUrl: string;
}

export interface MountTree {
  readonly mounts: ReadonlyMap<string, Mount>;
  /** The tree in the CLI's form. */
  readonly app: JsonObject;
}

/**
 * Instantiates definitions from the app downwards. A component sees its declared variables and the two origins only.
 */
export function buildMountTree(
  definitions: ReadonlyMap<string, EvaluatedDefinition>,
  environment: Readonly<Record<string, string>>,
  origins: Origins,
): MountTree {
  const mounts = new Map<string, Mount>();

  const instantiate = (
    path: string,
    definitionPath: string,
    variables: Readonly<Record<string, string>>,
  ): JsonObject => {
    const evaluated = definitions.get(definitionPath);
    if (evaluated === undefined) {
      throw new DeployError(
        "InvalidComponentDefinition",
        `The component "${definitionPath}" was not part of the push.`,
      );
    }
    const { definition, analysis } = evaluated;
    const own = { CONVEX_CLOUD_URL: origins.cloudUrl, CONVEX_SITE_URL: origins.siteUrl, ...variables };
    const childPath = (name: string): string => (path === "" ? name : `${path}/${name}`);
    mounts.set(path, {
      path,
      definitionPath,
      environment: own,
      children: new Map(definition.children.map(({ name }) => [name, childPath(name)])),
      functions: analysis.functions,
      schema: evaluated.schema?.schema ?? null,
      crons: analysis.crons,
      httpMounts: httpMountsOf(definition, childPath),
      hasHttpModule: analysis.httpRoutes !== null,
      modules: evaluated.modules,
    });
    const childComponents: JsonObject = {};
    for (const child of definition.children) {
      const bound = bindVariables(child.environment, variables);
      childComponents[child.name] = instantiate(childPath(child.name), child.definitionPath, bound);
    }
    return {
      definitionPath,
      componentPath: path,
      args: {},
      childComponents,
      httpRoutes: {
        httpModuleRoutes: analysis.httpRoutes?.map(({ path: route, method }) => ({ path: route, method })) ?? null,
        mounts: [...definition.httpMounts.keys()],
      },
      exports: {},
    };
  };

  const app = instantiate("", "", environment);
  return { mounts, app };
}

function httpMountsOf(definition: ComponentDefinition, childPath: (name: string) => string): HttpMount[] {
  return [...definition.httpMounts]
    .map(([prefix, name]) => ({ prefix, mount: childPath(name) }))
    .toSorted((a, b) => b.prefix.length - a.prefix.length);
}

function bindVariables(
  bindings: ReadonlyMap<string, VariableBinding>,
  parent: Readonly<Record<string, string>>,
): Record<string, string> {
  const bound: Record<string, string> = {};
  for (const [name, binding] of bindings) {
    const value = binding.type === "value" ? binding.value : parent[binding.name];
    if (value !== undefined) bound[name] = value;
  }
  return bound;
}

/** Throws MissingEnvironmentVariables when a mount lacks a variable that its definition declares. */
export function requireDeclaredVariables(
  definitions: ReadonlyMap<string, EvaluatedDefinition>,
  { mounts }: MountTree,
): void {
  for (const { path, definitionPath, environment } of mounts.values()) {
    const declared = definitions.get(definitionPath)?.definition.declaredVariables ?? [];
    const missing = declared.filter(({ name, isOptional }) => !isOptional && !Object.hasOwn(environment, name));
    if (missing.length === 0) continue;
    const names = missing.map(({ name }) => name).join(", ");
    const where = path === "" ? "" : ` in component "${path}"`;
    throw new DeployError(
      "MissingEnvironmentVariables",
      `Required environment variables${where} are not set: ${names}.`,
    );
  }
}
