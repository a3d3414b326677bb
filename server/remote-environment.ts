import { OperatorError } from "./operator-error.ts";
import type { RemoteDeployment } from "./remote-deployment.ts";

/**
 * Sets environment variables of a remote deployment over its own admin route. In the request's body, because the arguments of a
 * program are for every user of this machine to read. Throws an OperatorError when the deployment refuses.
 */
export async function setRemoteEnvironment(
  deployment: RemoteDeployment,
  variables: Readonly<Record<string, string>>,
): Promise<void> {
  const response = await fetch(new URL("/api/update_environment_variables", deployment.cloudUrl), {
    method: "POST",
    headers: { authorization: `Convex ${deployment.adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ changes: Object.entries(variables).map(([name, value]) => ({ name, value })) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) {
    throw new OperatorError(
      `the Convex deployment refuses the environment variables ${Object.keys(variables).join(", ")}: ${await response.text()}`,
      "set them with: npx convex env set",
    );
  }
}
