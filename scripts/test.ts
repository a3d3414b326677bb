import { findChromium, installChromium } from "./lib/chromium.ts";
import { runChecks } from "./lib/checks.ts";
import { runScript, step, style } from "./lib/terminal.ts";
import { runTests } from "./lib/test-run.ts";

const HELP = `npm test: every check and every test

  npm test                           what CI runs; the last line is "N passed, N failed"
  npm test -- <words for vitest>     without the checks, for example: npm test -- test/server
                                     or: npm test -- --project flows -t "main job"

CHROMIUM_PATH names the browser; without it the usual places are looked at, and root gets it by apt.`;

await runScript(async () => {
  const args = process.argv.slice(2);
  if (args.includes("--help") || args.includes("-h")) {
    console.log(HELP);
    return 0;
  }
  const browser = findChromium();
  if (browser === null) {
    const installing = step("Installing Chromium for the browser tests");
    process.env.CHROMIUM_PATH = await installChromium();
    installing.done();
  } else {
    process.env.CHROMIUM_PATH = browser;
  }

  let failedChecks = 0;
  if (args.length === 0) {
    await runChecks(({ name, passed, output, tookMs }) => {
      console.log(
        `${passed ? style("green", "✓") : style("red", "✗")} ${name}  ${style("dim", `${(tookMs / 1000).toFixed(1)} s`)}`,
      );
      if (passed) return;
      failedChecks += 1;
      console.log(output.trimEnd());
    });
  }
  const totals = await runTests(args);
  const failed = totals.failed + failedChecks;
  console.log("");
  if (failedChecks > 0) console.log(`${failedChecks} of the checks failed; their output is at the top`);
  if (totals.skipped > 0) console.log(`${totals.skipped} skipped`);
  console.log(`${totals.passed} passed, ${failed} failed`);
  return failed === 0 && totals.passed > 0 ? 0 : 1;
});
