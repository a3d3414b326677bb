import type { Namespace } from "../functions/module-graph.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { DeployError } from "./deploy-error.ts";
import { evaluationGraph } from "./evaluation-realm.ts";
import type { DefinitionSource, PushRequest } from "./push-request.ts";

/** What `convex.config.ts` of the app or of a component says. */
export interface ComponentDefinition {
  readonly path: string;
  /** As given to `defineComponent`; null for the app. */
  readonly name: string | null;
  readonly children: readonly ChildComponent[];
  /** Prefix (`/auth/`) to name of the child whose routes it serves. */
  readonly httpMounts: ReadonlyMap<string, string>;
  readonly declaredVariables: readonly DeclaredVariable[];
  /** The definition's metadata as the CLI wants it back. */
  readonly metadata: JsonObject;
}

export interface ChildComponent {
  readonly name: string;
  readonly definitionPath: string;
  readonly environment: ReadonlyMap<string, VariableBinding>;
}

/** A component's variable is a text, or a variable of its parent. */
export type VariableBinding =
  | { readonly type: "value"; readonly value: string }
  | { readonly type: "parent"; readonly name: string };

export interface DeclaredVariable {
  readonly name: string;
  readonly isOptional: boolean;
}

const CHILD_REFERENCE = "_reference/childComponent/";
const COMPONENT_IMPORT = /(?:^|\/)_componentDeps\/([\w-]+)$/;

/**
 * Evaluates all component definitions, each after those it uses. Only the app's may read environment variables.
 * Throws InvalidComponentDefinition on cycles, unknown components and failing modules.
 */
export async function evaluateDefinitions(
  request: PushRequest,
  environment: Readonly<Record<string, string>>,
): Promise<Map<string, ComponentDefinition>> {
  const sources = new Map<string, DefinitionSource>([["", request.app]]);
  for (const component of request.components) sources.set(component.definitionPath, component);

  const evaluated = new Map<string, ComponentDefinition>();
  const underway = new Set<string>();
  const visit = async (path: string): Promise<void> => {
    if (evaluated.has(path)) return;
    const source = sources.get(path);
    if (source === undefined) throw invalid(`The component "${path}" is used but was not part of the push.`);
    if (underway.has(path)) throw invalid(`The component "${path}" uses itself.`);
    underway.add(path);
    for (const dependency of source.dependencies) await visit(dependency);
    evaluated.set(path, await evaluateDefinition(source, path === "" ? environment : {}, evaluated));
  };
  for (const path of sources.keys()) await visit(path);
  return evaluated;
}

async function evaluateDefinition(
  source: DefinitionSource,
  environment: Readonly<Record<string, string>>,
  evaluated: ReadonlyMap<string, ComponentDefinition>,
): Promise<ComponentDefinition> {
  const path = source.definitionPath;
  if (source.definition === null) return toDefinition(path, EMPTY_APP);
  const graph = evaluationGraph({
    sources: [source.definition],
    environment,
    synthetic: (specifier) => importedDefinition(specifier, evaluated),
  });
  try {
    const namespace = await graph.import(source.definition.path);
    const exported: unknown = callExport(namespace["default"]);
    // A copy made of plain JSON: what the realm hands out is of its own prototypes.
    const copy: JsonValue = JSON.parse(JSON.stringify(exported ?? null));
    return toDefinition(path, copy);
  } catch (error) {
    if (error instanceof DeployError) throw error;
    throw invalid(`Couldn't evaluate the definition of ${path === "" ? "the app" : `"${path}"`}: ${messageOf(error)}`);
  }
}

const EMPTY_APP: JsonObject = {
  definitionType: { type: "app" },
  childComponents: [],
  httpMounts: {},
  exports: { type: "branch", branch: [] },
};

/** What importing another component's `convex.config` gives to a definition. */
function importedDefinition(
  specifier: string,
  evaluated: ReadonlyMap<string, ComponentDefinition>,
): Namespace | undefined {
  const encoded = COMPONENT_IMPORT.exec(specifier)?.[1];
  if (encoded === undefined) return undefined;
  const componentDefinitionPath = Buffer.from(encoded, "base64url").toString();
  const definition = evaluated.get(componentDefinitionPath);
  if (definition === undefined) return undefined;
  return { default: { componentDefinitionPath, defaultName: definition.name ?? undefined } };
}

function callExport(definition: unknown): unknown {
  if (typeof definition === "object" && definition !== null && "export" in definition) {
    if (typeof definition.export === "function") return definition.export();
  }
  throw invalid("A convex.config file must export the result of defineApp() or defineComponent() as its default.");
}

/** Reads a definition back from its metadata. */
export function toDefinition(path: string, exported: JsonValue): ComponentDefinition {
  if (!isJsonObject(exported)) throw invalid(`The definition "${path}" exports nothing usable.`);
  if (exported["httpPrefix"] !== undefined) {
    throw invalid("defineApp({ httpPrefix }) is not supported by this backend; the app's routes are served from /.");
  }
  const httpMounts = new Map<string, string>();
  for (const [prefix, reference] of Object.entries(
    isJsonObject(exported["httpMounts"]) ? exported["httpMounts"] : {},
  )) {
    if (typeof reference === "string" && reference.startsWith(CHILD_REFERENCE)) {
      httpMounts.set(prefix, reference.slice(CHILD_REFERENCE.length));
    }
  }
  const name = exported["name"];
  return {
    path,
    name: typeof name === "string" ? name : null,
    children: arrayOf(exported["childComponents"]).map(toChild),
    httpMounts,
    declaredVariables: arrayOf(exported["envVars"]).flatMap(toDeclaredVariable),
    metadata: { ...exported, path },
  };
}

function toChild(value: JsonValue): ChildComponent {
  if (!isJsonObject(value)) throw invalid("Malformed child component.");
  const { name, path, env } = value;
  if (typeof name !== "string" || typeof path !== "string") throw invalid("Malformed child component.");
  const environment = new Map<string, VariableBinding>();
  for (const entry of arrayOf(env)) {
    if (!Array.isArray(entry)) continue;
    const [variable, binding] = entry;
    if (typeof variable !== "string" || !isJsonObject(binding)) continue;
    if (binding["type"] === "envVar" && typeof binding["name"] === "string") {
      environment.set(variable, { type: "parent", name: binding["name"] });
    } else if (typeof binding["value"] === "string") {
      environment.set(variable, { type: "value", value: binding["value"] });
    }
  }
  return { name, definitionPath: path, environment };
}

function toDeclaredVariable(entry: JsonValue): DeclaredVariable[] {
  if (!Array.isArray(entry)) return [];
  const [name, declaration] = entry;
  if (typeof name !== "string") return [];
  return [{ name, isOptional: isJsonObject(declaration) && declaration["optional"] === true }];
}

function arrayOf(value: JsonValue | undefined): JsonValue[] {
  return Array.isArray(value) ? value : [];
}

function invalid(message: string): DeployError {
  return new DeployError("InvalidComponentDefinition", message);
}

/** Errors of a realm are not `instanceof` the host's. */
export function messageOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "message" in error) return String(error.message);
  return String(error);
}
