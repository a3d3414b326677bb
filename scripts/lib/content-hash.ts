import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "../../server/operator-error.ts";
import { PROJECT } from "./program.ts";

/**
 * One hash over the names and contents of files and whole folders (relative to the project). What is missing counts as empty. Contents, not times: a fresh clone and a touched file are no change.
 */
export async function contentHash(paths: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) {
    for (const file of await filesBelow(path)) {
      hash.update(`\0${file}\0`).update(await readFile(join(PROJECT, file)));
    }
  }
  return hash.digest("hex");
}

async function filesBelow(path: string): Promise<string[]> {
  try {
    if (!(await stat(join(PROJECT, path))).isDirectory()) return [path];
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
  const names = (await readdir(join(PROJECT, path))).filter((name) => !name.startsWith(".")).toSorted();
  return (await Promise.all(names.map((name) => filesBelow(join(path, name))))).flat();
}
