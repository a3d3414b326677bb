import type { AdminGate } from "../access/admin-key.ts";
import { isJsonObject, type JsonValue } from "../values/json.ts";
import { requireAdmin } from "./authenticate.ts";
import type { FunctionLog } from "./function-log.ts";
import { type BodyReading, readJsonBody } from "./request-body.ts";
import { sendJson } from "./respond.ts";
import type { RouteHandler, RouteTable } from "./route.ts";

/** The steps of a push and the change of variables; each takes and gives JSON and throws what the CLI should show. */
export interface DeploySteps {
  getConfigHashes(): unknown;
  startPush(body: JsonValue): unknown;
  waitForSchema(body: JsonValue): unknown;
  finishPush(body: JsonValue): unknown;
  evaluateSchema(body: JsonValue): unknown;
  reportPushCompleted(body: JsonValue): unknown;
  updateEnvironmentVariables(body: JsonValue): unknown;
}

export interface DeployRoutesOptions {
  readonly deploy: DeploySteps;
  readonly adminKey: AdminGate;
  readonly functionLog: FunctionLog;
  readonly cloudUrl: string;
  readonly siteUrl: string;
  readonly body: BodyReading;
}

/** What the CLI calls. Admin only, and never mounted on a public listener. */
export function deployRoutes(options: DeployRoutesOptions): RouteTable {
  const { deploy, adminKey, functionLog } = options;
  const step =
    (run: (body: JsonValue) => unknown): RouteHandler =>
    async ({ req, res }) => {
      const body = await readJsonBody(req, options.body);
      requireAdmin(req, body, adminKey);
      sendJson(res, 200, (await run(isJsonObject(body) ? body : {})) ?? null);
    };
  return new Map<string, RouteHandler>([
    ["POST /api/get_config_hashes", step(() => deploy.getConfigHashes())],
    ["POST /api/deploy2/start_push", step((body) => deploy.startPush(body))],
    ["POST /api/deploy2/wait_for_schema", step((body) => deploy.waitForSchema(body))],
    ["POST /api/deploy2/finish_push", step((body) => deploy.finishPush(body))],
    ["POST /api/deploy2/evaluate_schema", step((body) => deploy.evaluateSchema(body))],
    ["POST /api/deploy2/report_push_completed", step((body) => deploy.reportPushCompleted(body))],
    ["POST /api/update_environment_variables", step((body) => deploy.updateEnvironmentVariables(body))],
    [
      "GET /api/v1/get_canonical_urls",
      ({ req, res }) => {
        requireAdmin(req, null, adminKey);
        sendJson(res, 200, { convexCloudUrl: options.cloudUrl, convexSiteUrl: options.siteUrl });
      },
    ],
    [
      "GET /api/stream_function_logs",
      async ({ req, res, url }) => {
        requireAdmin(req, null, adminKey);
        const gone = new AbortController();
        res.once("close", () => gone.abort());
        const page = await functionLog.poll(Number(url.searchParams.get("cursor") ?? 0) || 0, gone.signal);
        sendJson(res, 200, page);
      },
    ],
  ]);
}
