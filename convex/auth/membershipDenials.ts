import { internal } from "../_generated/api.js";
import type { ActionCtx } from "../_generated/server.js";
import { noteDenial } from "../model/audit/denialNotes.ts";

/** Who tries what on which organization, which is named by id or slug. `path` is one of better-auth's routes. */
export type Attempt = { userId: string; organization: string; path: string };

/** Notes that better-auth refused a member of an organization something about it. Strangers are in nobody's trail. */
export async function noteMembershipDenial(
  ctx: ActionCtx,
  { userId, organization, path }: Attempt,
  request: { id: string; ip?: string; agent?: string },
): Promise<void> {
  const organizations = await ctx.runQuery(internal.sessions.organizationsOf, { userId });
  const own = organizations.find(
    ({ organizationId, slug }) => organizationId === organization || slug === organization,
  );
  if (own === undefined) return;
  const caller = { type: "user" as const, userId, organizationId: own.organizationId, request };
  const operation = path.slice(1).replaceAll("/", ".");
  await noteDenial(ctx, caller, { operation, code: "FORBIDDEN", target: null });
}
