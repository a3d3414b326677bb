import type { AuthProvider, ModuleSource } from "../functions/deployment.ts";
import { isJsonObject, type JsonValue } from "../values/json.ts";
import { messageOf } from "./component-definition.ts";
import { DeployError } from "./deploy-error.ts";
import { evaluationGraph } from "./evaluation-realm.ts";

export const AUTH_CONFIG_MODULE = "auth.config.js";

/**
 * The providers that `auth.config.ts` names; none without one. Throws AuthConfigMissingEnvironmentVariable when it reads a
 * variable that is not set, InvalidAuthConfig for everything else.
 */
export async function evaluateAuthConfig(
  sources: ReadonlyMap<string, ModuleSource>,
  environment: Readonly<Record<string, string>>,
): Promise<AuthProvider[]> {
  if (!sources.has(AUTH_CONFIG_MODULE)) return [];
  const missing: string[] = [];
  const graph = evaluationGraph({
    sources: [...sources.values()],
    environment: new Proxy(environment, {
      getOwnPropertyDescriptor: (target, name) => {
        const descriptor = Reflect.getOwnPropertyDescriptor(target, name);
        if (descriptor === undefined && typeof name === "string" && name !== "NODE_ENV") missing.push(name);
        return descriptor;
      },
    }),
  });
  try {
    const namespace = await graph.import(AUTH_CONFIG_MODULE);
    const config = namespace["default"];
    requireNone(missing);
    const copy: JsonValue = JSON.parse(JSON.stringify(config ?? null));
    return toAuthProviders(copy);
  } catch (error) {
    requireNone(missing);
    if (error instanceof DeployError) throw error;
    throw new DeployError("InvalidAuthConfig", `Couldn't evaluate ${AUTH_CONFIG_MODULE}: ${messageOf(error)}`);
  }
}

// Reading is enough: an issuer made of a missing variable is a text like any other and would be noticed by nobody.
function requireNone(missing: readonly string[]): void {
  const [name] = missing;
  if (name === undefined) return;
  throw new DeployError(
    "AuthConfigMissingEnvironmentVariable",
    `Environment variable ${name} is used in auth config file but its value was not set`,
  );
}

/** Decodes `{providers: […]}`. Throws InvalidAuthConfig. */
export function toAuthProviders(config: JsonValue): AuthProvider[] {
  if (!isJsonObject(config) || !Array.isArray(config["providers"])) {
    throw invalid("its default export has no list of providers");
  }
  return config["providers"].map(toProvider);
}

function toProvider(provider: JsonValue): AuthProvider {
  if (!isJsonObject(provider)) throw invalid("a provider is not an object");
  const { type, applicationID, domain, issuer, jwks, algorithm } = provider;
  if (type === "customJwt") {
    if (typeof issuer !== "string" || typeof jwks !== "string")
      throw invalid("a customJwt provider needs issuer and jwks");
    if (algorithm !== "RS256" && algorithm !== "ES256" && algorithm !== "EdDSA") {
      throw invalid(`the algorithm of a customJwt provider is RS256, ES256 or EdDSA, not ${JSON.stringify(algorithm)}`);
    }
    return { type, applicationID: typeof applicationID === "string" ? applicationID : null, issuer, jwks, algorithm };
  }
  if (typeof domain !== "string" || typeof applicationID !== "string") {
    throw invalid("a provider needs domain and applicationID");
  }
  return { applicationID, domain };
}

function invalid(reason: string): DeployError {
  return new DeployError("InvalidAuthConfig", `auth.config is invalid: ${reason}.`);
}
