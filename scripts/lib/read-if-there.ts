import { readFile } from "node:fs/promises";
import { systemErrorCode } from "../../server/operator-error.ts";

/** The text of a file, or null when there is none. Throws when it is there and cannot be read. */
export async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return null;
    throw error;
  }
}
