import { EdgeVM } from "@edge-runtime/vm";
import { build } from "esbuild";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";

const CONVEX = fileURLToPath(new URL("../../convex/", import.meta.url));

const entryPoints = globSync("**/*.ts", { cwd: CONVEX })
  .filter((file) => !file.startsWith("_generated/") && !file.endsWith(".d.ts") && !file.endsWith(".config.ts"))
  .toSorted();

interface Bundle {
  /** All of it as one script, which the edge runtime's machine can run. */
  readonly script: string;
  /** The files that it is made of. */
  readonly inputs: readonly string[];
  /** What those import. */
  readonly imported: readonly string[];
}

/**
 * Builds each module for itself, as the CLI does, by its path below convex/. In one go, for most of them share most of what they
 * import, which is then read only once.
 */
async function bundleAll(): Promise<Map<string, Bundle>> {
  const { metafile, outputFiles } = await build({
    entryPoints: entryPoints.map((file) => CONVEX + file),
    absWorkingDir: CONVEX,
    bundle: true,
    platform: "browser",
    format: "cjs",
    target: "esnext",
    conditions: ["convex", "module"],
    jsx: "automatic",
    outdir: "out",
    outbase: CONVEX,
    write: false,
    metafile: true,
    logLevel: "silent",
    define: { "process.env.NODE_ENV": '"production"' },
  });
  const scripts = new Map(outputFiles.map(({ path, text }) => [relative(join(CONVEX, "out"), path), text]));
  const bundles = entryPoints.map((file): [string, Bundle] => {
    const inputs = new Set([file]);
    const imported = new Set<string>();
    for (const input of inputs) {
      for (const { path, external } of metafile.inputs[input]?.imports ?? []) {
        imported.add(path);
        if (external !== true) inputs.add(path);
      }
    }
    const script = scripts.get(file.replace(/ts$/, "js"));
    if (script === undefined || metafile.inputs[file] === undefined) throw new Error(`${file} was not built`);
    return [file, { script, inputs: [...inputs], imported: [...imported] }];
  });
  return new Map(bundles);
}

describe("the bundle of convex/", () => {
  let bundles: Map<string, Bundle>;
  beforeAll(async () => {
    bundles = await bundleAll();
  });
  const bundleOf = (file: string): Bundle => {
    const bundle = bundles.get(file);
    if (bundle === undefined) throw new Error(`there is no ${file}`);
    return bundle;
  };

  test("is not empty", () => {
    expect(entryPoints).toContain("verification.ts");
    expect(entryPoints.length).toBeGreaterThan(20);
  });

  test.each(entryPoints)("%s needs no module of Node and no Buffer, and loads in the edge runtime", async (file) => {
    expect(await readFile(CONVEX + file, "utf8")).not.toMatch(/^["']use node["']/m);
    const { imported, script } = bundleOf(file);
    expect(imported.filter((path) => path.startsWith("node:"))).toEqual([]);
    expect(script.match(/\b(?:import\b[^;(]*|require\()["']node:[^"']+["']/g)).toBeNull();

    const vm = new EdgeVM();
    const exported: unknown = vm.evaluate(`
      delete globalThis.Buffer;
      globalThis.process = { env: { SITE_URL: "http://localhost:3000" } };
      const module = { exports: {} };
      ((module, exports, require) => { ${script}
      })(module, module.exports, (name) => { throw new Error("require of " + name); });
      Object.keys(module.exports).length;
    `);
    expect(exported).toBeTypeOf("number");
  });

  describe.each(["verification.ts", "auth/findSession.ts"])("the hot path %s", (file) => {
    test.each(["zod", "better-auth", "@better-auth", "@trpc", "convex-helpers", "jose"])("loads no %s", (name) => {
      expect(bundleOf(file).inputs.filter((input) => input.includes(`node_modules/${name}/`))).toEqual([]);
    });
  });
});
