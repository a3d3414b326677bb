import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OperatorError, systemErrorCode } from "../../server/operator-error.ts";
import { contentHash } from "./content-hash.ts";
import { installedProgram, PROJECT, runProgram } from "./program.ts";
import { readIfThere } from "./read-if-there.ts";

/** Where the built dashboard lies. */
export const DASHBOARD_FOLDER = join(PROJECT, "dist", "app");

// Inside the folder, so that whatever replaces the build replaces its stamp; the server serves no hidden files.
const STAMP = ".built-from";
const SOURCES = [
  "app",
  "convex/shared",
  "convex/_generated",
  "public",
  "index.html",
  "vite.config.ts",
  "package-lock.json",
];

/** Whether dist/app was built from the sources as they are now. */
export async function isDashboardFresh(): Promise<boolean> {
  const stamp = await readIfThere(join(DASHBOARD_FOLDER, STAMP));
  return stamp === (await contentHash(SOURCES));
}

/** Builds the dashboard beside dist/app and puts it in its place at once, so that nobody reads half of it. */
export async function buildDashboard(): Promise<void> {
  const hash = await contentHash(SOURCES);
  const next = `${DASHBOARD_FOLDER}-next-${process.pid}`;
  const last = `${DASHBOARD_FOLDER}-last-${process.pid}`;
  try {
    await runVite(["build", "--outDir", next, "--emptyOutDir", "--logLevel", "warn"]);
    await writeFile(join(next, STAMP), hash);
    await mkdir(DASHBOARD_FOLDER, { recursive: true });
    await rename(DASHBOARD_FOLDER, last);
    await rename(next, DASHBOARD_FOLDER);
  } catch (error) {
    // Another process put the same build there in between.
    if (systemErrorCode(error) !== "ENOTEMPTY" || !(await isDashboardFresh())) throw error;
  } finally {
    await rm(next, { recursive: true, force: true });
    await rm(last, { recursive: true, force: true });
  }
}

async function runVite(args: readonly string[]): Promise<void> {
  // A test runner's NODE_ENV would give React's slow development build.
  const env = { ...process.env, NODE_ENV: "production" };
  const { code, output } = await runProgram(process.execPath, [installedProgram("vite"), ...args], { env });
  if (code !== 0)
    throw new OperatorError(`the dashboard cannot be built:\n${output.trim()}`, "the lines above are vite's");
}
