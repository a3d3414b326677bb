import { compileValidator } from "../values/validator.ts";
import type { QueryRequest } from "../subscriptions/live-queries.ts";
import type { JsonValue } from "../values/json.ts";
import type { Target } from "./address.ts";
import { createRoot, Execution, executions } from "./execution.ts";
import { LoadedFunction } from "./loaded-function.ts";
import { SCHEDULED_FUNCTIONS } from "./readable-table.ts";
import { SCHEDULED_JOBS, SYSTEM_MOUNT } from "./scheduled-jobs.ts";
import { ModuleGraph } from "./module-graph.ts";
import type { IndexDefinition, Mount } from "./deployment.ts";
import type { LoadedDeployment } from "./loaded-deployment.ts";

/** Checks a value; the answer is null or what is wrong with it. */
export type Check = (value: JsonValue) => string | null;

/** One mount of a loaded deployment: its modules in the realm and what is compiled from its analysis. */
export class LoadedMount {
  readonly deployment: LoadedDeployment;
  readonly definition: Mount;
  readonly modules: ModuleGraph;
  /** Function references of this mount's code that have been resolved. */
  readonly references = new Map<string, Target>();
  /** What actions of this mount have asked, without an identity, by the text of the call. */
  readonly queryCalls = new Map<string, QueryRequest>();
  readonly #functions = new Map<string, LoadedFunction>();
  readonly #documentChecks = new Map<string, Check | null>();
  readonly #validatorOptions = { tableName: (number: number) => this.tableName(number) };

  constructor(deployment: LoadedDeployment, definition: Mount) {
    this.deployment = deployment;
    this.definition = definition;
    this.modules = new ModuleGraph(deployment.realm, {
      label: definition.path === "" ? "convex:/" : `convex:/${definition.path}/`,
      sources: definition.modules,
      evaluating: (evaluate) => this.importing(evaluate),
    });
  }

  /** Runs the evaluation of modules, which may read the environment and nothing else. */
  importing<T>(evaluate: () => T): T {
    const execution = new Execution({ kind: "import", mount: this, functionPath: "", root: createRoot() });
    return executions.run(execution, evaluate);
  }

  get path(): string {
    return this.definition.path;
  }

  get environment(): Readonly<Record<string, string>> {
    return this.definition.environment;
  }

  /** Undefined when the mount has no such function. `path` is canonical, `dir/module:name`. */
  function(path: string): LoadedFunction | undefined {
    const known = this.#functions.get(path);
    if (known !== undefined) return known;
    const definition = this.definition.functions.get(path);
    if (definition === undefined) return undefined;
    const loaded = new LoadedFunction(this, definition);
    this.#functions.set(path, loaded);
    return loaded;
  }

  /** Null when the schema does not restrict the table's documents. */
  documentCheck(table: string): Check | null {
    const known = this.#documentChecks.get(table);
    if (known !== undefined) return known;
    const { schema } = this.definition;
    const definition = schema?.tables.get(table);
    const check =
      schema === null || !schema.validated || definition === undefined || definition.documentType === null
        ? null
        : compileValidator(definition.documentType, { ...this.#validatorOptions, allowSystemFields: true });
    this.#documentChecks.set(table, check);
    return check;
  }

  compile(validator: JsonValue): Check {
    return compileValidator(validator, this.#validatorOptions);
  }

  /** The name that `v.id(…)` gives the table in this mount. */
  tableName(tableNumber: number): string | undefined {
    const { database } = this.deployment.host;
    const isJobs = tableNumber === database.tableNumber(SYSTEM_MOUNT, SCHEDULED_JOBS);
    return isJobs ? SCHEDULED_FUNCTIONS : database.tableName(this.path, tableNumber);
  }

  index(table: string, name: string): IndexDefinition | undefined {
    if (name === "by_creation_time") return { name, fields: [] };
    if (name === "by_id") return { name, fields: ["_id"] };
    return this.definition.schema?.tables.get(table)?.indexes.find((index) => index.name === name);
  }
}
