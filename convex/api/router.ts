import { auditRouter } from "./routers/audit.ts";
import { explainCaller } from "./routers/explain.ts";
import { health } from "./routers/health.ts";
import { keysRouter } from "./routers/keys.ts";
import { whoami } from "./routers/whoami.ts";
import { router } from "./trpc.ts";

/** The public API. Every procedure is also a REST route, an operation of the document and a method of the SDK. */
export const appRouter = router({ keys: keysRouter, audit: auditRouter, whoami, explain: explainCaller, health });

export type AppRouter = typeof appRouter;
