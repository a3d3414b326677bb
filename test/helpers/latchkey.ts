import { rm } from "node:fs/promises";
import { startLatchkey, type LatchkeyOptions } from "../../scripts/lib/latchkey.ts";
import { DASHBOARD_FOLDER } from "../../scripts/lib/dashboard-build.ts";
import { serveStaticFiles } from "../../server/static-files.ts";
import { copyTemplate } from "./template.ts";

export interface TestLatchkey extends AsyncDisposable {
  /** The public origin: dashboard, gateway, sync socket. */
  readonly url: string;
  readonly dataFolder: string;
  /** The environment with which the official CLI reaches the deployment. */
  readonly cli: Readonly<Record<string, string>>;
}

/**
 * Starts the whole product in this process, on a free port and a data folder of its own, with everything pushed. `dashboard: true`
 * serves the dashboard too, which the global setup of the app and flows projects builds. Disposing it removes the folder unless `keep` is set.
 */
export async function startTestLatchkey(
  options: { dashboard?: boolean; keep?: boolean } & Partial<LatchkeyOptions> = {},
): Promise<TestLatchkey> {
  const { dashboard = false, keep = false, ...rest } = options;
  const dataFolder = options.dataFolder ?? (await copyTemplate());
  const latchkey = await startLatchkey({
    host: "127.0.0.1",
    port: 0,
    remote: null,
    app: async () =>
      dashboard ? await serveStaticFiles(DASHBOARD_FOLDER) : (_request, response) => void response.end(),
    progress: () => ({ done() {} }),
    ...rest,
    dataFolder,
  });
  return {
    url: latchkey.url,
    cli: latchkey.cli,
    dataFolder,
    async [Symbol.asyncDispose]() {
      await latchkey[Symbol.asyncDispose]();
      if (!keep) await rm(dataFolder, { recursive: true, force: true });
    },
  };
}
