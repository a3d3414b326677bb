/**
 * Everything of better-auth that is reachable under `/api/auth`, by method and path. better-auth and its plugins
 * bring some fifty routes more, which change accounts, sessions and organizations past the product's own rules, and
 * a new version may bring further ones: whatever is not here does not exist. Inviting, changing roles, removing and
 * leaving are operations of the public API, with its rules: better-auth's own know neither custom roles nor groups, and
 * want an address to be verified by mail.
 */
const AUTH_ROUTES: ReadonlySet<string> = new Set([
  "POST /sign-up/email",
  "POST /sign-in/email",
  "POST /sign-out",
  "GET /get-session",
  "GET /token",
  "GET /jwks",
  "POST /organization/create",
  "GET /organization/list",
  "POST /organization/set-active",
]);

const PREFIX = "/api/auth";

/** Whether better-auth is asked at all. The path is compared as it was sent: another spelling of it is another path. */
export function isAuthRoute(method: string, pathname: string): boolean {
  return pathname.startsWith(PREFIX) && AUTH_ROUTES.has(`${method} ${pathname.slice(PREFIX.length)}`);
}
