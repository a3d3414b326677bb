import { isJsonObject, type JsonObject, type JsonValue } from "../values/json.ts";
import { DeployError } from "./deploy-error.ts";
import { tableSpecs, type Deployments } from "./deployments.ts";
import { decodeEnvironmentChanges, readEnvironment, writeEnvironment } from "./environment-store.ts";
import { PendingPushes, type PendingPush } from "./pending-pushes.ts";
import { indexDiffs, pushDiff } from "./push-diff.ts";
import { evaluateInThread } from "./evaluation-thread.ts";
import { decodePushRequest, withUnchangedModules } from "./push-request.ts";
import { predictSchema } from "./schema-prediction.ts";
import { SchemaPreparation } from "./schema-preparation.ts";
import { writeVersion } from "./version-store.ts";

const MAX_WAIT_MS = 30_000;

/**
 * The steps of a push as the official CLI takes them, JSON in and out; every refusal is a DeployError. Starting a push
 * changes nothing that anybody can see, finishing it switches everything at once.
 */
export class Deploy implements Disposable {
  readonly #deployments: Deployments;
  readonly #pending = new PendingPushes();
  #finishing: Promise<unknown> = Promise.resolve();

  constructor(deployments: Deployments) {
    this.#deployments = deployments;
  }

  [Symbol.dispose](): void {
    this.#pending[Symbol.dispose]();
  }

  /** What the CLI compares its bundle with, to send changed modules only. */
  getConfigHashes(): JsonObject {
    const { code } = this.#deployments;
    const modules = [...(code?.definitions.get("")?.modules.values() ?? [])];
    return {
      config: { functions: code?.functionsFolder ?? "convex/" },
      moduleHashes: modules.map(({ path, sha256, environment }) => ({ path, hash: sha256, environment })),
      nodeDependencies: [],
      udfServerVersion: code?.serverVersion ?? null,
      nodeVersion: null,
    };
  }

  async startPush(body: JsonValue): Promise<JsonObject> {
    const deployments = this.#deployments;
    const current = deployments.current();
    const environment = deployments.environment();
    const environmentHash = deployments.environmentHash();
    const request = withUnchangedModules(decodePushRequest(body), current);
    const push = await evaluateInThread("push", { request, environment, origins: deployments.origins });
    const { id } = push.code;
    this.#pending.add({ id, push, basedOn: current?.id ?? null, environmentHash, preparation: null });
    return {
      environmentVariables: environment,
      externalDepsId: null,
      componentDefinitionPackages: Object.fromEntries(
        [...push.code.definitions.keys()].map((path) => [path, { storageKey: id }]),
      ),
      appAuth: push.authProviders.map((provider) => ({ ...provider })),
      analysis: push.analysis,
      app: push.tree.app,
      schemaChange: {
        allocatedComponentIds: {},
        schemaIds: { push: id },
        indexDiffs: indexDiffs(current, push.tree.mounts),
      },
    };
  }

  async evaluateSchema(body: JsonValue): Promise<JsonObject> {
    const { database, origins } = this.#deployments;
    const current = this.#deployments.current();
    const environment = this.#deployments.environment();
    const request = decodePushRequest(body);
    const mounts = await evaluateInThread("schemas", { request, environment, origins });
    return predictSchema(database, current, mounts);
  }

  async waitForSchema(body: JsonValue): Promise<JsonObject> {
    const pending = this.#pending.require(pushId(body));
    // A dry run must leave no tables and indexes behind.
    if (isJsonObject(body) && body["dryRun"] === true) return { type: "complete" };
    const preparation = this.#prepare(pending);
    const timeoutMs = isJsonObject(body) && typeof body["timeoutMs"] === "number" ? body["timeoutMs"] : MAX_WAIT_MS;
    await preparation.wait(Math.min(timeoutMs, MAX_WAIT_MS));
    return preparation.status();
  }

  /** Pushes and changes of variables are finished one after the other. */
  finishPush(body: JsonValue): Promise<JsonObject> {
    return this.#inTurn(() => this.#finishPush(body));
  }

  updateEnvironmentVariables(body: JsonValue): Promise<null> {
    return this.#inTurn(() => this.#updateEnvironmentVariables(body));
  }

  /** The CLI's own timings; nothing is kept. */
  reportPushCompleted(_body: JsonValue): null {
    return null;
  }

  async #finishPush(body: JsonValue): Promise<JsonObject> {
    const request = isJsonObject(body) ? body : {};
    const pending = this.#pending.require(pushId(request["startPush"] ?? null));
    const deployments = this.#deployments;
    const { database } = deployments;
    const before = deployments.current();
    if (pending.basedOn !== (before?.id ?? null) || pending.environmentHash !== deployments.environmentHash()) {
      throw raceDetected();
    }
    const { code, tree, authProviders } = pending.push;
    const after = { id: code.id, mounts: tree.mounts, authProviders, environment: deployments.environment() };
    if (request["dryRun"] === true) return pushDiff(before, after);

    const preparation = this.#prepare(pending);
    while (!preparation.isComplete) {
      await preparation.wait(MAX_WAIT_MS);
      const { type, error } = preparation.status();
      if (type === "failed" && typeof error === "string") throw new DeployError("SchemaValidationFailed", error);
    }

    // From here to the switch nothing yields, so no write can come between the last check and the new schema.
    const violation = preparation.finish();
    if (violation !== null) throw new DeployError("SchemaValidationFailed", violation.message);
    using tx = database.begin();
    const stored = readEnvironment(tx);
    writeVersion(tx, { code, authProviders, environmentHash: pending.environmentHash });
    const { ts } = tx.commit();
    for (const mount of tree.mounts.values()) database.activateSchema(mount.path, tableSpecs(mount));
    deployments.switchTo({ code, authProviders, stored });
    this.#pending.remove(pending.id);
    await database.durable(ts);
    return pushDiff(before, after);
  }

  async #updateEnvironmentVariables(body: JsonValue): Promise<null> {
    const changes = decodeEnvironmentChanges(body);
    const deployments = this.#deployments;
    const { database, code } = deployments;
    using tx = database.begin();
    writeEnvironment(tx, changes);
    const stored = readEnvironment(tx);
    if (code === null) {
      const { ts } = tx.commit();
      deployments.setEnvironment(stored);
      await database.durable(ts);
      return null;
    }
    const authProviders = await deployments.evaluateAuth(code, stored);
    writeVersion(tx, { code, authProviders, environmentHash: deployments.environmentHash(stored) });
    const { ts } = tx.commit();
    deployments.switchTo({ code, authProviders, stored });
    await database.durable(ts);
    return null;
  }

  #prepare(pending: PendingPush): SchemaPreparation {
    pending.preparation ??= new SchemaPreparation(this.#deployments.database, pending.push.tree.mounts);
    return pending.preparation;
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#finishing.then(work);
    this.#finishing = turn.catch(() => undefined);
    return turn;
  }
}

/** The push id that `start_push` put into the opaque `schemaIds`. */
function pushId(body: JsonValue): string {
  const schemaChange = isJsonObject(body) ? body["schemaChange"] : null;
  const schemaIds = isJsonObject(schemaChange) ? schemaChange["schemaIds"] : null;
  const id = isJsonObject(schemaIds) ? schemaIds["push"] : null;
  if (typeof id !== "string")
    throw new DeployError("BadDeployRequest", "The request does not say which push it means.");
  return id;
}

function raceDetected(): DeployError {
  return new DeployError("RaceDetected", "Schema or environment variables changed during push. Push again.", 409);
}
