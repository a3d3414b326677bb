import { sendJson } from "./respond.ts";
import type { RouteHandler, RouteTable } from "./route.ts";

const INSTANCE_NAME = "convex-self-hosted";

/** Who this server is; asked by tools before anything else. */
export function serverRoutes(version: string): RouteTable {
  return new Map<string, RouteHandler>([
    ["GET /version", text(version)],
    ["GET /instance_name", text(INSTANCE_NAME)],
    ["GET /instance_version", text(version)],
    // Browsers report long disconnects here; there is nothing to be done with it, but a 404 would be logged there.
    ["POST /api/debug_event", ({ res }) => sendJson(res, 200, null)],
  ]);
}

function text(body: string): RouteHandler {
  return ({ res }) => {
    res.writeHead(200, { "content-type": "text/plain", "content-length": Buffer.byteLength(body) });
    res.end(body);
  };
}

/** Parts of the real API that this backend lacks, by path prefix, with what to say. */
export const MISSING_FEATURES: readonly { readonly prefix: string; readonly feature: string }[] = [
  { prefix: "/api/storage", feature: "File storage" },
  { prefix: "/api/export", feature: "Snapshot export" },
  { prefix: "/api/import", feature: "Snapshot import" },
  { prefix: "/api/perform_import", feature: "Snapshot import" },
  { prefix: "/api/streaming_import", feature: "Streaming import" },
  { prefix: "/api/document_deltas", feature: "Streaming export" },
  { prefix: "/api/list_snapshot", feature: "Streaming export" },
  { prefix: "/api/json_schemas", feature: "Streaming export" },
  { prefix: "/api/run_test_function", feature: "Running test functions" },
  { prefix: "/api/shapes2", feature: "Shape inference" },
  { prefix: "/api/deploy2/evaluate_push", feature: "Evaluating a push without starting it" },
  { prefix: "/api/v1/", feature: "The deployment management API" },
  { prefix: "/api/actions", feature: "The node action callback API" },
];
