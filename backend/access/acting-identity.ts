import type { Identity } from "../values/identity.ts";
import { isJsonObject } from "../values/json.ts";
import { AccessError } from "./access-error.ts";

/**
 * The identity an admin wants to act as. Missing parts of the token identifier are derived from each other as the clients do.
 *
 * @throws AccessError 400 when there is no issuer and subject to be found.
 */
export function decodeIdentity(json: unknown): Identity {
  if (!isJsonObject(json)) throw invalid("it is no object");
  const { subject, issuer } = json;
  if (typeof subject !== "string") throw invalid("subject is missing");
  if (typeof issuer !== "string") throw invalid("issuer is missing");
  const tokenIdentifier = json["tokenIdentifier"];
  return {
    ...json,
    subject,
    issuer,
    tokenIdentifier: typeof tokenIdentifier === "string" ? tokenIdentifier : `${issuer}|${subject}`,
  };
}

function invalid(reason: string): AccessError {
  return new AccessError(400, "BadActingIdentity", `The acting identity is invalid: ${reason}.`);
}
