/** Who answers a request path: the product's HTTP actions, the backend's public functions API, or the built dashboard. */
export type Destination = "site" | "api" | "app";

// Everything the product's http router owns. `/api/run` is the gateway's here; Convex's own route of that name stays on the
// backend's API listener.
const SITE_FOLDERS = ["/api/auth", "/api/v1", "/api/trpc", "/api/run", "/api/health", "/.well-known"];
const SYNC_PATH = /^\/api\/[^/]+\/sync$/;

/** Maps a path, without its query, to who answers it. Called for every request. */
export function destinationOf(path: string): Destination {
  if (path === "/openapi.json") return "site";
  for (const folder of SITE_FOLDERS) {
    if (path.startsWith(folder) && (path.length === folder.length || path[folder.length] === "/")) return "site";
  }
  return path.startsWith("/api/") || path === "/api" || path === "/version" ? "api" : "app";
}

/** Whether a WebSocket may be opened here: `/api/<client version>/sync`, the Convex clients' socket. */
export function isSyncPath(path: string): boolean {
  return SYNC_PATH.test(path);
}

/** The path of a request target: what stands before `?`. */
export function pathOf(target: string | undefined): string {
  if (target === undefined) return "/";
  const query = target.indexOf("?");
  return query === -1 ? target : target.slice(0, query);
}
