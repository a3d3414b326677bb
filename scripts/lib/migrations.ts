import { runAsAdmin, type DeploymentAdmin } from "../../server/deployment-admin.ts";
import { reportEntry } from "./terminal.ts";

/**
 * Has the deployment go on with the migrations that are not done: in the background, while it serves. One that fails again at once
 * is told; the functions cope with rows of both shapes, so nothing else depends on it.
 */
export async function startMigrations(admin: DeploymentAdmin): Promise<void> {
  await runAsAdmin(admin, "mutation", "migrations:runAll");
  for (const failure of failuresIn(await runAsAdmin(admin, "query", "migrations:status"))) {
    reportEntry({ level: "warn", message: `${failure} (the next start tries again)` });
  }
}

function failuresIn(status: unknown): string[] {
  if (!Array.isArray(status)) throw new Error(`this is no status of migrations: ${JSON.stringify(status)}`);
  return status.flatMap((one: unknown) => {
    if (typeof one !== "object" || one === null || !("state" in one) || one.state !== "failed") return [];
    const name = "name" in one ? String(one.name) : "?";
    const [error] = "error" in one ? String(one.error).split("\n") : [""];
    return [`the migration ${name} has failed: ${error}`];
  });
}
