import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { messageOf, OperatorError } from "../../server/operator-error.ts";

/**
 * Parses a script's command line. `--help` and `-h` are always known; an unknown option or a stray word throws an OperatorError
 * that names it and exits with 2.
 */
export function parseOptions<Options extends ParseArgsOptionsConfig>(command: string, options: Options) {
  try {
    return parseArgs({
      args: process.argv.slice(2),
      options: { ...options, help: { type: "boolean", short: "h" } },
      allowPositionals: false,
    }).values;
  } catch (error) {
    throw new OperatorError(messageOf(error).split(". ")[0] ?? "", `${command} --help lists what there is`, {
      exitCode: 2,
    });
  }
}
