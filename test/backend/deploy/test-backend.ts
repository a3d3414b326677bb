import { openMemoryDatabase } from "#backend/database/open-database.ts";
import type { Database } from "#backend/database/database.ts";
import { Deploy } from "#backend/deploy/deploy.ts";
import { Deployments } from "#backend/deploy/deployments.ts";
import { deployTables } from "#backend/deploy/system-tables.ts";
import type { FunctionRunner, Outcome, StrayFailure } from "#backend/functions/calls.ts";
import { errorText } from "#backend/functions/function-failure.ts";
import { createRunner } from "#backend/functions/runner.ts";
import { scheduledJobsTable } from "#backend/functions/scheduled-jobs.ts";
import type { QueryRequest, QueryResult } from "#backend/subscriptions/live-queries.ts";
import type { Identity } from "#backend/values/identity.ts";
import { toConvexValue, type JsonObject, type JsonValue } from "#backend/values/json.ts";
import { bundledApp, type AppSources } from "./bundled-app.ts";

export interface TestBackendOptions {
  readonly environment?: Readonly<Record<string, string>>;
  readonly database?: Database;
  readonly production?: boolean;
  readonly onStrayFailure?: (failure: StrayFailure) => void;
}

interface CallOptions {
  readonly mount?: string;
  readonly identity?: Identity | null;
  readonly allowInternal?: boolean;
  readonly journal?: string | null;
}

/** Everything below the transports, over a database in memory. */
export class TestBackend implements AsyncDisposable {
  readonly database: Database;
  readonly deployments: Deployments;
  readonly deploy: Deploy;
  readonly runner: FunctionRunner;

  private constructor(database: Database, deployments: Deployments, options: TestBackendOptions) {
    this.database = database;
    this.deployments = deployments;
    this.deploy = new Deploy(deployments);
    this.runner = createRunner({
      database,
      deployments,
      production: options.production ?? false,
      onStrayFailure: options.onStrayFailure,
      queries: () => ({
        peek: () => undefined,
        read: (request: QueryRequest): Promise<QueryResult> => this.runner.runQuery(request),
      }),
    });
  }

  static async start(options: TestBackendOptions = {}): Promise<TestBackend> {
    const database = options.database ?? openMemoryDatabase();
    await database.setSchema("_system", [...deployTables, scheduledJobsTable]);
    const deployments = await Deployments.open({
      database,
      environment: options.environment ?? {},
      origins: { cloudUrl: "http://cloud.test", siteUrl: "http://site.test" },
    });
    return new TestBackend(database, deployments, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.deploy[Symbol.dispose]();
    await this.database.close();
  }

  /** Deploys sources; the answer is that of `finish_push`. */
  async push(sources: AppSources): Promise<JsonObject> {
    const started = await this.deploy.startPush(await bundledApp(sources));
    return this.finish(started);
  }

  async finish(started: JsonObject): Promise<JsonObject> {
    const { schemaChange } = started;
    for (;;) {
      const status = await this.deploy.waitForSchema({ schemaChange: schemaChange ?? null, timeoutMs: 1000 });
      if (status["type"] === "failed") throw new Error(JSON.stringify(status));
      if (status["type"] === "complete") break;
    }
    return this.deploy.finishPush({ startPush: started, dryRun: false });
  }

  async query(path: string, args: JsonObject = {}, options: CallOptions = {}): Promise<unknown> {
    return valueOf((await this.queryResult(path, args, options)).outcome);
  }

  queryResult(path: string, args: JsonObject = {}, options: CallOptions = {}): Promise<QueryResult> {
    return this.runner.runQuery({
      mount: options.mount ?? "",
      path,
      args: JSON.stringify(args),
      identity: options.identity ?? null,
      journal: options.journal ?? null,
      allowInternal: options.allowInternal ?? false,
    });
  }

  async mutation(path: string, args: JsonObject = {}, options: CallOptions = {}): Promise<unknown> {
    return valueOf((await this.runner.runMutation(toRequest(path, args, options))).outcome);
  }

  async action(path: string, args: JsonObject = {}, options: CallOptions = {}): Promise<unknown> {
    return valueOf((await this.runner.runAction(toRequest(path, args, options))).outcome);
  }
}

function toRequest(path: string, args: JsonObject, options: CallOptions): Parameters<FunctionRunner["runAction"]>[0] {
  return {
    mount: options.mount ?? "",
    path,
    args,
    identity: options.identity ?? null,
    allowInternal: options.allowInternal ?? false,
    requestId: "0123456789abcdef",
  };
}

function valueOf(outcome: Outcome): unknown {
  if (!outcome.ok) throw Object.assign(new Error(errorText(outcome.error)), { data: outcome.error.data });
  const value: JsonValue = JSON.parse(outcome.value);
  return toConvexValue(value);
}
