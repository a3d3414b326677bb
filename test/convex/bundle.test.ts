import { EdgeVM } from "@edge-runtime/vm";
import { build } from "esbuild";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";

const CONVEX = fileURLToPath(new URL("../../convex/", import.meta.url));

const entryPoints = globSync("**/*.ts", { cwd: CONVEX })
  .filter((file) => !file.startsWith("_generated/") && !file.endsWith(".d.ts") && !file.endsWith(".config.ts"))
  .toSorted();

/** Builds one module for itself, as the CLI does with all of them. */
async function bundle(file: string, format: "esm" | "cjs" = "esm") {
  return await build({
    entryPoints: [CONVEX + file],
    bundle: true,
    platform: "browser",
    format,
    target: "esnext",
    conditions: ["convex", "module"],
    jsx: "automatic",
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "silent",
    define: { "process.env.NODE_ENV": '"production"' },
  });
}

describe("the bundle of convex/", () => {
  test("is not empty", () => {
    expect(entryPoints).toContain("verification.ts");
    expect(entryPoints.length).toBeGreaterThan(20);
  });

  test.each(entryPoints)("%s needs no module of Node and no Buffer, and loads in the edge runtime", async (file) => {
    expect(await readFile(CONVEX + file, "utf8")).not.toMatch(/^["']use node["']/m);
    const { metafile, outputFiles } = await bundle(file);
    const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    expect(imported.filter((path) => path.startsWith("node:"))).toEqual([]);
    expect(outputFiles.flatMap(({ text }) => text.match(/\bimport\b[^;(]*["'](?:node:[^"']+)["']/g) ?? [])).toEqual([]);

    const [script] = (await bundle(file, "cjs")).outputFiles;
    const vm = new EdgeVM();
    const exported: unknown = vm.evaluate(`
      delete globalThis.Buffer;
      globalThis.process = { env: { SITE_URL: "http://localhost:3000" } };
      const module = { exports: {} };
      ((module, exports, require) => { ${script?.text ?? "throw 0"}
      })(module, module.exports, (name) => { throw new Error("require of " + name); });
      Object.keys(module.exports).length;
    `);
    expect(exported).toBeTypeOf("number");
  });

  describe.each(["verification.ts", "auth/findSession.ts"])("the hot path %s", (file) => {
    let inputs: string[];
    beforeAll(async () => {
      inputs = Object.keys((await bundle(file)).metafile.inputs);
    });

    test.each(["zod", "better-auth", "@better-auth", "@trpc", "convex-helpers", "jose"])("loads no %s", (name) => {
      expect(inputs.filter((input) => input.includes(`node_modules/${name}/`))).toEqual([]);
    });
  });
});
