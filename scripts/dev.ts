import { watch } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../server/operator-error.ts";
import { startLatchkey } from "./lib/latchkey.ts";
import { PROJECT } from "./lib/program.ts";
import { readStartOptions, START_OPTIONS_HELP } from "./lib/start-options.ts";
import { stopSignal } from "./lib/stop-signal.ts";
import { runScript, step, style } from "./lib/terminal.ts";

const HELP = `npm run dev: Latchkey that follows your edits

  A change in app/ shows in the browser at once; a change in convex/ is pushed at once.

  npm run dev -- [options]                        environment         default
${START_OPTIONS_HELP}`;

// Editors write a file in several steps; one push is enough for them.
const SETTLE_MS = 150;

await runScript(async () => {
  const options = readStartOptions("npm run dev --");
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  let ready = false;
  const stop = stopSignal(() => ready);
  const { createServer } = await import("vite");
  await using latchkey = await startLatchkey({
    ...options,
    async app(server) {
      const vite = await createServer({
        root: PROJECT,
        appType: "spa",
        server: { middlewareMode: true, hmr: { server } },
      });
      void stop.then(() => vite.close());
      return (request, response) => vite.middlewares(request, response);
    },
    progress: step,
  });
  const stopWatching = pushOnChange((signal) => latchkey.push(signal));
  ready = true;
  console.log(`
  Latchkey  ${style("bold", latchkey.url)}  ${style("dim", "watching app/ and convex/")}
  Data      ${options.dataFolder}
  Next      edit a file; Ctrl-C stops`);
  await stop;
  stopWatching();
  return 0;
});

/** Pushes convex/ some moments after each change, one push at a time; a failed one is printed and waits for the next change. */
function pushOnChange(push: (signal: AbortSignal) => Promise<void>): () => void {
  let timer: NodeJS.Timeout | undefined;
  let last = Promise.resolve();
  const stopping = new AbortController();
  const pushNow = async () => {
    const pushing = step("Pushing convex/");
    try {
      await push(stopping.signal);
      pushing.done();
    } catch (error) {
      if (stopping.signal.aborted) return;
      pushing.failed();
      console.error(messageOf(error));
    }
  };
  const watcher = watch(join(PROJECT, "convex"), { recursive: true }, (_event, file) => {
    if (file === null || file.includes("_generated") || file.endsWith(".gen.ts") || !/\.(ts|tsx|js|json)$/.test(file))
      return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      last = last.then(pushNow);
    }, SETTLE_MS);
  });
  return () => {
    clearTimeout(timer);
    watcher.close();
    stopping.abort();
  };
}
