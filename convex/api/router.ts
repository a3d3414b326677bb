import { auditRouter } from "./routers/audit.ts";
import { explainCaller } from "./routers/explain.ts";
import { groupsRouter } from "./routers/groups.ts";
import { health } from "./routers/health.ts";
import { invitationsRouter } from "./routers/invitations.ts";
import { keysRouter } from "./routers/keys.ts";
import { leaksRouter } from "./routers/leaks.ts";
import { licensesRouter } from "./routers/licenses.ts";
import { membersRouter } from "./routers/members.ts";
import { organizationRouter } from "./routers/organization.ts";
import { permissionsRouter } from "./routers/permissions.ts";
import { policyRouter } from "./routers/policy.ts";
import { rolesRouter } from "./routers/roles.ts";
import { sessionsRouter } from "./routers/sessions.ts";
import { tokenRouter } from "./routers/token.ts";
import { usage } from "./routers/usage.ts";
import { whoami } from "./routers/whoami.ts";
import { router } from "./trpc.ts";

/** The public API. Every procedure is also a REST route, an operation of the document and a method of the SDK. */
export const appRouter = router({
  keys: keysRouter,
  permissions: permissionsRouter,
  roles: rolesRouter,
  groups: groupsRouter,
  licenses: licensesRouter,
  leaks: leaksRouter,
  members: membersRouter,
  invitations: invitationsRouter,
  organization: organizationRouter,
  audit: auditRouter,
  usage,
  policy: policyRouter,
  sessions: sessionsRouter,
  token: tokenRouter,
  whoami,
  explain: explainCaller,
  health,
});

export type AppRouter = typeof appRouter;
