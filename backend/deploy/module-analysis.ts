import type { CronSpec, FunctionDefinition, FunctionKind, ModuleSource } from "../functions/deployment.ts";
import type { Namespace } from "../functions/module-graph.ts";
import type { JsonObject, JsonValue } from "../values/json.ts";
import { messageOf } from "./component-definition.ts";
import { toCronSpecs } from "./cron-specs.ts";
import { DeployError } from "./deploy-error.ts";
import { evaluationGraph } from "./evaluation-realm.ts";

export interface HttpActionRoute {
  /** Ends in `*` for a prefix. */
  readonly path: string;
  readonly method: string;
}

/** What importing the modules of one definition has shown. */
export interface ModuleAnalysis {
  readonly functions: ReadonlyMap<string, FunctionDefinition>;
  /** Null without an `http.js`. */
  readonly httpRoutes: readonly HttpActionRoute[] | null;
  readonly crons: readonly CronSpec[];
  /** By module path, in the form the CLI wants back. */
  readonly modules: JsonObject;
}

const HTTP_MODULE = "http.js";
const CRONS_MODULE = "crons.js";
/** Bundled with the functions, evaluated elsewhere or not at all. */
const OTHER_MODULES: ReadonlySet<string> = new Set(["auth.config.js", "schema.js", "convex.config.js"]);

/** Imports every module of a definition and lists what it exports. Throws InvalidModules, NodeRuntimeNotSupported. */
export async function analyzeModules(
  sources: readonly ModuleSource[],
  environment: Readonly<Record<string, string>>,
): Promise<ModuleAnalysis> {
  refuseNodeModules(sources);
  const graph = evaluationGraph({ sources, environment });
  const functions = new Map<string, FunctionDefinition>();
  const modules: JsonObject = {};
  let httpRoutes: readonly HttpActionRoute[] | null = null;
  let crons: readonly CronSpec[] = [];
  const entries = sources.filter(({ path }) => !path.startsWith("_deps/") && !OTHER_MODULES.has(path));
  for (const { path } of entries.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    try {
      const namespace = await graph.import(path);
      const found = functionsOf(path, namespace);
      for (const definition of found) functions.set(`${definition.module}:${definition.name}`, definition);
      if (path === HTTP_MODULE) httpRoutes = routesOf(namespace);
      if (path === CRONS_MODULE) crons = cronsOf(namespace);
      modules[path] = toAnalyzedModule(
        found,
        path === HTTP_MODULE ? httpRoutes : null,
        path === CRONS_MODULE ? crons : null,
      );
    } catch (error) {
      if (error instanceof DeployError) throw error;
      throw new DeployError("InvalidModules", `Failed to analyze ${path}: ${messageOf(error)}`);
    }
  }
  return { functions, httpRoutes, crons, modules };
}

function refuseNodeModules(sources: readonly ModuleSource[]): void {
  const node = sources.filter(({ environment }) => environment === "node").map(({ path }) => path);
  if (node.length === 0) return;
  throw new DeployError(
    "NodeRuntimeNotSupported",
    `This backend does not offer the Node.js runtime. Remove "use node" from: ${node.join(", ")}.`,
  );
}

const KINDS: readonly (readonly [marker: string, kind: FunctionKind])[] = [
  ["isQuery", "query"],
  ["isMutation", "mutation"],
  ["isAction", "action"],
];

function functionsOf(path: string, namespace: Namespace): FunctionDefinition[] {
  const found: FunctionDefinition[] = [];
  for (const [name, exported] of Object.entries(namespace)) {
    if ((typeof exported !== "object" && typeof exported !== "function") || exported === null) continue;
    const kinds = KINDS.filter(([marker]) => marker in exported);
    const [only] = kinds;
    if (only === undefined || kinds.length > 1) continue;
    const isPublic = "isPublic" in exported;
    if (isPublic === "isInternal" in exported) continue;
    found.push({
      module: path.replace(/\.js$/, ""),
      name,
      kind: only[1],
      visibility: isPublic ? "public" : "internal",
      args: validatorText(exported, "exportArgs"),
      returns: validatorText(exported, "exportReturns"),
    });
  }
  return found.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function validatorText(exported: object, method: "exportArgs" | "exportReturns"): string | null {
  const exporter: unknown = Reflect.get(exported, method);
  const text: unknown = typeof exporter === "function" ? exporter.call(exported) : null;
  return typeof text === "string" && text !== "null" ? text : null;
}

function routesOf(namespace: Namespace): HttpActionRoute[] {
  const router = namespace["default"];
  if (typeof router !== "object" || router === null || !("isRouter" in router) || !("getRoutes" in router)) {
    throw new DeployError("InvalidModules", "The default export of http.js must be the router made by httpRouter().");
  }
  const routes: unknown = typeof router.getRoutes === "function" ? router.getRoutes() : [];
  if (!Array.isArray(routes)) return [];
  return routes.map((route: unknown) => {
    const [path, method]: unknown[] = Array.isArray(route) ? route : [];
    return { path: String(path), method: String(method) };
  });
}

function cronsOf(namespace: Namespace): CronSpec[] {
  const crons = namespace["default"];
  if (typeof crons !== "object" || crons === null || !("export" in crons) || typeof crons.export !== "function") {
    throw new DeployError("InvalidModules", "The default export of crons.js must be made by cronJobs().");
  }
  const text: unknown = crons.export();
  const exported: JsonValue = JSON.parse(String(text));
  return toCronSpecs(exported);
}

const UDF_TYPES = { query: "Query", mutation: "Mutation", action: "Action" } as const;

function toAnalyzedModule(
  functions: readonly FunctionDefinition[],
  httpRoutes: readonly HttpActionRoute[] | null,
  crons: readonly CronSpec[] | null,
): JsonObject {
  return {
    functions: functions.map((definition) => ({
      name: definition.name,
      pos: null,
      udfType: UDF_TYPES[definition.kind],
      visibility: { kind: definition.visibility },
      args: definition.args,
      returns: definition.returns,
    })),
    httpRoutes: httpRoutes?.map(({ path, method }) => ({ route: { path, method }, pos: null })) ?? null,
    cronSpecs: crons?.map((cron) => [cron.identifier, { udfPath: cron.name, schedule: { ...cron.schedule } }]) ?? null,
    sourceMapped: null,
  };
}
