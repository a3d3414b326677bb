import { join } from "node:path";
import { writePrivateFile } from "../../server/data-folder.ts";
import { runAsAdmin, type DeploymentAdmin } from "../../server/deployment-admin.ts";
import { readIfThere } from "./read-if-there.ts";

export interface DemoLogin {
  readonly email: string;
  /** Null when the demo was made from another data folder, which then has it. */
  readonly password: string | null;
}

/**
 * Has the deployment fill its demo organization, once, and answers who can sign in to look at it. The password is random; it is kept in
 * the data folder's demo.json, because the deployment tells it only when it makes the demo.
 */
export async function fillDemo(admin: DeploymentAdmin, dataFolder: string): Promise<DemoLogin> {
  const file = join(dataFolder, "demo.json");
  const made = decodeLogin(await runAsAdmin(admin, "action", "demo:seed"));
  if (made.password !== null) writePrivateFile(file, `${JSON.stringify(made, null, 2)}\n`);
  const kept = await readIfThere(file);
  return kept === null ? made : decodeLogin(JSON.parse(kept));
}

function decodeLogin(value: unknown): DemoLogin {
  if (typeof value === "object" && value !== null && "email" in value && typeof value.email === "string") {
    return {
      email: value.email,
      password: "password" in value && typeof value.password === "string" ? value.password : null,
    };
  }
  throw new Error(`this is no demo login: ${JSON.stringify(value)}`);
}
