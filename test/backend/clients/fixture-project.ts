import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const FIXTURE = path.join(REPOSITORY, "test/backend/fixtures/app");
const CLI = path.join(REPOSITORY, "node_modules/convex/bin/main.js");

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A copy of the fixture project, on which the official CLI works as on anybody's. */
export interface FixtureProject extends AsyncDisposable {
  readonly folder: string;
  /** Runs `convex …` and returns however it ended. */
  convex(...args: readonly string[]): Promise<CliResult>;
  /** Writes a file of the functions folder. */
  write(file: string, text: string): Promise<void>;
}

export async function createFixtureProject(apiUrl: string, adminKey: string): Promise<FixtureProject> {
  const folder = await mkdtemp(path.join(tmpdir(), "convex-project-"));
  for (const part of ["convex", "convex.json", "package.json"]) {
    await cp(path.join(FIXTURE, part), path.join(folder, part), { recursive: true });
  }
  await rm(path.join(folder, "convex/_generated"), { recursive: true, force: true });
  await symlink(path.join(REPOSITORY, "node_modules"), path.join(folder, "node_modules"));
  const environment = {
    ...process.env,
    // Without CI a failing command tries to report the failure to an outside service first.
    CI: "1",
    NODE_OPTIONS: "",
    CONVEX_SELF_HOSTED_URL: apiUrl,
    CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
  };
  return {
    folder,
    write: (file, text) => writeFile(path.join(folder, "convex", file), text),
    convex: async (...args) => {
      const child = spawn(process.execPath, [CLI, ...args], {
        cwd: folder,
        env: environment,
        stdio: ["ignore", "pipe", "pipe"],
      });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
      child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
      await once(child, "close");
      return { code: child.exitCode, stdout, stderr };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
