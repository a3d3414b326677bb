import type { FunctionDefinition } from "../functions/deployment.ts";
import type { JsonObject, JsonValue } from "../values/json.ts";

type Branch = Map<string, Branch | string>;

/**
 * What a component offers to its parent, in the CLI's form: every public function under its module's path. Derived, since
 * components do not declare it; the generated `components` API is made from this.
 */
export function componentExports(functions: Iterable<FunctionDefinition>): JsonObject {
  const root: Branch = new Map();
  for (const { module, name, visibility } of functions) {
    if (visibility !== "public") continue;
    let branch = root;
    for (const part of module.split("/")) {
      const next = branch.get(part);
      if (next instanceof Map) {
        branch = next;
      } else {
        const created: Branch = new Map();
        branch.set(part, created);
        branch = created;
      }
    }
    branch.set(name, `_reference/function/${module}.js:${name}`);
  }
  return toJson(root);
}

function toJson(branch: Branch): JsonObject {
  const entries: JsonValue[] = [];
  for (const [name, child] of [...branch].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    entries.push([name, typeof child === "string" ? { type: "leaf", leaf: child } : toJson(child)]);
  }
  return { type: "branch", branch: entries };
}
