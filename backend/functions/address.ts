import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import type { FunctionKind } from "./deployment.ts";
import { functionNotFound } from "./function-failure.ts";
import { canonicalPath } from "./function-path.ts";
import type { LoadedDeployment } from "./loaded-deployment.ts";
import type { LoadedFunction } from "./loaded-function.ts";
import type { LoadedMount } from "./loaded-mount.ts";

const HANDLE_PREFIX = "function://";
const FUNCTION_PREFIX = "_reference/function/";
const CHILD_PREFIX = "_reference/childComponent/";

/** A function as code of some mount names it. */
export interface Target {
  readonly mount: LoadedMount;
  readonly path: string;
  /** False when the caller reaches into another component by reference and so sees its public functions only. */
  readonly allowInternal: boolean;
}

/**
 * Finds the function that `{name}`, `{reference}` or `{functionHandle}` in a host call means, as seen from `from`.
 * Throws when the address is malformed or names no mount; whether the function exists is `requireFunction`'s matter.
 */
export function resolveAddress(from: LoadedMount, address: JsonObject): Target {
  const { name, reference, functionHandle } = address;
  if (typeof name === "string") {
    return { mount: from, path: canonicalPath(name), allowInternal: true };
  }
  if (typeof functionHandle === "string") {
    return targetOfHandle(from.deployment, functionHandle);
  }
  if (typeof reference === "string") return targetOfReference(from, reference);
  throw new Error("A function is addressed by its name, a reference or a function handle.");
}

/** The handle of a function: names mount and path, so that it survives later pushes. */
export function toFunctionHandle(target: Target): string {
  return `${HANDLE_PREFIX}${target.mount.path};${target.path}`;
}

/** The function itself. A function the caller may not see gives the same error as one that is not there. */
export function requireFunction(target: Target, kinds: readonly FunctionKind[]): LoadedFunction {
  const found = target.mount.function(target.path);
  if (found === undefined || (found.definition.visibility === "internal" && !target.allowInternal)) {
    throw functionNotFound(target.path, target.allowInternal, target.mount.path);
  }
  if (!kinds.includes(found.definition.kind)) {
    const expected = kinds.map(capitalize).join(" or ");
    throw new Error(
      `Trying to execute ${target.path} as ${expected}, but it is defined as ${capitalize(found.definition.kind)}.`,
    );
  }
  return found;
}

/** The arguments object of a host call; an absent one is empty. */
export function callArguments(call: JsonObject): JsonValue {
  const { args } = call;
  return isJsonObject(args) ? args : {};
}

function targetOfHandle(deployment: LoadedDeployment, handle: string): Target {
  const separator = handle.indexOf(";");
  const mount = deployment.mount(handle.slice(HANDLE_PREFIX.length, separator));
  if (!handle.startsWith(HANDLE_PREFIX) || separator === -1 || mount === undefined) {
    throw new Error(`Invalid function handle: ${handle}`);
  }
  return { mount, path: canonicalPath(handle.slice(separator + 1)), allowInternal: true };
}

function targetOfReference(from: LoadedMount, reference: string): Target {
  const cached = from.references.get(reference);
  if (cached !== undefined) return cached;
  const target = parseReference(from, reference);
  from.references.set(reference, target);
  return target;
}

function parseReference(from: LoadedMount, reference: string): Target {
  if (reference.startsWith(FUNCTION_PREFIX)) {
    return { mount: from, path: canonicalPath(reference.slice(FUNCTION_PREFIX.length)), allowInternal: true };
  }
  if (reference.startsWith(CHILD_PREFIX)) {
    const [child = "", ...parts] = reference.slice(CHILD_PREFIX.length).split("/");
    const path = from.definition.children.get(child);
    const mount = path === undefined ? undefined : from.deployment.mount(path);
    if (mount === undefined) throw new Error(`Child component "${child}" is not installed: ${reference}`);
    const name = parts.pop() ?? "";
    return { mount, path: `${parts.join("/")}:${name}`, allowInternal: false };
  }
  throw new Error(`Unknown function reference: ${reference}`);
}

function capitalize(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
