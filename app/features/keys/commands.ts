/** The name under which the examples keep a key in the environment. */
export const ENV_NAME = "LATCHKEY_API_KEY";

/** The line for a `.env` file. */
export function envLine(key: string): string {
  return `${ENV_NAME}=${key}`;
}

/** Where the REST API lives. */
export function baseUrl(): string {
  return `${location.origin}/api/v1`;
}

/** A call that answers whose key it is: the shortest proof that a key works. */
export function curlWhoami(key: string): string {
  return `curl ${baseUrl()}/whoami -H "x-api-key: ${key}"`;
}
