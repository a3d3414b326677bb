import { ConflictError, type Database, type Transaction } from "../database/database.ts";
import type { LiveQueries, QueryRequest, QueryResult } from "../subscriptions/live-queries.ts";
import { parseJsonObject } from "../values/json.ts";
import { requireFunction } from "./address.ts";
import type {
  ActionResult,
  CallRequest,
  Completion,
  FunctionRunner,
  HttpCaller,
  MutationOptions,
  MutationResult,
  Outcome,
  StrayFailure,
} from "./calls.ts";
import { CompletionLog } from "./completion-log.ts";
import type { CurrentDeployment, FunctionKind } from "./deployment.ts";
import { createRoot, Execution, executions, type ExecutionRoot } from "./execution.ts";
import { functionNotFound, toFunctionError } from "./function-failure.ts";
import { canonicalPath } from "./function-path.ts";
import { runHttpAction } from "./http-actions.ts";
import { LoadedDeployment, type Host } from "./loaded-deployment.ts";
import type { LoadedFunction } from "./loaded-function.ts";
import { formatLogLine } from "./log-line.ts";
import { surviveStrayRejections } from "./stray-failures.ts";
import { MutationTurns } from "./mutation-turns.ts";

export interface RunnerOptions {
  readonly database: Database;
  readonly deployments: CurrentDeployment;
  /** The cache that answers the queries of actions; asked for late because it runs its queries here. */
  readonly queries: () => Pick<LiveQueries, "read" | "peek">;
  readonly deploymentName?: string;
  /** Keeps the text of errors from the answers of HTTP actions; true unless told otherwise. */
  readonly production?: boolean;
  /** Told of errors that no caller can be told of. */
  readonly onStrayFailure?: (failure: StrayFailure) => void;
}

/** Attempts of a mutation that let others go on meanwhile; after these it runs alone. */
const SHARED_ATTEMPTS = 3;
const MAX_ATTEMPTS = 12;

/** Creates the runner of a backend. */
export function createRunner(options: RunnerOptions): FunctionRunner {
  surviveStrayRejections();
  return new Runner(options);
}

class Runner implements FunctionRunner {
  readonly #database: Database;
  readonly #deployments: CurrentDeployment;
  readonly #host: Host;
  readonly #production: boolean;
  readonly #turns = new MutationTurns();
  readonly #log = new CompletionLog();
  #loaded: LoadedDeployment | null = null;

  constructor(options: RunnerOptions) {
    const { database, deployments, queries, deploymentName = "latchkey", production = true } = options;
    this.#database = database;
    this.#deployments = deployments;
    this.#production = production;
    this.#host = {
      database,
      runner: this,
      deploymentName,
      queries: { read: (request) => queries().read(request), peek: (request) => queries().peek(request) },
      onStrayFailure: (failure) => options.onStrayFailure?.(failure),
    };
  }

  onCompletion(listener: (completion: Completion) => void): () => void {
    return this.#log.listen(listener);
  }

  async runQuery(request: QueryRequest): Promise<QueryResult> {
    for (;;) {
      const loaded = this.#deployment();
      const result = await this.#runQuery(loaded, request);
      // A result of code that has been replaced meanwhile must not be taken for one of the new code.
      if (this.#isLive(loaded)) return result;
    }
  }

  async runMutation(request: CallRequest, options?: MutationOptions): Promise<MutationResult> {
    const text = JSON.stringify(request.args);
    for (let attempt = 1; ; attempt++) {
      const alone = attempt > SHARED_ATTEMPTS;
      const result = await this.#turns.take(alone, () => this.#tryMutation(request, text, options));
      if (result !== null) return result;
      if (attempt === MAX_ATTEMPTS) return this.#tooManyConflicts(request);
    }
  }

  async runAction(request: CallRequest): Promise<ActionResult> {
    const loaded = this.#deployment();
    const root = rootOf(request);
    const run = this.#log.start("Action", request.mount, request.path, root);
    const outcome = await settle(loaded, async () => {
      const text = JSON.stringify(request.args);
      const { called, execution } = prepare(loaded, request, "action", root, null);
      called.checkArguments(request.args, text);
      return execute(execution, called, text);
    });
    run?.end(outcome);
    return { outcome, logLines: root.logLines.map(formatLogLine) };
  }

  runHttpAction(request: Request, caller?: HttpCaller): Promise<Response> {
    return runHttpAction(this.#deployment(), request, caller, this.#log, this.#production);
  }

  async #runQuery(loaded: LoadedDeployment | null, request: QueryRequest): Promise<QueryResult> {
    using tx = this.#database.begin();
    const root = createRoot({ identity: request.identity, journal: request.journal });
    const run = this.#log.start("Query", request.mount, request.path, root);
    const outcome = await settle(loaded, async () => {
      const args = parseJsonObject(request.args);
      const { called, execution } = prepare(loaded, request, "query", root, tx);
      called.checkArguments(args, request.args);
      return execute(execution, called, request.args);
    });
    run?.end(outcome);
    return {
      outcome,
      logLines: root.logLines.map(formatLogLine),
      journal: root.journalOut,
      reads: tx.reads,
      ts: tx.snapshot,
      usedIdentity: root.usedIdentity,
      observedTime: root.observedTime,
    };
  }

  #isLive(loaded: LoadedDeployment | null): boolean {
    return (loaded?.definition ?? null) === this.#deployments.current();
  }

  /** Null when the attempt conflicted and has to be made again. */
  async #tryMutation(
    request: CallRequest,
    text: string,
    options: MutationOptions | undefined,
  ): Promise<MutationResult | null> {
    const loaded = this.#deployment();
    using tx = this.#database.begin();
    const root = rootOf(request);
    const run = this.#log.start("Mutation", request.mount, request.path, root);
    const outcome = await settle(loaded, async () => {
      const { called, execution } = prepare(loaded, request, "mutation", root, tx);
      called.checkArguments(request.args, text);
      return execute(execution, called, text);
    });
    // Written by replaced code and checked against its schema: the new code shall do it.
    if (!this.#isLive(loaded)) return null;
    const logLines = root.logLines.map(formatLogLine);
    if (!outcome.ok) {
      tx.abort();
      run?.end(outcome);
      return { outcome, ts: tx.snapshot, logLines };
    }
    try {
      options?.withinTransaction?.(tx, outcome.value, logLines);
      const { ts } = tx.commit();
      run?.end(outcome);
      return { outcome, ts, logLines };
    } catch (error) {
      // Nothing of the attempt may show, its log lines included.
      if (error instanceof ConflictError) return null;
      throw error;
    }
  }

  #tooManyConflicts(request: CallRequest): MutationResult {
    const message = `Documents that ${canonicalPath(request.path)} read or wrote changed while it was being run, and on every subsequent retry.`;
    return {
      outcome: { ok: false, error: { name: "OptimisticConcurrencyControlFailure", message } },
      ts: this.#database.latest,
      logLines: [],
    };
  }

  #deployment(): LoadedDeployment | null {
    const current = this.#deployments.current();
    if (current === null) return null;
    if (this.#loaded?.definition !== current) this.#loaded = new LoadedDeployment(current, this.#host);
    return this.#loaded;
  }
}

interface Called {
  readonly mount: string;
  readonly path: string;
  readonly allowInternal: boolean;
}

function prepare(
  loaded: LoadedDeployment | null,
  request: Called,
  kind: FunctionKind,
  root: ExecutionRoot,
  transaction: Transaction | null,
): { called: LoadedFunction; execution: Execution } {
  const path = canonicalPath(request.path);
  const mount = loaded?.mount(request.mount);
  if (mount === undefined) throw functionNotFound(path, request.allowInternal, request.mount);
  const called = requireFunction({ mount, path, allowInternal: request.allowInternal }, [kind]);
  return { called, execution: new Execution({ kind, mount, functionPath: path, root, transaction }) };
}

async function execute(execution: Execution, called: LoadedFunction, args: string): Promise<string> {
  const value = await executions.run(execution, () => called.invoke(args));
  called.checkResult(value);
  return value;
}

function rootOf(request: CallRequest): ExecutionRoot {
  return createRoot({
    requestId: request.requestId,
    identity: request.identity,
    client: request.client ?? null,
    scheduledFunctionId: request.scheduledFunctionId ?? null,
  });
}

async function settle(loaded: LoadedDeployment | null, work: () => Promise<string>): Promise<Outcome> {
  try {
    return { ok: true, value: await work() };
  } catch (thrown) {
    return { ok: false, error: toFunctionError(thrown, (stack) => loaded?.mapStack(stack) ?? "") };
  }
}
