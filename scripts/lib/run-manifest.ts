import { randomUUID } from "node:crypto";
import { globSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ValidatorJSON } from "convex/values";
import type { FunctionManifest, TeamFunction } from "../../convex/shared/functionManifest.ts";
import { PERMISSION_PATTERN, RESERVED_RESOURCES } from "../../convex/shared/permissions.ts";
import { OWN_FOLDERS, OWN_MODULES } from "./own-modules.ts";

export interface RunManifest {
  readonly functions: FunctionManifest;
  /** Public functions of the team's that cannot be called, each with why. */
  readonly leftOut: readonly { readonly path: string; readonly why: string }[];
}

const MANIFEST = "run.gen.ts";

/**
 * Reads the public functions that a team has added to a project's convex/, by importing their modules as Convex does.
 * Throws what a module throws when it is imported, or does not bundle.
 */
export async function readRunManifest(project: string): Promise<RunManifest> {
  const modules = findTeamModules(project);
  if (modules.length === 0) return { functions: {}, leftOut: [] };
  const found: [string, TeamFunction][] = [];
  const leftOut: { path: string; why: string }[] = [];
  const takenBy = new Map<string, string>();
  for (const [module, exported] of await importModules(project, modules)) {
    for (const [name, value] of Object.entries(exported)) {
      const path = `${module}:${name}`;
      const called = toTeamFunction(path, value);
      if (called === null) continue;
      const why = whyNot(called.permission, takenBy);
      if (why === null) found.push([path, called]);
      else leftOut.push({ path, why });
      if (!takenBy.has(called.permission)) takenBy.set(called.permission, path);
    }
  }
  return { functions: Object.fromEntries(found.toSorted(byPath)), leftOut };
}

/** Writes a project's convex/run.gen.ts, unless it is what would be written. Answers what was found. */
export async function updateRunManifest(project: string): Promise<RunManifest> {
  const manifest = await readRunManifest(project);
  const file = join(project, "convex", MANIFEST);
  const text = renderManifest(manifest);
  // Whoever watches the folder must not be woken for nothing.
  if ((await readFile(file, "utf8").catch(() => null)) !== text) await writeFile(file, text);
  return manifest;
}

/** `listOpen` in convex/billing/orders.ts takes `billing-orders:list-open`. */
export function permissionOf(path: string): string {
  const [module = "", name = ""] = path.split(":");
  return `${module.split("/").map(toKebab).join("-")}:${toKebab(name)}`;
}

function renderManifest({ functions }: RunManifest): string {
  return [
    "// Written by scripts/generate-run.ts from the modules that a team has added to convex/. Do not edit.",
    'import type { FunctionManifest } from "./shared/functionManifest.ts";',
    "",
    `export const functions: FunctionManifest = ${JSON.stringify(functions, null, 2)};`,
    "",
  ].join("\n");
}

/** By the rules of the convex CLI: what has no other dot in its name, and is not generated. */
function findTeamModules(project: string): string[] {
  return globSync("**/*.{ts,tsx,js,jsx,mts,mjs}", { cwd: join(project, "convex") })
    .map((file) => file.replaceAll("\\", "/"))
    .filter((file) => /^[\w/]+\.\w+$/.test(file))
    .filter((file) => !OWN_FOLDERS.includes(file.split("/")[0] ?? ""))
    .filter((file) => !OWN_MODULES.includes(withoutExtension(file)))
    .toSorted();
}

/** Bundled first, because Node resolves fewer spellings of an import than Convex does. */
async function importModules(project: string, files: string[]): Promise<[string, object][]> {
  const { build } = await import("esbuild");
  // Next to nothing that anybody watches, and where the project's packages are not needed any more.
  const outdir = join(tmpdir(), `latchkey-run-${randomUUID()}`);
  try {
    await build({
      absWorkingDir: project,
      entryPoints: files.map((file) => ({ in: join("convex", file), out: withoutExtension(file) })),
      outdir,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      splitting: true,
      format: "esm",
      platform: "node",
      conditions: ["convex", "module"],
      // What a package made for CommonJS asks for at run time.
      banner: {
        js: 'import { createRequire as latchkeyRequire } from "node:module"; const require = latchkeyRequire(import.meta.url);',
      },
      logLevel: "silent",
    });
    return await Promise.all(
      files.map(async (file): Promise<[string, object]> => {
        const exported: object = await import(pathToFileURL(join(outdir, `${withoutExtension(file)}.mjs`)).href);
        return [withoutExtension(file), exported];
      }),
    );
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}

/** What an export is registered as; null for one that is not a public function. */
function toTeamFunction(path: string, value: unknown): TeamFunction | null {
  if (typeof value !== "function" || !("isPublic" in value) || value.isPublic !== true) return null;
  const kind = kindOf(value);
  if (kind === null) return null;
  const args = readValidator(value, "exportArgs") ?? { type: "any" };
  return { kind, permission: permissionOf(path), args, returns: readValidator(value, "exportReturns") };
}

function kindOf(value: object): TeamFunction["kind"] | null {
  if ("isQuery" in value) return "query";
  if ("isMutation" in value) return "mutation";
  // HTTP actions have routes of their own and are not public functions.
  return "isAction" in value ? "action" : null;
}

function readValidator(value: object, part: "exportArgs" | "exportReturns"): ValidatorJSON | null {
  const exporter: unknown = Reflect.get(value, part);
  if (typeof exporter !== "function") return null;
  return JSON.parse(String(Reflect.apply(exporter, value, [])));
}

function whyNot(permission: string, takenBy: ReadonlyMap<string, string>): string | null {
  const [resource = ""] = permission.split(":");
  if (RESERVED_RESOURCES.has(resource)) return `${resource} is one of Latchkey's own resources: rename the module`;
  if (!PERMISSION_PATTERN.test(permission))
    return `${permission} is no permission: use shorter names of letters and digits`;
  const other = takenBy.get(permission);
  return other === undefined ? null : `${other} takes the same permission, ${permission}: rename one of them`;
}

function toKebab(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1-$2")
    .replaceAll(/([A-Z])([A-Z][a-z])/g, "$1-$2")
    .replaceAll(/_+/g, "-")
    .toLowerCase();
}

function withoutExtension(file: string): string {
  return file.replace(/\.\w+$/, "");
}

function byPath([left]: [string, unknown], [right]: [string, unknown]): number {
  return left < right ? -1 : 1;
}
