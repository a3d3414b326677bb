import { existsSync } from "node:fs";
import { OperatorError } from "../../server/operator-error.ts";
import { runProgram } from "./program.ts";

const USUAL_PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/usr/bin/google-chrome-stable",
  "/snap/bin/chromium",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/** The browser that the tests drive: CHROMIUM_PATH, or one in the usual places; null when there is none. */
export function findChromium(): string | null {
  const named = process.env.CHROMIUM_PATH;
  if (named !== undefined && named !== "") {
    if (existsSync(named)) return named;
    throw new OperatorError(
      `CHROMIUM_PATH names ${named}, which is not there`,
      "unset it, or name a Chromium or Chrome binary",
    );
  }
  return USUAL_PLACES.find((place) => existsSync(place)) ?? null;
}

/** Installs Chromium with apt. Throws an OperatorError where that is not possible. */
export async function installChromium(): Promise<string> {
  const hint = "install Chromium or Chrome, or name its binary in CHROMIUM_PATH";
  if (process.getuid?.() !== 0) throw new OperatorError("there is no Chromium for the browser tests", hint);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  await runProgram("apt-get", ["update", "-q"], { env });
  const { code, output } = await runProgram("apt-get", ["install", "-y", "-q", "--no-install-recommends", "chromium"], {
    env,
  });
  const found = findChromium();
  if (found === null)
    throw new OperatorError(`apt-get install chromium ended with ${code}:\n${output.slice(-1000)}`, hint);
  return found;
}
