import { parseOptions } from "./lib/arguments.ts";
import { runChecks } from "./lib/checks.ts";
import { runScript, style } from "./lib/terminal.ts";

const HELP = `npm run check: formatting, lint, types and unused code, all of it

  npm run check                  look, change nothing; exits 1 if anything is wrong
  node_modules/.bin/oxfmt        put the formatting right`;

await runScript(async () => {
  if (parseOptions("npm run check --", {}).help === true) {
    console.log(HELP);
    return 0;
  }
  const results = await runChecks(({ name, passed, output, tookMs }) => {
    console.log(
      `${passed ? style("green", "✓") : style("red", "✗")} ${name}  ${style("dim", `${(tookMs / 1000).toFixed(1)} s`)}`,
    );
    if (!passed) console.log(output.trimEnd());
  });
  return results.every((result) => result.passed) ? 0 : 1;
});
