import type { Database, Transaction } from "../database/database.ts";
import type { CurrentDeployment } from "../functions/deployment.ts";
import type { QueryOutcome, QueryRequest, QueryResult } from "../subscriptions/live-queries.ts";
import { type JsonObject, type JsonValue, parseJsonObject } from "../values/json.ts";
import { WHOLE_INDEX } from "../values/ordered-key.ts";
import { listFunctions } from "./function-spec.ts";
import { pageOfTable, pageOfTables } from "./table-pages.ts";

export interface SystemQueriesOptions {
  readonly database: Database;
  readonly deployments: CurrentDeployment;
  readonly cloudUrl: string;
  readonly siteUrl: string;
}

type SystemQuery = (context: {
  readonly tx: Transaction;
  readonly mount: string;
  readonly args: JsonObject;
}) => JsonValue;

const PREFIX = "_system/";

/** Whether a function path names one of the built-in queries, which exist in every deployment. */
export function isSystemPath(path: string): boolean {
  return path.startsWith(PREFIX);
}

/**
 * The queries that the CLI reads over the sync socket. They are run like any other query, in a transaction whose reads are
 * recorded, so watching them works too; only admins may call them.
 */
export class SystemQueries {
  readonly #database: Database;
  readonly #queries: ReadonlyMap<string, SystemQuery>;

  constructor({ database, deployments, cloudUrl, siteUrl }: SystemQueriesOptions) {
    this.#database = database;
    this.#queries = new Map<string, SystemQuery>([
      ["_system/cli/queryEnvironmentVariables:default", ({ tx }) => environmentVariables(tx)],
      [
        "_system/cli/queryEnvironmentVariables:get",
        ({ tx, args }) => environmentVariables(tx).find((variable) => variable.name === args["name"]) ?? null,
      ],
      ["_system/cli/tables:default", ({ mount }) => pageOfTables(database, mount)],
      ["_system/cli/tableData:default", ({ tx, mount, args }) => pageOfTable(tx, mount, args)],
      ["_system/cli/queryTable:default", ({ tx, mount, args }) => pageOfTable(tx, mount, args)],
      ["_system/cli/modules:apiSpec", ({ mount }) => listFunctions(deployments.current(), mount)],
      ["_system/cli/convexUrl:cloudUrl", () => cloudUrl],
      ["_system/cli/convexUrl:siteUrl", () => siteUrl],
      ["_system/frontend/components:list", () => listComponents(deployments)],
    ]);
  }

  /** Runs one; never rejects: an unknown path or bad arguments are a failed outcome. */
  run(request: QueryRequest): Promise<QueryResult> {
    using tx = this.#database.begin();
    const outcome = this.#outcomeOf(request, tx);
    return Promise.resolve({
      outcome,
      logLines: [],
      journal: null,
      reads: tx.reads,
      ts: tx.snapshot,
      usedIdentity: false,
      observedTime: false,
    });
  }

  #outcomeOf(request: QueryRequest, tx: Transaction): QueryOutcome {
    const query = request.allowInternal ? this.#queries.get(request.path) : undefined;
    if (query === undefined) {
      const what = request.allowInternal ? "function" : "public function";
      return { ok: false, error: { name: "Error", message: `Could not find ${what} for '${request.path}'.` } };
    }
    try {
      const value = query({ tx, mount: request.mount, args: parseJsonObject(request.args) });
      return { ok: true, value: JSON.stringify(value) };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      return { ok: false, error: { name: "Error", message } };
    }
  }
}

function environmentVariables(tx: Transaction): { name: string; value: string }[] {
  const variables: { name: string; value: string }[] = [];
  for (const { document } of tx.scan("_system", "_environment_variables", "by_creation_time", WHOLE_INDEX, "asc")) {
    const { name, value } = document.value;
    if (typeof name === "string" && typeof value === "string") variables.push({ name, value });
  }
  return variables.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function listComponents(deployments: CurrentDeployment): JsonValue {
  const mounts = deployments.current()?.mounts;
  if (mounts === undefined) return [];
  return [...mounts.values()]
    .filter((mount) => mount.path !== "")
    .map((mount) => ({ id: mount.path, name: mount.path, path: mount.path, args: {}, state: "active" }));
}
