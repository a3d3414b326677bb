import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseOptions } from "./lib/arguments.ts";
import { PROJECT } from "./lib/program.ts";
import { coverageOf } from "./lib/spec-coverage.ts";
import { SPEC_POINTS } from "./lib/spec-points.ts";
import { runScript, style } from "./lib/terminal.ts";
import { testTitles } from "./lib/test-titles.ts";

const HELP = `npm run coverage:spec: which points of the specification the tests show

  npm run coverage:spec              each point with the tests that name it; exits 1 if one has none
  npm run coverage:spec -- --files   and the files that they are in

A test names a point in its title: "E9: rotating needs …". The points are in scripts/lib/spec-points.ts.`;

await runScript(async () => {
  const { help, files } = parseOptions("npm run coverage:spec --", { files: { type: "boolean" } });
  if (help === true) {
    console.log(HELP);
    return 0;
  }
  const all = coverageOf(Object.keys(SPEC_POINTS), await readTitles());
  for (const point of all) {
    const mark = point.tests > 0 ? style("green", "✓") : style("red", "✗");
    const count = `${point.tests} in ${point.files.length}`.padStart(9);
    console.log(`${mark} ${point.id.padEnd(3)} ${count}  ${SPEC_POINTS[point.id]}`);
    if (files === true) for (const file of point.files) console.log(style("dim", `                ${file}`));
  }
  const missing = all.filter(({ tests }) => tests === 0).map(({ id }) => id);
  console.log(`\n${all.length - missing.length} of ${all.length} points have a test`);
  if (missing.length === 0) return 0;
  console.log(`${style("red", "without one:")} ${missing.join(", ")}`);
  return 1;
});

async function readTitles(): Promise<ReadonlyMap<string, readonly string[]>> {
  const files = globSync("test/**/*.test.{ts,tsx}", { cwd: PROJECT, exclude: ["**/node_modules/**"] }).toSorted();
  return new Map(await Promise.all(files.map(async (file) => [file, await readTitlesOf(file)] as const)));
}

async function readTitlesOf(file: string): Promise<string[]> {
  return testTitles(file, await readFile(join(PROJECT, file), "utf8"));
}
