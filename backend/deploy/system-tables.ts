import type { TableSpec } from "../database/database.ts";

export const MODULES = "_modules";
export const DEPLOYMENTS = "_deployments";
export const ENVIRONMENT_VARIABLES = "_environment_variables";

/** Tables of the mount `_system` that deploying reads and writes. */
export const deployTables: readonly TableSpec[] = [
  // Source texts by their hash, shared by the definitions that have them. Written and deleted by the switch to a push.
  { name: MODULES, indexes: [{ name: "by_hash", fields: ["sha256"] }] },
  // One row, the live deployment without its module texts. Replaced by the switch to a push.
  { name: DEPLOYMENTS, indexes: [] },
  // One row per variable that was set on the deployment. Written by `env set` and `env remove`.
  { name: ENVIRONMENT_VARIABLES, indexes: [{ name: "by_name", fields: ["name"] }] },
];
