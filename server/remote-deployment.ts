import { messageOf, OperatorError } from "./operator-error.ts";
import { createProxy, createUpgradeProxy } from "./proxy.ts";
import { pathOf } from "./routes.ts";
import { sendProblem, type Upstream } from "./upstream.ts";

/** A Convex deployment that runs elsewhere: self-hosted, or on Convex Cloud. */
export interface RemoteDeployment {
  readonly cloudUrl: URL;
  readonly adminKey: string;
  /** What the official CLI needs in its environment to choose this deployment. */
  readonly cliEnvironment: Record<string, string>;
}

type Environment = Record<string, string | undefined>;

// A browser's part of the API. The deploy and admin routes of a remote deployment are reached at the deployment itself.
const PUBLIC_ROUTES = new Set(
  ["query", "query_ts", "query_at_ts", "query_batch", "mutation", "action", "function"]
    .map((name) => `/api/${name}`)
    .concat("/version"),
);

/** What the official CLI needs in its environment to choose one self-hosted deployment or embedded backend, whatever .env files lie around. */
export function cliEnvironment(url: string, adminKey: string): Record<string, string> {
  return {
    CONVEX_SELF_HOSTED_URL: url,
    CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
    // Empty, not absent: the CLI would take an absent one from .env.local.
    CONVEX_DEPLOYMENT: "",
    CONVEX_DEPLOY_KEY: "",
  };
}

/**
 * Finds the remote deployment that the environment names, with the variables that Convex's own tools use, or null for the embedded
 * backend. Throws an OperatorError when only half of a pair is there or a key has no deployment in it.
 */
export function findRemoteDeployment(environment: Environment): RemoteDeployment | null {
  const {
    CONVEX_SELF_HOSTED_URL: url,
    CONVEX_SELF_HOSTED_ADMIN_KEY: adminKey,
    CONVEX_DEPLOY_KEY: deployKey,
  } = environment;
  if (isSet(url) !== isSet(adminKey)) {
    throw new OperatorError(
      `${isSet(url) ? "CONVEX_SELF_HOSTED_URL" : "CONVEX_SELF_HOSTED_ADMIN_KEY"} is set without its partner`,
      "set CONVEX_SELF_HOSTED_URL and CONVEX_SELF_HOSTED_ADMIN_KEY together, or neither to use the embedded backend",
    );
  }
  if (isSet(url) && isSet(adminKey)) {
    return {
      cloudUrl: parseUrl("CONVEX_SELF_HOSTED_URL", url),
      adminKey,
      cliEnvironment: cliEnvironment(url, adminKey),
    };
  }
  if (!isSet(deployKey)) return null;
  const name = /^(?:prod|dev|preview):([a-z0-9-]+)\|/.exec(deployKey)?.[1] ?? /^([a-z0-9-]+)\|/.exec(deployKey)?.[1];
  const cloudUrl = isSet(environment.CONVEX_URL) ? environment.CONVEX_URL : name && `https://${name}.convex.cloud`;
  if (!isSet(cloudUrl)) {
    throw new OperatorError("CONVEX_DEPLOY_KEY names no deployment", "set CONVEX_URL to the deployment's URL as well");
  }
  return {
    cloudUrl: parseUrl("CONVEX_URL", cloudUrl),
    adminKey: deployKey,
    cliEnvironment: {
      CONVEX_DEPLOY_KEY: deployKey,
      CONVEX_DEPLOYMENT: "",
      CONVEX_SELF_HOSTED_URL: "",
      CONVEX_SELF_HOSTED_ADMIN_KEY: "",
    },
  };
}

/**
 * Asks the deployment for the origin of its HTTP actions, which also shows that it is there and that the key opens it.
 * Throws an OperatorError otherwise.
 */
export async function siteUrlOf(deployment: RemoteDeployment): Promise<URL> {
  const route = new URL("/api/v1/get_canonical_urls", deployment.cloudUrl);
  let response: Response;
  try {
    response = await fetch(route, {
      headers: { authorization: `Convex ${deployment.adminKey}` },
      signal: AbortSignal.timeout(20_000),
    });
  } catch (error) {
    throw new OperatorError(
      `the Convex deployment at ${deployment.cloudUrl.origin} cannot be reached (${messageOf(error)})`,
      "check CONVEX_SELF_HOSTED_URL or CONVEX_URL, and that the deployment runs",
      { cause: error },
    );
  }
  if (response.status === 401 || response.status === 403) {
    throw new OperatorError(
      `the Convex deployment at ${deployment.cloudUrl.origin} refuses the key`,
      "check CONVEX_SELF_HOSTED_ADMIN_KEY or CONVEX_DEPLOY_KEY",
    );
  }
  const answer: unknown = await response.json().catch(() => null);
  if (
    typeof answer !== "object" ||
    answer === null ||
    !("convexSiteUrl" in answer) ||
    typeof answer.convexSiteUrl !== "string"
  ) {
    throw new OperatorError(
      `${deployment.cloudUrl.origin} does not answer like a Convex deployment (HTTP ${response.status})`,
      "check CONVEX_SELF_HOSTED_URL or CONVEX_URL",
    );
  }
  return parseUrl("the deployment's site URL", answer.convexSiteUrl);
}

/**
 * Puts a remote deployment behind our port, on the same paths as the embedded backend. The HTTP actions are shown the secret, by
 * which they believe us about the client's address.
 */
export function connectRemoteDeployment(deployment: RemoteDeployment, siteUrl: URL, proxySecret: string): Upstream {
  const api = createProxy(deployment.cloudUrl);
  return {
    ready: true,
    site: createProxy(siteUrl, proxySecret),
    api(request, response) {
      if (PUBLIC_ROUTES.has(pathOf(request.url))) api(request, response);
      else sendProblem(response, 404, "NOT_FOUND", "There is no such route on this origin.");
    },
    upgrade: createUpgradeProxy(deployment.cloudUrl),
    async [Symbol.asyncDispose]() {
      // Nothing is held between requests: open sockets belong to the listener.
    },
  };
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value !== "";
}

function parseUrl(name: string, text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new OperatorError(`${name} is not a URL: ${text}`, "it looks like https://convex.example.com");
  }
  return url;
}
