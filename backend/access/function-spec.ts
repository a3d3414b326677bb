import type { Deployment, FunctionDefinition } from "../functions/deployment.ts";
import type { JsonValue } from "../values/json.ts";

const TYPES = { query: "Query", mutation: "Mutation", action: "Action" } as const;

/** Every function of a mount in the form of `convex function-spec`, sorted by name. */
export function listFunctions(deployment: Deployment | null, mountPath: string): JsonValue {
  const mount = deployment?.mounts.get(mountPath);
  if (mount === undefined) return [];
  return [...mount.functions.values()].map(describe).toSorted((a, b) => compare(a.identifier, b.identifier));
}

function describe(definition: FunctionDefinition): { identifier: string; [field: string]: JsonValue } {
  return {
    identifier: `${definition.module}.js:${definition.name}`,
    functionType: TYPES[definition.kind],
    visibility: { kind: definition.visibility },
    args: parseValidator(definition.args),
    returns: parseValidator(definition.returns),
  };
}

function parseValidator(text: string | null): JsonValue {
  if (text === null) return { type: "any" };
  const validator: JsonValue = JSON.parse(text);
  return validator ?? { type: "any" };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
