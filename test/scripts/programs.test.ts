import { globSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PROJECT, runProgram } from "../../scripts/lib/program.ts";
import { readIfThere } from "../../scripts/lib/read-if-there.ts";

// It runs the README's own shell lines, to see that they do what the README says.
const RUNS_A_SHELL = ["scripts/fresh-clone.ts"];

const SHELL_LINES = [
  /\bshell:\s*(?!false)/,
  /import[^;]*\bexec(?:Sync)?\b[^;]*from "node:child_process"/,
  /"(?:ba|z)?sh"|cmd\.exe|powershell|\brm -/,
];
const sources = globSync("{scripts,server,backend,bench}/**/*.{ts,mjs}", { cwd: PROJECT }).toSorted();

describe("R10: what starts programs", () => {
  test("has no line for a shell", async () => {
    const written = await Promise.all(
      sources.map(async (file) => {
        const source = await readFile(join(PROJECT, file), "utf8");
        return SHELL_LINES.some((line) => line.test(source)) ? [file] : [];
      }),
    );
    expect(written.flat()).toEqual(RUNS_A_SHELL);
    expect(sources).toContain("scripts/bootstrap.mjs");
  });

  test("hands arguments on as they are, whatever a shell would make of them", async () => {
    const args = ["a b", "$HOME", "; exit 3", "`id`", "*", "", '"'];
    const print = "process.stdout.write(JSON.stringify(process.argv.slice(1)))";
    const { code, output } = await runProgram(process.execPath, ["-e", print, "--", ...args]);
    expect([code, JSON.parse(output)]).toEqual([0, args]);
  });
});

describe("R9: a file that may be missing", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "latchkey-read-"));
  });
  afterAll(async () => await rm(folder, { recursive: true }));

  test("is null when it is, and its text when it is there", async () => {
    const file = join(folder, "note");
    expect(await readIfThere(file)).toBeNull();
    await writeFile(file, "");
    expect(await readIfThere(file)).toBe("");
    await writeFile(file, "here");
    expect(await readIfThere(file)).toBe("here");
  });

  test("is no excuse for another failure", async () => {
    await expect(readIfThere(folder)).rejects.toThrow("EISDIR");
    await writeFile(join(folder, "file"), "");
    await expect(readIfThere(join(folder, "file", "below"))).rejects.toThrow("ENOTDIR");
  });
});
