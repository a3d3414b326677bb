import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Backend, startBackend } from "#backend/main.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const adminKey = "test|key";

let folder: string;
let project: string;
let backend: Backend;

interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly output: string;
}

/** Runs the official CLI in the fixture project, as a developer would. */
function cli(...args: string[]): Promise<Ran> {
  const env = {
    PATH: process.env["PATH"],
    HOME: folder,
    CI: "1",
    CONVEX_SELF_HOSTED_URL: backend.apiUrl,
    CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
  };
  const main = path.join(root, "node_modules/convex/bin/main.js");
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...args], { cwd: project, env, timeout: 100_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, output: stdout + stderr });
    });
  });
}

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "official-cli-"));
  project = path.join(folder, "app");
  cpSync(path.join(root, "test/backend/fixtures/app"), project, { recursive: true });
  symlinkSync(path.join(root, "node_modules"), path.join(project, "node_modules"));
  backend = await startBackend({
    dataDir: path.join(folder, "data"),
    siteUrl: "http://site.test",
    adminKey,
    environment: {},
    log: () => {},
  });
});

afterAll(async () => {
  await backend[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

test("deploy installs the app and its nested component", { timeout: 120_000 }, async () => {
  const { code, output } = await cli("deploy", "--typecheck", "disable");
  expect(output).toContain("Deployed Convex functions");
  expect(output).toContain("Installed component rateLimiter.");
  expect(output).toContain("Installed component rateLimiter/batchWorker.");
  expect(output).toMatch(/\[\+\] messages\.by_author +author, _creationTime/);
  expect(code).toBe(0);
});

function generated(): string {
  return readFileSync(path.join(project, "convex/_generated/api.d.ts"), "utf8");
}

test("codegen writes what is checked in, and leaves the deployment alone", { timeout: 120_000 }, async () => {
  const before = generated();
  const { code } = await cli("codegen", "--typecheck", "disable");
  expect(code).toBe(0);
  expect(generated()).toBe(before);
  expect(before).toContain("rateLimiter");
});

test("a component that mounts another does its work", { timeout: 120_000 }, async () => {
  const taken: unknown[] = [];
  for (let i = 0; i < 4; i++) taken.push(JSON.parse((await cli("run", "limits:take", '{"key":"k"}')).stdout));
  expect(taken).toEqual([true, true, true, false]);
});

test("dev --once pushes again and finds nothing to change", { timeout: 120_000 }, async () => {
  const { code, output } = await cli("dev", "--once", "--typecheck", "disable");
  expect(output).toContain("Convex functions ready!");
  expect(output).not.toContain("[+]");
  expect(output).not.toContain("Installed component");
  expect(code).toBe(0);
});
