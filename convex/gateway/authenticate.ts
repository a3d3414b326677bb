import type { FunctionReturnType } from "convex/server";
import { internal } from "../_generated/api.js";
import type { ActionCtx } from "../_generated/server.js";
import type { Arrival, Identified } from "../api/context.ts";
import { findSessionUserId } from "../auth/findSession.ts";
import { findKey, refusalOf, useKey } from "../model/verifyKey.ts";
import type { Refusal } from "../model/verifyKey.ts";
import { latchkeyError, rateLimited } from "../shared/errors.ts";
import type { ErrorCode } from "../shared/errors.ts";
import { readCredential } from "./credential.ts";
import { requireOwnOrigin } from "./origins.ts";

type Organization = FunctionReturnType<typeof internal.sessions.organizationsOf>[number];

const REFUSALS: Record<Refusal, { code: ErrorCode; message: string }> = {
  REVOKED: {
    code: "KEY_REVOKED",
    message: "This key has been revoked. Ask an admin of the organization for a new one.",
  },
  EXPIRED: {
    code: "KEY_EXPIRED",
    message: "This key, or this secret of it, has expired. Use its newest secret or create a new key.",
  },
  DISABLED: {
    code: "KEY_DISABLED",
    message: "This key is disabled, or its owner is. Ask an admin of the organization to enable it.",
  },
};

/**
 * Finds out who calls and in which organization. Missing, malformed and unknown credentials get one answer,
 * UNAUTHENTICATED; only who holds the right secret learns that its key is revoked, expired or disabled.
 * Throws RATE_LIMITED once the key has spent its limit.
 */
export async function authenticate(ctx: ActionCtx, arrival: Arrival): Promise<Identified> {
  const { request } = arrival;
  const credential = readCredential(request.headers);
  requireOwnOrigin(credential, request);
  if (credential === null) throw unauthenticated();
  const wanted = request.headers.get("x-organization-id");
  if (credential.type === "key") return await authenticateKey(ctx, arrival, credential.key, wanted);
  const userId = await findSessionUserId(ctx, credential);
  if (userId === null) throw unauthenticated();
  return await authenticateUser(ctx, arrival, userId, wanted);
}

async function authenticateKey(
  ctx: ActionCtx,
  arrival: Arrival,
  text: string,
  wanted: string | null,
): Promise<Identified> {
  const key = await findKey(ctx, text);
  if (key === null) throw unauthenticated();
  const now = Date.now();
  const refusal = refusalOf(key, now);
  if (refusal !== null) throw latchkeyError(REFUSALS[refusal].code, REFUSALS[refusal].message);
  if (wanted !== null && wanted !== key.organizationId) {
    throw latchkeyError(
      "FORBIDDEN",
      "A key acts in its own organization only. Leave X-Organization-Id out, or send the id that the key belongs to.",
    );
  }
  const rate = await useKey(ctx, key, now, arrival);
  if (rate !== null && !rate.ok) throw rateLimited(rate);
  const { keyId, organizationId } = key;
  return { type: "key", caller: { type: "key", keyId, organizationId, request: toRequest(arrival) }, key, rate };
}

async function authenticateUser(
  ctx: ActionCtx,
  arrival: Arrival,
  userId: string,
  wanted: string | null,
): Promise<Identified> {
  const organizations = await ctx.runQuery(internal.sessions.organizationsOf, { userId });
  const { organizationId, role } = chooseOrganization(organizations, wanted);
  const caller = { type: "user" as const, userId, organizationId, request: toRequest(arrival) };
  return { type: "user", caller, userId, role, rate: null };
}

/** By id or slug when one is named; the only one when there is only one. A foreign one looks as if missing. */
function chooseOrganization(organizations: Organization[], wanted: string | null): Organization {
  if (wanted !== null) {
    const chosen = organizations.find(({ organizationId, slug }) => organizationId === wanted || slug === wanted);
    if (chosen !== undefined) return chosen;
    throw latchkeyError("NOT_FOUND", "You are in no organization of that id or slug. Check X-Organization-Id.");
  }
  const [only, ...others] = organizations;
  if (only !== undefined && others.length === 0) return only;
  throw latchkeyError(
    "ORGANIZATION_REQUIRED",
    only === undefined
      ? "You are in no organization yet. Create one or accept an invitation."
      : "You are in several organizations. Name one by id or slug in X-Organization-Id.",
  );
}

function toRequest({ traceId, ip, agent }: Arrival): { id: string; ip?: string; agent?: string } {
  return { id: traceId, ...(ip !== null && { ip }), ...(agent !== null && { agent }) };
}

/** One answer for everything that is no credential of ours, so that trying teaches nothing. */
function unauthenticated(): Error {
  return latchkeyError(
    "UNAUTHENTICATED",
    "Send a valid key in x-api-key, or a key or session token in Authorization: Bearer.",
  );
}
