import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { KEY_PATTERN_SOURCE } from "#convex/shared/keyFormat.ts";
import { messageOf, OperatorError } from "../../server/operator-error.ts";

/**
 * Parses a script's command line. `--help` and `-h` are always known; an unknown option or a stray word throws an OperatorError
 * that names it and exits with 2; one that carries a secret throws one that does not repeat it.
 */
export function parseOptions<Options extends ParseArgsOptionsConfig>(command: string, options: Options) {
  const given = process.argv.slice(2);
  refuseSecrets(given);
  try {
    return parseArgs({
      args: given,
      options: { ...options, help: { type: "boolean", short: "h" } },
      allowPositionals: false,
    }).values;
  } catch (error) {
    throw new OperatorError(messageOf(error).split(". ")[0] ?? "", `${command} --help lists what there is`, {
      exitCode: 2,
    });
  }
}

const NAMED_SECRET = /^--?[\w-]*(?:key|secret|token|password)(?:=|$)/i;
const KEY = new RegExp(KEY_PATTERN_SOURCE);

/** A command line stays in the shell's history, and every user of the machine can read it while the program runs. */
function refuseSecrets(given: readonly string[]): void {
  if (!given.some((argument) => NAMED_SECRET.test(argument) || KEY.test(argument))) return;
  throw new OperatorError(
    "secrets are not taken from the command line, where others can read them",
    "set them in the environment, as --help lists, and replace one that was typed here",
    { exitCode: 2 },
  );
}
