import type { JsonValue } from "../values/json.ts";
import type { FunctionDefinition } from "./deployment.ts";
import { FunctionFailure } from "./function-failure.ts";
import type { Check, LoadedMount } from "./loaded-mount.ts";
import type { Namespace } from "./module-graph.ts";
import { LIMITS } from "./transaction-budget.ts";

type Entry = (...args: string[]) => Promise<string>;

/** A registered function with what the library leaves to the host: finding it, and checking arguments and result. */
export class LoadedFunction {
  readonly mount: LoadedMount;
  readonly definition: FunctionDefinition;
  readonly path: string;
  #entry: Entry | undefined;
  #argumentsCheck: Check | null | undefined;
  #resultCheck: Check | null | undefined;

  constructor(mount: LoadedMount, definition: FunctionDefinition) {
    this.mount = mount;
    this.definition = definition;
    this.path = `${definition.module}:${definition.name}`;
  }

  /** Throws ArgumentValidationError. `text` is the JSON of `args`. */
  checkArguments(args: JsonValue, text: string): void {
    if (text.length > LIMITS.argumentBytes) {
      throw new FunctionFailure({
        name: "ArgumentsTooLargeError",
        message: `Arguments for ${this.path} are too large (actual: ${text.length} bytes, limit: ${LIMITS.argumentBytes} bytes)`,
      });
    }
    this.#argumentsCheck ??= compiled(this.mount, this.definition.args);
    const problem = this.#argumentsCheck?.(args) ?? null;
    if (problem !== null) throw new FunctionFailure({ name: "ArgumentValidationError", message: problem });
  }

  /** Throws ReturnsValidationError. `text` is what the function returned. */
  checkResult(text: string): void {
    if (text.length > LIMITS.resultBytes) {
      throw new FunctionFailure({
        name: "Error",
        message: `Function ${this.path} return value is too large (actual: ${text.length} bytes, limit: ${LIMITS.resultBytes} bytes)`,
      });
    }
    if (this.#resultCheck === undefined) this.#resultCheck = compiled(this.mount, this.definition.returns);
    if (this.#resultCheck === null) return;
    const value: JsonValue = JSON.parse(text);
    const problem = this.#resultCheck(value);
    if (problem !== null) throw new FunctionFailure({ name: "ReturnsValidationError", message: problem });
  }

  /** Runs the handler in the current execution; `argsText` is the JSON of the one arguments object. */
  async invoke(argsText: string): Promise<string> {
    const entry = this.#entry ?? this.#bind(await this.mount.modules.import(`${this.definition.module}.js`));
    const args = `[${argsText}]`;
    return this.definition.kind === "action" ? entry("", args) : entry(args);
  }

  #bind(namespace: Namespace): Entry {
    const exported = namespace[this.definition.name];
    const name = entryNames[this.definition.kind];
    const entry: unknown = typeof exported === "function" ? Reflect.get(exported, name) : undefined;
    if (typeof entry !== "function") throw new Error(`${this.path} is no longer a Convex function.`);
    const bound: Entry = entry.bind(exported);
    this.#entry = bound;
    return bound;
  }
}

const entryNames = { query: "invokeQuery", mutation: "invokeMutation", action: "invokeAction" } as const;

function compiled(mount: LoadedMount, validator: string | null): Check | null {
  if (validator === null) return null;
  const json: JsonValue = JSON.parse(validator);
  if (json === null || (typeof json === "object" && "type" in json && json["type"] === "any")) return null;
  return mount.compile(json);
}
