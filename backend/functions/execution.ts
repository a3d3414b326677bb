import { AsyncLocalStorage } from "node:async_hooks";
import type { Identity } from "../values/identity.ts";
import type { Transaction } from "../database/database.ts";
import type { ClientInfo } from "./calls.ts";
import type { LoadedMount } from "./loaded-mount.ts";
import type { LogLine } from "./log-line.ts";
import type { QueryStream } from "./query-stream.ts";
import { TransactionBudget } from "./transaction-budget.ts";
import { seededRandom } from "./seeded-random.ts";

/** `import` is the evaluation of a module, which may have no effects. */
export type ExecutionKind = "query" | "mutation" | "action" | "httpAction" | "import";

/** What a root execution and the component calls nested in it share. */
export interface ExecutionRoot {
  readonly requestId: string;
  readonly identity: Identity | null;
  readonly client: ClientInfo | null;
  readonly scheduledFunctionId: string | null;
  readonly logLines: LogLine[];
  readonly budget: TransactionBudget;
  /** End cursor that the previous run of this query recorded. */
  readonly journalIn: string | null;
  journalOut: string | null;
  usedIdentity: boolean;
  observedTime: boolean;
}

export interface ExecutionRootOptions {
  readonly requestId?: string;
  readonly identity?: Identity | null;
  readonly client?: ClientInfo | null;
  readonly scheduledFunctionId?: string | null;
  readonly journal?: string | null;
}

export function createRoot(options: ExecutionRootOptions = {}): ExecutionRoot {
  return {
    requestId: options.requestId ?? "",
    identity: options.identity ?? null,
    client: options.client ?? null,
    scheduledFunctionId: options.scheduledFunctionId ?? null,
    logLines: [],
    budget: new TransactionBudget(),
    journalIn: options.journal ?? null,
    journalOut: null,
    usedIdentity: false,
    observedTime: false,
  };
}

/** One running function. Host calls find theirs through `executions`, since no call names its caller. */
export class Execution {
  readonly kind: ExecutionKind;
  readonly mount: LoadedMount;
  readonly functionPath: string;
  readonly root: ExecutionRoot;
  readonly transaction: Transaction | null;
  /** Milliseconds; fixed for queries and mutations, null where the clock runs. */
  readonly fixedNow: number | null;
  /** 0 for the root, more for component calls inside of it. */
  readonly depth: number;
  paginated = false;
  // Made when they are needed, which most functions never do.
  #nested: Promise<unknown> | null = null;
  #streams: Map<number, QueryStream> | null = null;
  #lastStream = 0;
  #random: (() => number) | null = null;

  constructor(options: {
    kind: ExecutionKind;
    mount: LoadedMount;
    functionPath: string;
    root: ExecutionRoot;
    transaction?: Transaction | null;
    parent?: Execution;
  }) {
    this.kind = options.kind;
    this.mount = options.mount;
    this.functionPath = options.functionPath;
    this.root = options.root;
    this.transaction = options.transaction ?? null;
    this.depth = options.parent === undefined ? 0 : options.parent.depth + 1;
    this.fixedNow = this.isDeterministic ? (options.parent?.fixedNow ?? Date.now()) : null;
  }

  get isNested(): boolean {
    return this.depth > 0;
  }

  get isDeterministic(): boolean {
    return this.kind === "query" || this.kind === "mutation";
  }

  /**
   * Runs nested calls of a mutation one after the other, however many it starts at once: they share one transaction, in
   * which an undo must not take the writes of another call along.
   */
  inNestedTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.kind !== "mutation") return work();
    const turn = (this.#nested ?? Promise.resolve()).then(work);
    this.#nested = turn.catch(() => undefined);
    return turn;
  }

  openStream(stream: QueryStream): number {
    this.#streams ??= new Map();
    this.#streams.set(++this.#lastStream, stream);
    return this.#lastStream;
  }

  stream(id: number): QueryStream | undefined {
    return this.#streams?.get(id);
  }

  closeStream(id: number): void {
    this.#streams?.delete(id);
  }

  now(): number {
    this.root.observedTime = true;
    return this.fixedNow ?? Date.now();
  }

  random(): number {
    if (!this.isDeterministic) return Math.random();
    this.#random ??= seededRandom();
    return this.#random();
  }
}

/** The running execution of the current asynchronous context. */
export const executions = new AsyncLocalStorage<Execution>();

export function currentExecution(): Execution {
  const execution = executions.getStore();
  if (execution === undefined) {
    throw new Error("This can only be used while a function of the deployment is running.");
  }
  return execution;
}
