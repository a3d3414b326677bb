import type { Transaction } from "../database/database.ts";
import { SYSTEM_MOUNT } from "../functions/scheduled-jobs.ts";
import { WHOLE_INDEX } from "../values/ordered-key.ts";
import { isJsonObject, type JsonValue } from "../values/json.ts";
import { DeployError } from "./deploy-error.ts";
import { ENVIRONMENT_VARIABLES } from "./system-tables.ts";

export interface EnvironmentChange {
  readonly name: string;
  /** Null removes the variable. */
  readonly value: string | null;
}

const MAX_VARIABLES = 1000;
const MAX_VALUE_LENGTH = 64 * 1024;
const RESERVED: ReadonlySet<string> = new Set(["CONVEX_CLOUD_URL", "CONVEX_SITE_URL"]);

/** Decodes `{changes: [{name, value|null}]}`. Throws BadDeployRequest, InvalidEnvironmentVariable. */
export function decodeEnvironmentChanges(body: JsonValue): EnvironmentChange[] {
  const changes = isJsonObject(body) ? body["changes"] : null;
  if (!Array.isArray(changes)) throw new DeployError("BadDeployRequest", "The request names no changes.");
  return changes.map((change) => {
    const { name, value } = isJsonObject(change) ? change : {};
    if (typeof name !== "string" || (typeof value !== "string" && value !== null && value !== undefined)) {
      throw new DeployError("BadDeployRequest", "A change needs a name and a value.");
    }
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(name)) {
      throw invalid(`"${name}" is no name for a variable: use letters, digits and underscores, no digit first.`);
    }
    if (RESERVED.has(name)) throw invalid(`${name} is set by the deployment itself.`);
    if (typeof value === "string" && value.length > MAX_VALUE_LENGTH) {
      throw invalid(`The value of ${name} is longer than ${MAX_VALUE_LENGTH} characters.`);
    }
    return { name, value: value ?? null };
  });
}

/** The variables that were set on the deployment, by name. */
export function readEnvironment(tx: Transaction): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const { document } of tx.scan(SYSTEM_MOUNT, ENVIRONMENT_VARIABLES, "by_name", WHOLE_INDEX, "asc")) {
    const { name, value } = document.value;
    if (typeof name === "string" && typeof value === "string") variables[name] = value;
  }
  return variables;
}

/** Applies changes; what is set twice ends as the last one says. Throws InvalidEnvironmentVariable. */
export function writeEnvironment(tx: Transaction, changes: readonly EnvironmentChange[]): void {
  const rows = new Map<string, string>();
  for (const { document } of tx.scan(SYSTEM_MOUNT, ENVIRONMENT_VARIABLES, "by_name", WHOLE_INDEX, "asc")) {
    if (typeof document.value["name"] === "string") rows.set(document.value["name"], document.id);
  }
  for (const { name, value } of changes) {
    const row = rows.get(name);
    if (row !== undefined) tx.remove(SYSTEM_MOUNT, row);
    rows.delete(name);
    if (value !== null) rows.set(name, tx.insert(SYSTEM_MOUNT, ENVIRONMENT_VARIABLES, { name, value }));
  }
  if (rows.size > MAX_VARIABLES) throw invalid(`A deployment has at most ${MAX_VARIABLES} variables.`);
}

function invalid(message: string): DeployError {
  return new DeployError("InvalidEnvironmentVariable", message);
}
