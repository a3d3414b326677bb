import type { Deployment, ModuleSource, Mount } from "../functions/deployment.ts";
import { LoadedDeployment } from "../functions/loaded-deployment.ts";
import { ModuleGraph, type Namespace } from "../functions/module-graph.ts";

/**
 * Modules in a realm of their own, thrown away after the push is evaluated. Only imports run in it: there is nothing to call,
 * and live functions keep theirs.
 */
export function evaluationGraph(options: {
  sources: readonly ModuleSource[];
  environment: Readonly<Record<string, string>>;
  synthetic?: (specifier: string) => Namespace | undefined;
}): ModuleGraph {
  const modules = new Map(options.sources.map((source) => [source.path, source]));
  const mount: Mount = {
    path: "",
    definitionPath: "",
    environment: options.environment,
    children: new Map(),
    functions: new Map(),
    schema: null,
    crons: [],
    httpMounts: [],
    hasHttpModule: false,
    modules,
  };
  const deployment: Deployment = {
    id: "evaluation",
    mounts: new Map([["", mount]]),
    authProviders: [],
    environment: options.environment,
  };
  const loaded = new LoadedDeployment(deployment, null);
  const loadedMount = loaded.requireMount("");
  return new ModuleGraph(loaded.realm, {
    label: "convex:/",
    sources: modules,
    synthetic: options.synthetic,
    evaluating: (evaluate) => loadedMount.importing(evaluate),
  });
}
