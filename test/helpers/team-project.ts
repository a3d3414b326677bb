import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PROJECT, runProgram } from "../../scripts/lib/program.ts";

export interface TeamProject extends AsyncDisposable {
  readonly folder: string;
  /** Deploys it with the official CLI, whose environment names the deployment. */
  deploy(environment: Readonly<Record<string, string>>): Promise<void>;
}

/**
 * A copy of this project to whose convex/ a team has added modules and tables. `sources` are the modules' texts by their
 * path in convex/; `tables` are lines of the schema.
 */
export async function createTeamProject(
  sources: Readonly<Record<string, string>>,
  tables: readonly string[] = [],
): Promise<TeamProject> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-team-"));
  await cp(join(PROJECT, "convex"), join(folder, "convex"), { recursive: true });
  for (const file of ["package.json", "tsconfig.json"]) await cp(join(PROJECT, file), join(folder, file));
  await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
  for (const [path, text] of Object.entries(sources)) {
    const file = join(folder, "convex", path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const schema = join(folder, "convex/schema.ts");
  const opened = "export default defineSchema({";
  await writeFile(schema, (await readFile(schema, "utf8")).replace(opened, [opened, ...tables].join("\n")));
  return {
    folder,
    async deploy(environment) {
      const cli = join(PROJECT, "node_modules/convex/bin/main.js");
      const args = [cli, "deploy", "-y", "--typecheck", "disable", "--codegen", "disable"];
      const env = { ...process.env, ...environment, CI: "1" };
      const { code, output } = await runProgram(process.execPath, args, { cwd: folder, env });
      if (code !== 0) throw new Error(output);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
