import { execFile } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { PROJECT } from "../../scripts/lib/program.ts";
import { NODE_FLAGS } from "../helpers/node-flags.ts";

// A project of nothing but the bootstrap, two lock files, and stand-ins for npm and for the Node that npm would install.
let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "latchkey-bootstrap-"));
  mkdirSync(join(project, "scripts"));
  copyFileSync(join(PROJECT, "scripts/bootstrap.mjs"), join(project, "scripts/bootstrap.mjs"));
  writeFileSync(join(project, "scripts/start.ts"), "");
  lock("package-lock.json", {
    "node_modules/zod": { version: "4.6.7", integrity: "a" },
    "node_modules/fsevents": { version: "2.3.3", optional: true },
  });
  writeFileSync(
    join(project, "npm-cli.js"),
    `const fs = require("node:fs");
     fs.appendFileSync("npm-calls", process.argv.slice(2).join(" ") + "\\n");
     if (fs.existsSync("npm-fails")) process.exit(7);
     fs.cpSync("installed", "node_modules", { recursive: true });`,
  );
  for (const folder of ["installed", "installed/.bin"]) mkdirSync(join(project, folder));
  const node = join(project, "installed/.bin/node");
  writeFileSync(node, '#!/bin/sh\necho "ran: $@"\nexit 5\n');
  chmodSync(node, 0o755);
  lock("installed/.package-lock.json", { "node_modules/zod": { version: "4.6.7", integrity: "a" } });
});
afterEach(() => rmSync(project, { recursive: true }));

function lock(file: string, packages: Record<string, object>): void {
  writeFileSync(join(project, file), JSON.stringify({ packages: { "": {}, ...packages } }));
}

/** Runs the bootstrap with the Node of these tests; the oldest one it supports has the same language. */
async function bootstrap(...args: string[]): Promise<{ code: number; output: string }> {
  const env = { ...process.env, npm_execpath: join(project, "npm-cli.js") };
  return await new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(project, "scripts/bootstrap.mjs"), ...args],
      { env, cwd: project },
      (error, out, err) => resolve({ code: typeof error?.code === "number" ? error.code : 0, output: out + err }),
    );
  });
}

const npmCalls = () =>
  existsSync(join(project, "npm-calls")) ? readFileSync(join(project, "npm-calls"), "utf8").split("\n").length - 1 : 0;

test("it installs once, then hands the arguments to the installed Node and its exit code back", async () => {
  const first = await bootstrap("start", "--port", "0");
  expect(first.code).toBe(5);
  const script = join(project, "scripts/start.ts");
  expect(first.output).toContain(`ran: ${NODE_FLAGS.join(" ")} ${script} --port 0`);
  expect(npmCalls()).toBe(1);
  expect((await bootstrap("start")).code).toBe(5);
  expect(npmCalls()).toBe(1);
});

test("what it starts runs in UTC, wherever the machine is", async () => {
  writeFileSync(join(project, "installed/.bin/node"), '#!/bin/sh\necho "zone: $TZ"\n');
  vi.stubEnv("TZ", "Pacific/Auckland");
  const { output } = await bootstrap("start");
  vi.unstubAllEnvs();
  expect(output).toContain("zone: UTC");
});

test("it installs again when the lock file has changed, or when an install was cut short", async () => {
  await bootstrap("start");
  lock("package-lock.json", { "node_modules/zod": { version: "4.6.8", integrity: "b" } });
  await bootstrap("start");
  expect(npmCalls()).toBe(2);
  lock("package-lock.json", { "node_modules/zod": { version: "4.6.7", integrity: "a" } });
  rmSync(join(project, "node_modules/.package-lock.json"));
  await bootstrap("start");
  expect(npmCalls()).toBe(3);
});

test("a failed install ends it with npm's code and a hint", async () => {
  writeFileSync(join(project, "npm-fails"), "");
  const { code, output } = await bootstrap("start");
  expect(code).toBe(7);
  expect(output).toContain("error: npm ci ended with code 7");
  expect(output).toContain("hint:");
  expect(output).not.toContain("ran:");
});

test("a Node that npm was not allowed to install is named", async () => {
  rmSync(join(project, "installed/.bin/node"));
  const { code, output } = await bootstrap("start");
  expect(code).toBe(1);
  expect(output).toContain("ignore-scripts");
});

test("an unknown script is refused with the names of those that there are", async () => {
  const { code, output } = await bootstrap("strat");
  expect(code).toBe(1);
  expect(output).toContain("there is no script called strat");
  expect(output).toContain("start");
});
