import type { Database } from "../database/database.ts";
import type { LiveQueries } from "../subscriptions/live-queries.ts";
import type { FunctionRunner, StrayFailure } from "./calls.ts";
import type { Deployment } from "./deployment.ts";
import { LoadedMount } from "./loaded-mount.ts";
import { Realm } from "./realm.ts";
import { SourcePositions } from "./source-positions.ts";

/** What running code reaches through the host calls. */
export interface Host {
  readonly database: Database;
  readonly runner: FunctionRunner;
  /** Answers the queries of actions, from the cache where it can. */
  readonly queries: Pick<LiveQueries, "read" | "peek">;
  readonly deploymentName: string;
  onStrayFailure(failure: StrayFailure): void;
}

/** A deployment in a realm of its own. Running calls keep the one they began with when a push replaces it. */
export class LoadedDeployment {
  readonly definition: Deployment;
  readonly realm = new Realm();
  readonly #host: Host | null;
  readonly #positions: SourcePositions;
  readonly #mounts = new Map<string, LoadedMount>();

  /** Without a host its modules can be imported but nothing can be called. */
  constructor(definition: Deployment, host: Host | null) {
    this.definition = definition;
    this.#host = host;
    this.#positions = new SourcePositions(definition);
    for (const mount of definition.mounts.values()) {
      this.#mounts.set(mount.path, new LoadedMount(this, mount));
    }
  }

  get host(): Host {
    if (this.#host === null) throw new Error("Nothing can be called while a push is evaluated.");
    return this.#host;
  }

  get hostIfAny(): Host | null {
    return this.#host;
  }

  /** Frames of a stack in terms of the pushed source files. */
  mapStack(stack: string): string {
    return this.#positions.map(stack);
  }

  mount(path: string): LoadedMount | undefined {
    return this.#mounts.get(path);
  }

  requireMount(path: string): LoadedMount {
    const mount = this.mount(path);
    if (mount === undefined) throw new Error(`There is no component at "${path}".`);
    return mount;
  }
}
