import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { contentHash } from "./content-hash.ts";
import { PROJECT } from "./program.ts";

/** Where the built dashboard lies. */
export const DASHBOARD_FOLDER = join(PROJECT, "dist", "app");

const STAMP = join(PROJECT, "dist", "app.stamp");
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
  return (await readStamp()) === (await contentHash(SOURCES));
}

/** Builds the dashboard into dist/app. Throws what vite throws. */
export async function buildDashboard(): Promise<void> {
  const hash = await contentHash(SOURCES);
  await rm(STAMP, { force: true });
  const { build } = await import("vite");
  await build({ root: PROJECT, logLevel: "warn", build: { outDir: DASHBOARD_FOLDER, emptyOutDir: true } });
  await writeFile(STAMP, hash); // last: a build that was cut short is stale
}

async function readStamp(): Promise<string | null> {
  return await readFile(STAMP, "utf8").catch(() => null);
}
