import type { FunctionReturnType } from "convex/server";
import { internal } from "../_generated/api.js";
import type { Id } from "../_generated/dataModel.js";
import type { ActionCtx } from "../_generated/server.js";
import type { Arrival, Identified } from "../api/context.ts";
import { findSession } from "../auth/findSession.ts";
import type { LiveSession } from "../auth/findSession.ts";
import { noteDenial } from "../model/audit/denialNotes.ts";
import { isAllowedFrom, refusalOf } from "../model/verification/judgement.ts";
import type { Clock, Refusal } from "../model/verification/judgement.ts";
import { takeUse, tighterRate } from "../model/verification/spending.ts";
import type { Spent } from "../model/verification/spending.ts";
import { findKey, readClock } from "../model/verification/verifyKey.ts";
import { parseAddress } from "../shared/cidr.ts";
import type { KeyState } from "../model/verification/keyStates.ts";
import { latchkeyError, missingKey, rateLimited, usageExceeded } from "../shared/errors.ts";
import type { ErrorCode } from "../shared/errors.ts";
import { readCredential } from "./credential.ts";
import type { Credential } from "./credential.ts";
import { noteFailure, noteGood, requireCalm } from "./failedCredentials.ts";
import { requireOwnOrigin } from "./origins.ts";

type Organization = FunctionReturnType<typeof internal.sessions.organizationsOf>[number];

/** Who a credential is of. A key has its organization; a person may have several, or none. */
export type Bearer = Extract<Identified, { type: "key" }> | ({ type: "user" } & LiveSession);

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
  NOT_YET_VALID: {
    code: "KEY_NOT_YET_VALID",
    message: "This key is not valid yet. Its record says from when on it is.",
  },
};

/**
 * Finds out who calls and in which organization: `findBearer`, then `placeBearer`. `ownKeyId` is the key that the
 * call is about, for the operations that its owner keeps after leaving.
 */
export async function authenticate(ctx: ActionCtx, arrival: Arrival, ownKeyId?: string): Promise<Identified> {
  const bearer = await findBearer(ctx, arrival);
  return bearer.type === "key" ? bearer : await placeBearer(ctx, arrival, bearer, ownKeyId);
}

/**
 * Whose credential the request carries; a key's is then used once. Missing, malformed and unknown credentials get
 * one answer, UNAUTHENTICATED; only who holds the right secret learns that its key is revoked, expired or
 * disabled. Throws RATE_LIMITED and USAGE_EXCEEDED once the key has spent its limits, and RATE_LIMITED, whatever the
 * credential is, to an address that has shown too many that are none.
 */
export async function findBearer(ctx: ActionCtx, arrival: Arrival): Promise<Bearer> {
  const { request } = arrival;
  const credential = readCredential(request.headers);
  requireOwnOrigin(credential, request);
  if (credential === null) throw unauthenticated();
  requireCalm(arrival.ip, credential, Date.now());
  const bearer =
    credential.type === "key"
      ? await admit(ctx, arrival, await findKey(ctx, credential.key))
      : await findBearerOf(ctx, arrival, credential);
  noteGood(arrival.ip, credential);
  return bearer;
}

/** The person's session that the request carries; null for a key. Throws like `findBearer`. */
export async function findPerson(ctx: ActionCtx, arrival: Arrival): Promise<LiveSession | null> {
  return toPerson(await findBearer(ctx, arrival));
}

export function toPerson(bearer: Bearer): LiveSession | null {
  return bearer.type === "user" ? { sessionId: bearer.sessionId, userId: bearer.userId } : null;
}

async function findBearerOf(
  ctx: ActionCtx,
  arrival: Arrival,
  credential: Exclude<Credential, { type: "key" }>,
): Promise<Bearer> {
  if (credential.type === "token") return await admitToken(ctx, arrival, credential.token);
  const session = await findSession(ctx, credential);
  if (session !== null) return { type: "user", ...session };
  // A bearer of another shape may also be an imported key.
  if (credential.type === "session") return await admit(ctx, arrival, await findKey(ctx, credential.token));
  throw unknownCredential(arrival);
}

/**
 * The bearer in the organization that the call is for. A person's is the one that X-Organization-Id names, or the
 * only one; for a personal key of theirs it is the key's, of which they need not be a member any more.
 */
export async function placeBearer(
  ctx: ActionCtx,
  arrival: Arrival,
  bearer: Bearer,
  ownKeyId?: string,
): Promise<Identified> {
  if (bearer.type === "key") return bearer;
  const { userId } = bearer;
  const wanted = arrival.request.headers.get("x-organization-id");
  const own = ownKeyId === undefined ? null : await findOwnOrganization(ctx, { userId, keyId: ownKeyId, wanted });
  const { organizationId, role } = own ?? (await findOrganization(ctx, { userId, wanted, ownKeyId }));
  const caller = { type: "user" as const, userId, organizationId, request: toRequest(arrival) };
  const grants = await ctx.runQuery(internal.sessions.grantsIn, { userId, organizationId });
  return { type: "user", caller, userId, role, grants, rate: null };
}

/** Lets in the key that a credential led to, which counts as one use of it, or says why not. */
async function admit(
  ctx: ActionCtx,
  arrival: Arrival,
  key: KeyState | null,
): Promise<Extract<Identified, { type: "key" }>> {
  if (key === null) throw unknownCredential(arrival);
  const now = Date.now();
  arrival.notes.key = key;
  const { keyId, organizationId, secretVersion } = key;
  const caller = { type: "key" as const, keyId, organizationId, secretVersion, request: toRequest(arrival) };
  const wanted = arrival.request.headers.get("x-organization-id");
  const isOwn = wanted === null || wanted === organizationId || (await isSlugOf(ctx, organizationId, wanted));
  const clock = readClock(ctx, key, now);
  const refusal = whyRefused(key, "now" in clock ? clock : await clock, { isOwn, ip: arrival.ip });
  if (refusal !== null) {
    const operation = arrival.notes.operation ?? "authenticate";
    await noteDenial(ctx, caller, { operation, code: refusal.code, target: { kind: "key", id: keyId } });
    throw latchkeyError(refusal.code, refusal.message);
  }
  const taking = takeUse(ctx, key, { cost: 1, at: now });
  const use = "spent" in taking ? taking : await taking;
  if (use.spent !== null) throw toError(use.spent, now);
  arrival.notes.isAdmitted = true;
  return { type: "key", caller, key, left: use.left, rate: tighterRate(use.left) };
}

async function isSlugOf(ctx: ActionCtx, organizationId: Id<"organization">, text: string): Promise<boolean> {
  return text === (await ctx.runQuery(internal.organizations.slug, { organizationId }));
}

/**
 * Why a key of which the right secret was shown is refused all the same, or null. `isOwn`: the call names the key's own
 * organization, or none.
 */
function whyRefused(
  key: KeyState,
  clock: Clock,
  { isOwn, ip }: { isOwn: boolean; ip: string | null },
): { code: ErrorCode; message: string } | null {
  const refusal = refusalOf(key, clock);
  if (refusal !== null) return REFUSALS[refusal];
  if (!isOwn) {
    const message =
      "A key acts in its own organization only. Leave X-Organization-Id out, or send the id or slug of the one that the key belongs to.";
    return { code: "FORBIDDEN", message };
  }
  // Before the use is counted: a call from elsewhere must not spend the limit of who holds the key rightly.
  if (key.cidrs.length === 0 || isAllowedFrom(key, ip === null ? null : parseAddress(ip))) return null;
  const message = "This key may not be used from this address. Ask an admin of the organization.";
  return { code: "FORBIDDEN", message };
}

/** No limit is below one use, so a cost of one is never too high. */
function toError(spent: Spent, now: number): Error {
  if (spent.code === "RATE_LIMITED") return rateLimited(spent.rateLimit, spent.reason);
  const { limit = 0, remaining = 0, refillAt = null } = spent.quota ?? {};
  return usageExceeded({ limit, remaining, retryAfterMs: refillAt === null ? null : refillAt - now });
}

/** Lets in the key that an exchange token is of, cut to what the token carries. */
async function admitToken(
  ctx: ActionCtx,
  arrival: Arrival,
  text: string,
): Promise<Extract<Identified, { type: "key" }>> {
  // Loads jose, which no other credential needs.
  const { findToken } = await import("../model/tokens/tokens.ts");
  const token = await findToken(ctx, text);
  if (token === null) throw unknownCredential(arrival);
  const { key, narrowedTo, narrowedUntil } = token;
  const identified = await admit(ctx, arrival, key);
  return { ...identified, caller: { ...identified.caller, narrowedTo, narrowedUntil } };
}

async function findOrganization(
  ctx: ActionCtx,
  { userId, wanted, ownKeyId }: { userId: Id<"user">; wanted: string | null; ownKeyId: string | undefined },
): Promise<Organization> {
  const organizations = await ctx.runQuery(internal.sessions.organizationsOf, { userId });
  // Of somebody who is nowhere a member, a key that is not their own is a foreign one wherever it is.
  if (ownKeyId !== undefined && organizations.length === 0) throw missingKey();
  return chooseOrganization(organizations, wanted);
}

/** The organization of the user's personal key, unless the call names another one. */
async function findOwnOrganization(
  ctx: ActionCtx,
  { userId, keyId, wanted }: { userId: Id<"user">; keyId: string; wanted: string | null },
): Promise<{ organizationId: Id<"organization">; role: string } | null> {
  const own = await ctx.runQuery(internal.sessions.organizationOfOwnKey, { userId, keyId });
  return own === null || (wanted !== null && wanted !== own.organizationId && wanted !== own.slug) ? null : own;
}

/** By id or slug when one is named; the only one when there is only one. A foreign one looks as if missing. */
function chooseOrganization(organizations: Organization[], wanted: string | null): Organization {
  if (wanted !== null) {
    // An id is nobody's to choose, so it comes first: a slug may look like another organization's id.
    const chosen =
      organizations.find(({ organizationId }) => organizationId === wanted) ??
      organizations.find(({ slug }) => slug === wanted);
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
  const request: { id: string; ip?: string; agent?: string } = { id: traceId };
  if (ip !== null) request.ip = ip;
  if (agent !== null) request.agent = agent;
  return request;
}

function unknownCredential({ ip }: Arrival): Error {
  noteFailure(ip, Date.now());
  return unauthenticated();
}

/** One answer for everything that is no credential of ours, so that trying teaches nothing. */
function unauthenticated(): Error {
  return latchkeyError(
    "UNAUTHENTICATED",
    "Send a valid key in x-api-key, or a key, exchange token or session token in Authorization: Bearer.",
  );
}
