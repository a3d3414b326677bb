import { createHash } from "node:crypto";
import type { Deployment, ModuleSource } from "../functions/deployment.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { DeployError } from "./deploy-error.ts";

/** A decoded `start_push` or `evaluate_schema` body. */
export interface PushRequest {
  readonly dryRun: boolean;
  readonly functionsFolder: string;
  readonly app: AppDefinition;
  readonly components: readonly ComponentDefinitionSource[];
}

export interface AppDefinition extends DefinitionSource {
  /** App modules that the CLI knows the server to have. */
  readonly unchanged: readonly UnchangedModule[];
}

export interface ComponentDefinitionSource extends DefinitionSource {
  readonly definition: ModuleSource;
}

export interface DefinitionSource {
  /** `""` for the app, else a path relative to the functions folder. */
  readonly definitionPath: string;
  readonly definition: ModuleSource | null;
  readonly dependencies: readonly string[];
  readonly schema: ModuleSource | null;
  readonly functions: readonly ModuleSource[];
  readonly serverVersion: string;
}

export interface UnchangedModule {
  readonly path: string;
  readonly environment: ModuleSource["environment"];
  readonly sha256: string;
}

/** Throws BadDeployRequest on any other shape. */
export function decodePushRequest(body: JsonValue): PushRequest {
  const request = object(body, "body");
  const app = object(request["appDefinition"], "appDefinition");
  return {
    dryRun: request["dryRun"] === true,
    functionsFolder: typeof request["functions"] === "string" ? request["functions"] : "convex/",
    app: {
      definitionPath: "",
      definition: optionalModule(app["definition"]),
      dependencies: strings(app["dependencies"], "dependencies"),
      schema: optionalModule(app["schema"]),
      functions: list(app["changedModules"], "changedModules").map(moduleSource),
      unchanged: list(app["unchangedModuleHashes"], "unchangedModuleHashes").map(unchangedModule),
      serverVersion: text(app["udfServerVersion"], "udfServerVersion"),
    },
    components: list(request["componentDefinitions"], "componentDefinitions").map((value) => {
      const component = object(value, "componentDefinitions");
      return {
        definitionPath: text(component["definitionPath"], "definitionPath"),
        definition: moduleSource(component["definition"] ?? null),
        dependencies: strings(component["dependencies"], "dependencies"),
        schema: optionalModule(component["schema"]),
        functions: list(component["functions"], "functions").map(moduleSource),
        serverVersion: text(component["udfServerVersion"], "udfServerVersion"),
      };
    }),
  };
}

/**
 * The request with all modules of the app: those that the CLI only named are taken from the live deployment.
 * Throws RaceDetected when it does not have them.
 */
export function withUnchangedModules(request: PushRequest, current: Deployment | null): PushRequest {
  const known = current?.mounts.get("")?.modules;
  const functions = [...request.app.functions];
  for (const { path, sha256, environment: runsIn } of request.app.unchanged) {
    const module = known?.get(path);
    if (module === undefined || module.sha256 !== sha256 || module.environment !== runsIn) {
      throw new DeployError(
        "RaceDetected",
        `The module ${path} changed on the deployment during the push. Push again.`,
      );
    }
    functions.push(module);
  }
  return { ...request, app: { ...request.app, functions, unchanged: [] } };
}

function optionalModule(value: JsonValue | undefined): ModuleSource | null {
  return value === null || value === undefined ? null : moduleSource(value);
}

function moduleSource(value: JsonValue): ModuleSource {
  const module = object(value, "module");
  const source = text(module["source"], "module.source");
  const sourceMap = typeof module["sourceMap"] === "string" ? module["sourceMap"] : null;
  return {
    path: text(module["path"], "module.path"),
    source,
    sourceMap,
    environment: environment(module["environment"]),
    sha256: createHash("sha256")
      .update(source)
      .update(sourceMap ?? "")
      .digest("hex"),
  };
}

function unchangedModule(value: JsonValue): UnchangedModule {
  const module = object(value, "unchangedModuleHashes");
  return {
    path: text(module["path"], "path"),
    environment: environment(module["environment"]),
    sha256: text(module["sha256"], "sha256"),
  };
}

function environment(value: JsonValue | undefined): ModuleSource["environment"] {
  if (value === "isolate" || value === "node") return value;
  throw malformed("environment");
}

function object(value: JsonValue | undefined, what: string): JsonObject {
  if (isJsonObject(value)) return value;
  throw malformed(what);
}

function list(value: JsonValue | undefined, what: string): JsonValue[] {
  if (Array.isArray(value)) return value;
  throw malformed(what);
}

function strings(value: JsonValue | undefined, what: string): string[] {
  return list(value, what).map((item) => text(item, what));
}

function text(value: JsonValue | undefined, what: string): string {
  if (typeof value === "string") return value;
  throw malformed(what);
}

function malformed(what: string): DeployError {
  return new DeployError("BadDeployRequest", `The push request is malformed at "${what}".`);
}
