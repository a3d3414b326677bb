/**
 * Writes convex/run.gen.ts, by which the gateway knows what it may run for callers of /api/run: the public functions that
 * a team has added to convex/. `npm start` and `npm run dev` do it before every push, so this is for looking. With a
 * folder as its argument it does it for the project there.
 */
import { resolve } from "node:path";
import { PROJECT } from "./lib/program.ts";
import { updateRunManifest } from "./lib/run-manifest.ts";

const [folder = PROJECT] = process.argv.slice(2);
const { functions, leftOut } = await updateRunManifest(resolve(folder));
for (const [path, { kind, permission }] of Object.entries(functions))
  console.log(`${kind}  ${path}  takes ${permission}`);
for (const { path, why } of leftOut) console.error(`${path} cannot be called: ${why}`);
