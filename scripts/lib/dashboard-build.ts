import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
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
const COMPRESSIBLE = /\.(css|html|js|json|map|svg|txt|webmanifest)$/;
const WORTH_COMPRESSING_BYTES = 1024;

/** Whether dist/app was built from the sources as they are now. */
export async function isDashboardFresh(): Promise<boolean> {
  return (await readStamp()) === (await contentHash(SOURCES));
}

/** Builds the dashboard into dist/app and leaves a brotli and a gzip form beside every text file. Throws what vite throws. */
export async function buildDashboard(): Promise<void> {
  const hash = await contentHash(SOURCES);
  await rm(STAMP, { force: true });
  const { build } = await import("vite");
  await build({ root: PROJECT, logLevel: "warn", build: { outDir: DASHBOARD_FOLDER, emptyOutDir: true } });
  await compressFiles();
  await writeFile(STAMP, hash); // last: a build that was cut short is stale
}

async function compressFiles(): Promise<void> {
  const entries = await readdir(DASHBOARD_FOLDER, { recursive: true, withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      if (!entry.isFile() || !COMPRESSIBLE.test(entry.name)) return;
      const file = join(entry.parentPath, entry.name);
      const content = await readFile(file);
      if (content.byteLength < WORTH_COMPRESSING_BYTES) return;
      const params = { [constants.BROTLI_PARAM_QUALITY]: 9, [constants.BROTLI_PARAM_SIZE_HINT]: content.byteLength };
      await writeFile(`${file}.br`, await promisify(brotliCompress)(content, { params }));
      await writeFile(`${file}.gz`, await promisify(gzip)(content, { level: 9 }));
    }),
  );
}

async function readStamp(): Promise<string | null> {
  return await readFile(STAMP, "utf8").catch(() => null);
}
