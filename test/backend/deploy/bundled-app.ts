import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { JsonObject, JsonValue } from "#backend/values/json.ts";

const here = fileURLToPath(new URL(".", import.meta.url));

/** Source texts by path without folder, as `messages.ts` or `schema.ts`. */
export type Files = Readonly<Record<string, string>>;

export interface AppSources {
  readonly app: Files;
  /** By definition path; each must have a `convex.config.ts`. */
  readonly components?: Readonly<Record<string, { readonly files: Files; readonly dependencies?: readonly string[] }>>;
  /** Definition paths that the app's `convex.config.ts` uses. */
  readonly dependencies?: readonly string[];
}

/** A `start_push` body made of source texts, bundled the way the CLI does it. */
export async function bundledApp({ app, components = {}, dependencies = [] }: AppSources): Promise<JsonObject> {
  const bundled = await bundleDefinition(app);
  const componentDefinitions: JsonValue[] = [];
  for (const [definitionPath, { files, dependencies: used = [] }] of Object.entries(components)) {
    const { definition, schema, functions } = await bundleDefinition(files);
    componentDefinitions.push({
      definitionPath,
      definition,
      dependencies: [...used],
      schema,
      functions,
      udfServerVersion: "1.48.0",
    });
  }
  return {
    adminKey: "unused",
    dryRun: false,
    functions: "convex/",
    appDefinition: {
      definition: bundled.definition,
      dependencies: [...dependencies],
      schema: bundled.schema,
      changedModules: bundled.functions,
      unchangedModuleHashes: [],
      udfServerVersion: "1.48.0",
    },
    componentDefinitions,
    nodeDependencies: [],
  };
}

interface BundledDefinition {
  readonly definition: JsonValue;
  readonly schema: JsonValue;
  readonly functions: JsonValue[];
}

// Many tests push the same sources, each to a backend of its own.
const bundledBefore = new Map<string, Promise<BundledDefinition>>();

function bundleDefinition(files: Files): Promise<BundledDefinition> {
  const key = JSON.stringify(files);
  const bundled = bundledBefore.get(key) ?? bundleAnew(files);
  bundledBefore.set(key, bundled);
  return bundled;
}

async function bundleAnew(files: Files): Promise<BundledDefinition> {
  const names = Object.keys(files);
  const functions = names.filter((name) => name !== "schema.ts" && name !== "convex.config.ts");
  const only = async (name: string): Promise<JsonValue> =>
    names.includes(name) ? ((await bundle(files, [name], false))[0] ?? null) : null;
  return {
    definition: await only("convex.config.ts"),
    schema: await only("schema.ts"),
    functions: functions.length === 0 ? [] : await bundle(files, functions, true),
  };
}

async function bundle(files: Files, entries: readonly string[], splitting: boolean): Promise<JsonValue[]> {
  const result = await build({
    entryPoints: entries.map((name) => ({ in: `virtual:${name}`, out: name.replace(/\.ts$/, "") })),
    bundle: true,
    splitting,
    write: false,
    format: "esm",
    platform: "browser",
    target: "esnext",
    minifySyntax: true,
    minifyIdentifiers: true,
    keepNames: true,
    sourcemap: "external",
    outdir: "/out",
    chunkNames: "_deps/[hash]",
    conditions: ["convex", "module"],
    logLevel: "silent",
    plugins: [
      {
        name: "virtual",
        setup: (setup) => {
          setup.onResolve({ filter: /^virtual:/ }, ({ path }) => ({ path: path.slice(8), namespace: "virtual" }));
          setup.onResolve({ filter: /^_componentDeps:/ }, ({ path }) => {
            const encoded = Buffer.from(path.slice("_componentDeps:".length)).toString("base64url");
            return { path: `./_componentDeps/${encoded}`, external: true };
          });
          setup.onResolve({ filter: /^\.\// }, ({ path, namespace }) =>
            namespace === "virtual" ? { path: `${path.slice(2).replace(/\.ts$/, "")}.ts`, namespace } : undefined,
          );
          setup.onLoad({ filter: /.*/, namespace: "virtual" }, ({ path }) => ({
            contents: files[path] ?? "",
            loader: "ts",
            resolveDir: here,
          }));
        },
      },
    ],
  });
  const texts = new Map(result.outputFiles.map((file) => [file.path.slice("/out/".length), file.text]));
  return [...texts]
    .filter(([path]) => path.endsWith(".js"))
    .map(([path, source]) => ({
      path,
      source,
      sourceMap: texts.get(`${path}.map`) ?? "",
      environment: "isolate",
    }));
}
