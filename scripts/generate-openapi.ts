/**
 * Writes public/openapi.json and sdk/operations.gen.ts from the public API's router. With `--check` it writes
 * nothing and exits 1 when one of them is not what would be written.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { openApiDocument } from "#convex/api/openapi.ts";
import { operationsOf } from "#convex/api/operations.ts";
import { appRouter } from "#convex/api/router.ts";
import { writeOperations } from "./openapi-types.ts";

/** The two files as they should be, by path from the project's root. */
export function generatedFiles(): Record<string, string> {
  const document = openApiDocument(operationsOf(appRouter));
  const text = `${JSON.stringify(document, null, 2)}\n`;
  return { "public/openapi.json": text, "sdk/operations.gen.ts": writeOperations(JSON.parse(text)) };
}

async function main(check: boolean): Promise<void> {
  for (const [path, text] of Object.entries(generatedFiles())) {
    const file = new URL(`../${path}`, import.meta.url);
    const current = await readFile(file, "utf8").catch(() => null);
    if (current === text) continue;
    if (check) {
      console.error(`${path} is out of date. Run: node scripts/generate-openapi.ts`);
      process.exitCode = 1;
    } else {
      await mkdir(dirname(fileURLToPath(file)), { recursive: true });
      await writeFile(file, text);
      console.log(`wrote ${path}`);
    }
  }
}

if (import.meta.main) await main(process.argv.includes("--check"));
