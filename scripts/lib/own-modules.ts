/**
 * What of convex/ is Latchkey's: never callable under /api/run, whatever it exports. Everything else there is the team's.
 * A module that is added to Latchkey is added here; test/scripts/run-manifest.test.ts tells when one is missing.
 */
export const OWN_FOLDERS: readonly string[] = ["_generated", "api", "auth", "gateway", "model", "shared"];

export const OWN_MODULES: readonly string[] = [
  "allowances",
  "audit",
  "bulk",
  "credentials",
  "crons",
  "demo",
  "explain",
  "functions",
  "groups",
  "http",
  "imports",
  "invitations",
  "keys",
  "leaks",
  "leavers",
  "licenses",
  "members",
  "migrations",
  "organizations",
  "permissions",
  "policy",
  "repetitions",
  "retention",
  "roles",
  "run",
  "schema",
  "sessions",
  "tokens",
  "usage",
  "verification",
];
