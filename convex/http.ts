import { ROUTABLE_HTTP_METHODS, httpRouter } from "convex/server";
import { httpAction } from "./_generated/server.js";
import { handle } from "./gateway/handle.ts";
import type { Serve } from "./gateway/handle.ts";
import { serveVerify, serveWhoami } from "./gateway/light.ts";
import { latchkeyError } from "./shared/errors.ts";

// Routing only. What a verification does not need is imported when the first request for it comes: zod and tRPC
// take tens of milliseconds to load, better-auth more.
const http = httpRouter();

const verify = serving(serveVerify);
const whoami = serving(serveWhoami);
const rest = serving(async (ctx, arrival) => await (await import("./gateway/rest.ts")).serveRest(ctx, arrival));
const document = serving(async () => await (await import("./gateway/rest.ts")).serveDocument());
const trpc = serving(async (ctx, arrival) => await (await import("./gateway/trpc.ts")).serveTrpc(ctx, arrival));
const session = serving(async (ctx, arrival) => await (await import("./gateway/auth.ts")).serveSession(ctx, arrival));
const jwks = serving(async (ctx) => await (await import("./gateway/jwks.ts")).serveJwks(ctx));
const run = serving(async (ctx, arrival) => await (await import("./gateway/run.ts")).serveRun(ctx, arrival));
const leaks = serving(async (ctx, arrival) => await (await import("./gateway/leaks.ts")).serveLeaks(ctx, arrival));
const nothing = serving(async () => {
  throw latchkeyError("NOT_FOUND", "Nothing is here. The operations are listed in /openapi.json.");
});

http.route({ path: "/api/v1/keys/verify", method: "POST", handler: verify });
http.route({ path: "/api/v1/whoami", method: "GET", handler: whoami });
http.route({ path: "/api/v1/leaks/github", method: "POST", handler: leaks });
http.route({ path: "/openapi.json", method: "GET", handler: document });
http.route({ path: "/.well-known/jwks.json", method: "GET", handler: jwks });

// Every method goes to its area, which answers one that it does not take as a problem; OPTIONS is answered by the edge.
for (const method of ROUTABLE_HTTP_METHODS) {
  http.route({ path: "/api/health", method, handler: rest });
  http.route({ pathPrefix: "/api/v1/", method, handler: rest });
  http.route({ pathPrefix: "/api/trpc/", method, handler: trpc });
  http.route({ pathPrefix: "/api/auth/", method, handler: session });
  http.route({ pathPrefix: "/api/run/", method, handler: run });
  http.route({ pathPrefix: "/", method, handler: nothing });
}

export default http;

function serving(serve: Serve) {
  return httpAction((ctx, request) => handle(ctx, request, serve));
}
