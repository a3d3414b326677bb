import { join, resolve } from "node:path";
import { loadSecrets } from "../server/data-folder.ts";
import { OperatorError } from "../server/operator-error.ts";
import { cliEnvironment, findRemoteDeployment } from "../server/remote-deployment.ts";
import { runConvex } from "./lib/push.ts";
import { readIfThere } from "./lib/read-if-there.ts";
import { runScript } from "./lib/terminal.ts";

const HELP = `npm run convex: the official Convex CLI against the running Latchkey

  npm run convex -- data keys                     the first rows of a table
  npm run convex -- env list                      the deployment's environment
  npm run convex -- codegen                       write convex/_generated again
  npm run convex -- run <module>:<function> '{}'  call a function
  npm run convex -- help                          everything it knows

LATCHKEY_DATA_DIR names the data folder of the Latchkey that is meant (./.latchkey).`;

await runScript(async () => {
  const args = process.argv.slice(2);
  if (args.length === 0 || args[0] === "--help" || args[0] === "-h") {
    console.log(HELP);
    return 0;
  }
  const { code } = await runConvex(args, await findEnvironment(), { show: true });
  return code;
});

async function findEnvironment(): Promise<Readonly<Record<string, string>>> {
  const remote = findRemoteDeployment(process.env);
  if (remote !== null) return remote.cliEnvironment;
  const dataFolder = resolve(process.env.LATCHKEY_DATA_DIR || ".latchkey");
  const noted: unknown = JSON.parse((await readIfThere(join(dataFolder, "backend.json"))) ?? "null");
  const url = typeof noted === "object" && noted !== null && "url" in noted ? noted.url : undefined;
  if (typeof url !== "string" || !(await answers(url))) {
    throw new OperatorError(
      `no Latchkey is running on the data folder ${dataFolder}`,
      "start it with npm start in another terminal, or name its folder in LATCHKEY_DATA_DIR",
    );
  }
  return cliEnvironment(url, loadSecrets(dataFolder).adminKey);
}

async function answers(url: string): Promise<boolean> {
  return await fetch(`${url}/version`, { signal: AbortSignal.timeout(5000) }).then(
    (response) => response.ok,
    () => false,
  );
}
