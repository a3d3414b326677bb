import { isJsonObject, type JsonObject, type JsonValue } from "#backend/values/json.ts";
import { type AppSources, bundledApp } from "../deploy/bundled-app.ts";

/** Deploys source texts over HTTP, in the steps that the CLI takes. */
export async function pushTo(apiUrl: string, adminKey: string, sources: AppSources): Promise<void> {
  const post = async (route: string, body: JsonObject): Promise<JsonObject> => {
    const response = await fetch(`${apiUrl}/api/deploy2/${route}`, {
      method: "POST",
      body: JSON.stringify({ ...body, adminKey }),
    });
    const answer: unknown = await response.json();
    if (!response.ok || !isJsonObject(answer)) throw new Error(`${route}: ${JSON.stringify(answer)}`);
    return answer;
  };
  const started = await post("start_push", await bundledApp(sources));
  const schemaChange: JsonValue = started["schemaChange"] ?? null;
  for (;;) {
    const { type, ...rest } = await post("wait_for_schema", { schemaChange, timeoutMs: 10_000 });
    if (type === "complete") break;
    if (type !== "inProgress") throw new Error(JSON.stringify(rest));
  }
  await post("finish_push", { startPush: started, dryRun: false });
}
