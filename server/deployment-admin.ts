import { OperatorError } from "./operator-error.ts";

/** Where a deployment's whole API is, and the key that opens its admin routes. */
export interface DeploymentAdmin {
  readonly cloudUrl: URL;
  readonly adminKey: string;
}

/**
 * Sets environment variables of a deployment (null removes one) over its own admin route: in the request's body, because the
 * arguments of a program are for every user of this machine to read. Throws an OperatorError when the deployment refuses.
 */
export async function setDeploymentEnvironment(
  deployment: DeploymentAdmin,
  variables: Readonly<Record<string, string | null>>,
): Promise<void> {
  const response = await fetch(new URL("/api/update_environment_variables", deployment.cloudUrl), {
    method: "POST",
    headers: { authorization: `Convex ${deployment.adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ changes: Object.entries(variables).map(([name, value]) => ({ name, value })) }),
    signal: AbortSignal.timeout(30_000),
  });
  if (!response.ok) {
    throw new OperatorError(
      `the deployment refuses the environment variables ${Object.keys(variables).join(", ")}: ${await response.text()}`,
      "see what it has with: npm run convex -- env list",
    );
  }
}

/** Whether a variable is set on the deployment. Throws when the deployment does not say. */
export async function hasDeploymentVariable(deployment: DeploymentAdmin, name: string): Promise<boolean> {
  // The query that the official CLI asks. Of `convex env get`, exit code and output do not tell a missing one from a set one.
  return (await runAsAdmin(deployment, "query", "_system/cli/queryEnvironmentVariables:get", { name })) !== null;
}

/** Calls any function of a deployment, internal ones included, and answers its value. Throws with its message when it fails. */
export async function runAsAdmin(
  deployment: DeploymentAdmin,
  kind: "query" | "mutation" | "action",
  path: string,
  args: Readonly<Record<string, unknown>> = {},
): Promise<unknown> {
  const response = await fetch(new URL(`/api/${kind}`, deployment.cloudUrl), {
    method: "POST",
    headers: { authorization: `Convex ${deployment.adminKey}`, "content-type": "application/json" },
    body: JSON.stringify({ path, args, format: "json" }),
  });
  const answer: unknown = await response.json();
  if (typeof answer === "object" && answer !== null && "value" in answer) return answer.value;
  throw new Error(`${path} failed: ${JSON.stringify(answer)}`);
}
