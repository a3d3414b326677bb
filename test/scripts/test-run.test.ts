import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROJECT } from "../../scripts/lib/program.ts";
import { runTests } from "../../scripts/lib/test-run.ts";

const PASSES = `import { test } from "vitest"; test("passes", () => {}); test.skip("is left out", () => {});`;
const FAILS = `import { test } from "vitest"; test("fails", () => { throw new Error("as it should"); });`;
const LEAVES_AN_ERROR = `import { test } from "vitest"; test("passes", () => { void Promise.reject(new Error("nobody's")); });`;
const endsBy = (signal: string) => `
  import { test } from "vitest";
  test("ends its process", async () => {
    process.kill(process.pid, "${signal}");
    await new Promise((resolve) => setTimeout(resolve, 10_000));
  });`;
/** Crashes where it is run first. */
const CRASHES_ONCE = `
  import { existsSync, writeFileSync } from "node:fs";
  import { test } from "vitest";
  test("crashes the first time", async () => {
    if (existsSync("crashed")) return;
    writeFileSync("crashed", "");
    process.kill(process.pid, "SIGSEGV");
    await new Promise((resolve) => setTimeout(resolve, 10_000));
  });`;

/** What `runTests` makes of a project with these test files. */
async function totalsOf(files: Readonly<Record<string, string>>) {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-test-run-"));
  try {
    await symlink(join(PROJECT, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, "vitest.config.mjs"), `export default { test: { pool: "forks" } };`);
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, `${name}.test.js`), text);
    return await runTests([], { folder, show: false });
  } finally {
    await rm(folder, { recursive: true });
  }
}

test.each([
  ["all is well", { fine: PASSES }, { passed: 1, failed: 0, skipped: 1 }],
  ["a test fails", { fine: PASSES, bad: FAILS }, { passed: 1, failed: 1, skipped: 1 }],
  ["a file does not load", { fine: PASSES, bad: "import './nothing.js';" }, { passed: 1, failed: 1, skipped: 1 }],
  ["an error is caught by nobody", { fine: PASSES, bad: LEAVES_AN_ERROR }, { passed: 2, failed: 1, skipped: 1 }],
  [
    "a process aborts, as without memory",
    { fine: PASSES, bad: endsBy("SIGABRT") },
    { passed: 1, failed: 1, skipped: 1 },
  ],
  ["Node crashes once", { fine: PASSES, bad: CRASHES_ONCE }, { passed: 2, failed: 0, skipped: 1 }],
  ["Node crashes again", { fine: PASSES, bad: endsBy("SIGSEGV") }, { passed: 1, failed: 1, skipped: 1 }],
  [
    "Node crashes under two files",
    { fine: PASSES, bad: CRASHES_ONCE, worse: endsBy("SIGSEGV") },
    { passed: 1, failed: 1, skipped: 1 },
  ],
  ["Node crashes once and a test fails", { bad: CRASHES_ONCE, worse: FAILS }, { passed: 1, failed: 1, skipped: 0 }],
])("a run is counted when %s", async (_what, files, expected) => {
  expect(await totalsOf(files)).toEqual(expected);
});
