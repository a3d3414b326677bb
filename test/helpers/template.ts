import { execFile } from "node:child_process";
import { cp, mkdtemp, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { contentHash } from "../../scripts/lib/content-hash.ts";
import { PROJECT } from "../../scripts/lib/program.ts";
import { NODE_FLAGS } from "./node-flags.ts";

/** Where a run's global setup tells its tests the template, which spares them to read all sources for each copy. */
export const TEMPLATE_VARIABLE = "LATCHKEY_TEST_TEMPLATE";

/**
 * A data folder with convex/ pushed to it and nothing else in it, made once per state of the sources and kept in the system's temporary
 * folder. Tests copy it: a copy starts in a moment, a push takes seconds. Resolves to its path; never start anything in it.
 */
export async function ensureTemplate(): Promise<string> {
  const hash = await contentHash(["convex", "backend", "server", "package-lock.json"]);
  const template = join(tmpdir(), `latchkey-template-${hash.slice(0, 16)}`);
  if (await exists(template)) return template;
  const draft = await mkdtemp(join(tmpdir(), "latchkey-template-draft-"));
  await promisify(execFile)(process.execPath, [...NODE_FLAGS, join(PROJECT, "test/helpers/build-template.ts"), draft]);
  try {
    await rename(draft, template);
  } catch (error) {
    if (!(await exists(template))) throw error; // else another process was faster
    await rm(draft, { recursive: true });
  }
  return template;
}

/** A data folder of its own with everything pushed, ready to start on. The caller removes it. */
export async function copyTemplate(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-data-"));
  await cp(process.env[TEMPLATE_VARIABLE] ?? (await ensureTemplate()), folder, { recursive: true });
  return folder;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}
