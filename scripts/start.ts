import { relative } from "node:path";
import type { DeploymentAdmin } from "../server/deployment-admin.ts";
import { serveStaticFiles } from "../server/static-files.ts";
import { buildDashboard, DASHBOARD_FOLDER, isDashboardFresh } from "./lib/dashboard-build.ts";
import { fillDemo } from "./lib/demo.ts";
import { startLatchkey } from "./lib/latchkey.ts";
import { readStartOptions, START_OPTIONS_HELP } from "./lib/start-options.ts";
import { stopSignal } from "./lib/stop-signal.ts";
import { runScript, step, style } from "./lib/terminal.ts";

const HELP = `npm start: Latchkey on one port, dashboard, gateway and data

  npm start -- [options]                          environment         default
${START_OPTIONS_HELP}

  --demo         fill a demo organization with believable keys`;

await runScript(async () => {
  const options = readStartOptions("npm start --");
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  let ready = false;
  const stop = stopSignal(() => ready);
  if (!(await isDashboardFresh())) {
    const building = step("Building the dashboard");
    await buildDashboard();
    building.done();
  }
  await using latchkey = await startLatchkey({
    ...options,
    app: () => serveStaticFiles(DASHBOARD_FOLDER),
    progress: step,
  });
  const demo = options.demo ? await showDemo(latchkey.admin, options.dataFolder) : null;
  ready = true;
  console.log(`
  Latchkey  ${style("bold", latchkey.url)}
  Data      ${folderName(options.dataFolder)}  ${style("dim", "back it up; secrets.json in it opens everything")}
  Next      ${demo ?? "open the page, sign up, create your first key"}; Ctrl-C stops`);
  await stop;
  console.log("\nStopping: answering what is under way");
  return 0;
});

async function showDemo(admin: DeploymentAdmin, dataFolder: string): Promise<string> {
  const filling = step("Filling the demo organization");
  const { email, password } = await fillDemo(admin, dataFolder);
  filling.done();
  return `open the page, sign in as ${style("bold", email)} with ${style("bold", password ?? "the password it was made with")}`;
}

function folderName(folder: string): string {
  const short = relative(process.cwd(), folder);
  return short.startsWith("..") ? folder : `./${short}`;
}
