import path from "node:path";
import vm from "node:vm";
import type { ModuleSource } from "./deployment.ts";
import { withCheapNames } from "./kept-names.ts";
import type { Realm } from "./realm.ts";

export type Namespace = Readonly<Record<string, unknown>>;

export interface ModuleGraphOptions {
  /** Prefix of the modules' names in stack traces. */
  readonly label: string;
  readonly sources: ReadonlyMap<string, ModuleSource>;
  /** Answers specifiers that no source has, with the exports of a synthetic module; undefined when it has none either. */
  readonly synthetic?: ((specifier: string) => Namespace | undefined) | undefined;
  /** Wraps each evaluation of user code; used to mark it as an import. */
  evaluating<T>(evaluate: () => T): T;
}

/** The ES modules of one mount in one realm. A module is parsed, linked and evaluated when first asked for, then kept. */
export class ModuleGraph {
  readonly #realm: Realm;
  readonly #options: ModuleGraphOptions;
  readonly #modules = new Map<string, vm.Module>();
  readonly #evaluated = new Map<string, Namespace>();
  readonly #evaluations = new Map<string, Promise<Namespace>>();

  constructor(realm: Realm, options: ModuleGraphOptions) {
    this.#realm = realm;
    this.#options = options;
  }

  /** The namespace when the module has been imported before, without waiting. */
  loaded(modulePath: string): Namespace | undefined {
    return this.#evaluated.get(modulePath);
  }

  /** Evaluates the module at its first import. Throws what the module throws, and on unknown paths. */
  import(modulePath: string): Promise<Namespace> {
    const running = this.#evaluations.get(modulePath);
    if (running !== undefined) return running;
    const evaluation = this.#evaluate(modulePath);
    this.#evaluations.set(modulePath, evaluation);
    return evaluation;
  }

  async #evaluate(modulePath: string): Promise<Namespace> {
    const module = this.#instantiate(modulePath);
    await this.#options.evaluating(() => this.#realm.evaluating(() => module.evaluate()));
    const namespace: Namespace = Object.assign(module.namespace);
    this.#evaluated.set(modulePath, namespace);
    return namespace;
  }

  #instantiate(modulePath: string): vm.Module {
    const module = this.#parse(modulePath);
    if (module instanceof vm.SourceTextModule && module.status === "unlinked") module.instantiate();
    return module;
  }

  /** The module with everything it statically imports. Cycles end because a module is kept before its requests are met. */
  #parse(modulePath: string): vm.Module {
    const known = this.#modules.get(modulePath);
    if (known !== undefined) return known;
    const source = this.#options.sources.get(modulePath);
    if (source === undefined) return this.#synthesize(modulePath);
    if (source.environment === "node") {
      throw new Error(`${modulePath} needs the Node.js runtime ("use node"), which this backend does not offer.`);
    }
    const module = new vm.SourceTextModule(withCheapNames(source.source), {
      context: this.#realm.context,
      identifier: `${this.#options.label}${modulePath}`,
      initializeImportMeta: (meta) => {
        meta.url = `convex:/${modulePath}`;
      },
      importModuleDynamically: async (specifier) => {
        const target = resolveSpecifier(modulePath, specifier);
        await this.import(target);
        return this.#parse(target);
      },
    });
    this.#modules.set(modulePath, module);
    try {
      module.linkRequests(
        module.moduleRequests.map((request) => this.#parse(resolveSpecifier(modulePath, request.specifier))),
      );
    } catch (error) {
      this.#modules.delete(modulePath);
      throw error;
    }
    return module;
  }

  #synthesize(specifier: string): vm.Module {
    const exports = this.#options.synthetic?.(specifier);
    if (exports === undefined) throw new Error(missingModule(specifier));
    const names = Object.keys(exports);
    const module = new vm.SyntheticModule(
      names,
      () => {
        for (const name of names) module.setExport(name, exports[name]);
      },
      { context: this.#realm.context, identifier: specifier },
    );
    this.#modules.set(specifier, module);
    return module;
  }
}

/** `./a.js` seen from `dir/b.js` is `dir/a.js`; bare specifiers stay as they are. */
function resolveSpecifier(from: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return path.posix.join(path.posix.dirname(from), specifier);
}

function missingModule(specifier: string): string {
  if (specifier.startsWith("node:")) {
    return `The module "${specifier}" is part of Node.js, which functions outside of "use node" cannot use.`;
  }
  return `Couldn't import the module "${specifier}": it was not part of the push.`;
}
