import { APIError } from "better-auth/api";
import { internal } from "../_generated/api.js";
import type { ActionCtx } from "../_generated/server.js";

// They name no organization: founding one and listing one's own is everybody's.
const WITHOUT_ORGANIZATION: ReadonlySet<string> = new Set(["/organization/create", "/organization/list"]);

/** The organization that a request to better-auth is about, by id or slug; null when it is about none. */
export function organizationOf(
  { path, body }: { path: string; body: unknown },
  activeOrganizationId: unknown,
): string | null {
  if (WITHOUT_ORGANIZATION.has(path)) return null;
  const { organizationId, organizationSlug } = readNames(body);
  const setsActive = path === "/organization/set-active";
  if (setsActive && organizationId === null) return null;
  // As better-auth chooses: what is named, else the session's active one.
  const organization = organizationId || (setsActive && organizationSlug) || activeOrganizationId;
  return typeof organization === "string" ? organization : null;
}

/**
 * Refuses a suspended member everything about the organization, with 403. To better-auth a suspended member is a
 * member, whose role permits no change but to whom it answers what it answers to any member.
 */
export async function refuseSuspended(
  ctx: ActionCtx,
  { userId, organization }: { userId: string; organization: string },
): Promise<void> {
  if (await ctx.runQuery(internal.sessions.isSuspended, { userId, organization })) {
    throw new APIError("FORBIDDEN", {
      code: "MEMBER_SUSPENDED",
      message: "You are suspended in this organization. Ask an admin of it.",
    });
  }
}

function readNames(body: unknown): { organizationId?: unknown; organizationSlug?: unknown } {
  return typeof body === "object" && body !== null ? body : {};
}
