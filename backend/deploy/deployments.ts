import { createHash } from "node:crypto";
import type { Database, TableSpec } from "../database/database.ts";
import type { AuthProvider, CurrentDeployment, Deployment, ModuleSource, Mount } from "../functions/deployment.ts";
import { AUTH_CONFIG_MODULE } from "./auth-config.ts";
import { evaluateInThread } from "./evaluation-thread.ts";
import { sharingTexts, type CodeVersion } from "./code-version.ts";
import { DeployError } from "./deploy-error.ts";
import { readEnvironment } from "./environment-store.ts";
import { buildMountTree, type Origins } from "./mount-tree.ts";
import { readVersion } from "./version-store.ts";

export interface DeploymentsOptions {
  readonly database: Database;
  readonly origins: Origins;
  /** Variables under those that are set on the deployment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Told what is wrong with the stored deployment without stopping the start. */
  readonly warn?: (message: string) => void;
}

/** A switch in the making: what will be live, and the rows that were written for it. */
export interface NextDeployment {
  readonly code: CodeVersion;
  readonly authProviders: readonly AuthProvider[];
  /** The variables that are set on the deployment. */
  readonly stored: Readonly<Record<string, string>>;
}

/** Holds the live deployment and tells who depends on it when it is replaced. */
export class Deployments implements CurrentDeployment {
  readonly database: Database;
  readonly origins: Origins;
  readonly #base: Readonly<Record<string, string>>;
  readonly #listeners = new Set<(deployment: Deployment) => void>();
  #stored: Readonly<Record<string, string>> = {};
  #code: CodeVersion | null = null;
  #current: Deployment | null = null;

  private constructor({ database, origins, environment }: DeploymentsOptions) {
    this.database = database;
    this.origins = origins;
    this.#base = environment;
  }

  /**
   * Brings back the deployment that was live last; no module is evaluated before somebody calls it. The tables of
   * `_system` must exist.
   */
  static async open(options: DeploymentsOptions): Promise<Deployments> {
    const deployments = new Deployments(options);
    using tx = options.database.begin();
    const version = readVersion(tx);
    deployments.#stored = readEnvironment(tx);
    tx.abort();
    if (version === null) return deployments;
    // The configured variables may differ from those of the last run, and auth.config may have read them.
    const isSame = version.environmentHash === deployments.environmentHash(deployments.#stored);
    const authProviders = isSame
      ? version.authProviders
      : await deployments.#authProvidersOf(version.code, options.warn);
    const deployment = deployments.#assemble({ code: version.code, authProviders, stored: deployments.#stored });
    for (const mount of deployment.mounts.values()) {
      await options.database.setSchema(mount.path, tableSpecs(mount));
    }
    deployments.#code = version.code;
    deployments.#current = deployment;
    return deployments;
  }

  current(): Deployment | null {
    return this.#current;
  }

  /** The live code; null before the first push. */
  get code(): CodeVersion | null {
    return this.#code;
  }

  onSwitch(listener: (deployment: Deployment) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** All variables of the app, with the given ones as those set on the deployment. */
  environment(stored: Readonly<Record<string, string>> = this.#stored): Record<string, string> {
    return { ...this.#base, ...stored };
  }

  /** Tells sets of variables apart, origins included. */
  environmentHash(stored: Readonly<Record<string, string>> = this.#stored): string {
    const entries = Object.entries({ ...this.environment(stored), ...this.origins });
    const sorted = entries.toSorted(([a], [b]) => (a < b ? -1 : 1));
    return createHash("sha256").update(JSON.stringify(sorted)).digest("hex");
  }

  /** Variables changed and nothing was ever pushed. */
  setEnvironment(stored: Readonly<Record<string, string>>): void {
    this.#stored = stored;
  }

  /** Replaces the live deployment at once; calls that run keep theirs until they commit or end. */
  switchTo({ authProviders, stored, ...next }: NextDeployment): void {
    const code = sharingTexts(next.code, this.#code);
    const deployment = this.#assemble({ code, authProviders, stored });
    this.#stored = stored;
    this.#code = code;
    this.#current = deployment;
    for (const listener of this.#listeners) listener(deployment);
  }

  #assemble({ code, authProviders, stored }: NextDeployment): Deployment {
    const environment = this.environment(stored);
    const { mounts } = buildMountTree(code.definitions, environment, this.origins);
    return { id: code.id, mounts, authProviders, environment };
  }

  async #authProvidersOf(
    code: CodeVersion,
    warn: ((message: string) => void) | undefined,
  ): Promise<readonly AuthProvider[]> {
    try {
      return await this.evaluateAuth(code, this.#stored);
    } catch (error) {
      if (!(error instanceof DeployError)) throw error;
      warn?.(`No user can sign in: ${error.message}`);
      return [];
    }
  }

  /** Throws DeployError as `evaluateAuthConfig` does. */
  async evaluateAuth(code: CodeVersion, stored: Readonly<Record<string, string>>): Promise<AuthProvider[]> {
    const { cloudUrl, siteUrl } = this.origins;
    const environment = { CONVEX_CLOUD_URL: cloudUrl, CONVEX_SITE_URL: siteUrl, ...this.environment(stored) };
    const modules = code.definitions.get("")?.modules ?? new Map<string, ModuleSource>();
    if (!modules.has(AUTH_CONFIG_MODULE)) return [];
    return evaluateInThread("auth", { modules, environment });
  }
}

/** What a mount's schema asks of the database. */
export function tableSpecs(mount: Mount): TableSpec[] {
  return [...(mount.schema?.tables.values() ?? [])].map(({ name, indexes }) => ({ name, indexes }));
}
