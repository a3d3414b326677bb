import { chromium, type Browser } from "playwright-core";
import { findChromium } from "../../scripts/lib/chromium.ts";

/** Opens Chromium without a window. Throws when there is none on this machine. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error("there is no Chromium; npm test installs one, or set CHROMIUM_PATH");
  return await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });
}
