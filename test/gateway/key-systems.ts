import { apiKey } from "@better-auth/api-key";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { internal } from "#convex/_generated/api.js";
import type { Engine } from "../convex/engines.ts";
import { openWorld, textOf } from "./world.ts";

const HOUR_MS = 60 * 60 * 1000;
const REFILL_MS = { hour: HOUR_MS, day: 24 * HOUR_MS };
const REFILLS = { hour: "hourly", day: "daily", ever: "never" };

/** What somebody may want of a key, in words that both systems have. */
export interface Wish {
  readonly name?: string;
  /** Without a separator at its end. */
  readonly prefix?: string;
  readonly lifetimeMs?: number;
  /** Uses; with `every`, all of them again each time. */
  readonly quota?: { readonly uses: number; readonly every?: keyof typeof REFILL_MS };
  readonly rate?: { readonly limit: number; readonly windowMs: number };
  readonly metadata?: unknown;
  readonly permissions?: readonly string[];
  readonly enabled?: boolean;
}

export type Verdict = {
  readonly good: boolean;
  /** Why it is not: null for a good one. */
  readonly why: "unknown" | "disabled" | "expired" | "used up" | "too fast" | "other" | null;
  readonly usesLeft: number | null;
  readonly metadata: unknown;
  /** Until it is worth another try, where the verdict says so. */
  readonly waitMs: number | null;
};

/** What the users of a key system do with it. */
export interface KeySystem extends AsyncDisposable {
  /** Null when the wish is refused. */
  create(wish: Wish): Promise<{ id: string; key: string } | null>;
  verify(key: string, permissions?: readonly string[]): Promise<Verdict>;
  /** Whether it was done. */
  change(id: string, wish: Wish): Promise<boolean>;
  /** Makes an end of a key and its record. */
  remove(id: string): Promise<void>;
  /** All that is told of a key; null when there is none. */
  look(id: string): Promise<Record<string, unknown> | null>;
  /** What is told of a key's use without using it; null for nothing, or no limit. */
  standing(id: string): Promise<{ usesLeft: number | null; lastUsedAt: number | null }>;
  /** The ids of keys, newest first, `limit` of them from the one at `offset` on. */
  list(limit: number, offset?: number): Promise<string[]>;
}

/** better-auth with its API-key plugin, in memory, with every feature on that its documentation has. */
export async function openPeer(): Promise<KeySystem> {
  const auth = betterAuth({
    database: memoryAdapter({ user: [], session: [], account: [], verification: [], apikey: [] }),
    baseURL: "http://localhost",
    secret: "a secret that only these tests know, and long",
    emailAndPassword: { enabled: true },
    telemetry: { enabled: false },
    // It logs every key that it refuses.
    logger: { disabled: true },
    plugins: [apiKey({ enableMetadata: true, requireName: true })],
  });
  const { headers: signedUp, response } = await auth.api.signUpEmail({
    body: { email: "ada@example.com", password: "correct horse battery", name: "Ada" },
    returnHeaders: true,
  });
  const userId = response.user.id;
  const cookie = signedUp.getSetCookie().map((line) => line.split(";")[0]);
  const headers = new Headers({ cookie: cookie.join("; ") });

  return {
    async create(wish) {
      const body = { userId, ...toPeer(wish), ...(wish.rate === undefined && { rateLimitEnabled: false }) };
      const made = await unlessRefused(auth.api.createApiKey({ body }));
      return made && { id: made.id, key: made.key };
    },
    async verify(key, permissions) {
      const {
        valid,
        error,
        key: found,
      } = await auth.api.verifyApiKey({
        body: { key, ...(permissions !== undefined && { permissions: toStatements(permissions) }) },
      });
      const details = error !== null && "details" in error ? error.details : undefined;
      return {
        good: valid,
        why: valid ? null : (PEER_REASONS[String(error?.code)] ?? "other"),
        usesLeft: found?.remaining ?? null,
        metadata: found?.metadata ?? null,
        waitMs: details === undefined ? null : Number(Object.values(Object(details))[0]),
      };
    },
    change: async (id, wish) =>
      (await unlessRefused(auth.api.updateApiKey({ body: { keyId: id, userId, ...toPeer(wish) } }))) !== null,
    remove: async (id) => void (await auth.api.deleteApiKey({ body: { keyId: id }, headers })),
    look: async (id) => (await unlessRefused(auth.api.getApiKey({ query: { id }, headers }))) ?? null,
    async standing(id) {
      const { remaining, lastRequest } = await auth.api.getApiKey({ query: { id }, headers });
      return { usesLeft: remaining, lastUsedAt: lastRequest?.getTime() ?? null };
    },
    async list(limit, offset = 0) {
      const query = { limit, offset, sortBy: "createdAt", sortDirection: "desc" as const };
      return (await auth.api.listApiKeys({ query, headers })).apiKeys.map(({ id }) => id);
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

const PEER_REASONS: Record<string, Verdict["why"]> = {
  INVALID_API_KEY: "unknown",
  KEY_NOT_FOUND: "unknown",
  KEY_DISABLED: "disabled",
  KEY_EXPIRED: "expired",
  USAGE_EXCEEDED: "used up",
  RATE_LIMITED: "too fast",
};

function toPeer({ prefix, lifetimeMs, quota, rate, metadata, permissions, ...rest }: Wish) {
  return {
    ...rest,
    ...(prefix !== undefined && { prefix: `${prefix}_` }),
    ...(lifetimeMs !== undefined && { expiresIn: lifetimeMs / 1000 }),
    ...(quota !== undefined && { remaining: quota.uses }),
    ...(quota?.every !== undefined && { refillAmount: quota.uses, refillInterval: REFILL_MS[quota.every] }),
    ...(rate !== undefined && { rateLimitEnabled: true, rateLimitMax: rate.limit, rateLimitTimeWindow: rate.windowMs }),
    ...(metadata !== undefined && { metadata }),
    ...(permissions !== undefined && { permissions: toStatements(permissions) }),
  };
}

/** `orders:read` as `{ orders: ["read"] }`. */
function toStatements(permissions: readonly string[]): Record<string, string[]> {
  const statements: Record<string, string[]> = {};
  for (const permission of permissions) {
    const [resource = "", action = ""] = permission.split(":");
    (statements[resource] ??= []).push(action);
  }
  return statements;
}

/** Null for a refusal; whatever else goes wrong is thrown on. */
async function unlessRefused<Value>(work: Promise<Value>): Promise<Value | null> {
  try {
    return await work;
  } catch (error) {
    // By shape: the plugin brings a copy of the class of its own.
    if (error instanceof Error && "statusCode" in error && Number(error.statusCode) < 500) return null;
    throw error;
  }
}

/** Latchkey by its REST API. */
export async function openLatchkey(engine: Engine): Promise<KeySystem> {
  const world = await openWorld(engine);
  const verifier = await world.createKey({ name: "verifier", ownerKind: "service", permissions: ["keys:verify"] });
  return {
    async create({ prefix, ...wish }) {
      if (prefix !== undefined) {
        // Here it is the organization's, for all its keys.
        const chosen = await world.asOwner("PATCH", "/api/v1/organization", { keyPrefix: prefix });
        if (chosen.status !== 200) return null;
      }
      const answer = await world.asOwner("POST", "/api/v1/keys", toLatchkey(wish));
      return answer.status === 201 ? { id: textOf(answer, "id"), key: textOf(answer, "key") } : null;
    },
    async verify(key, permissions) {
      const permission = permissions?.join(" AND ");
      const { body = {} } = await world.call("POST", "/api/v1/keys/verify", {
        key: verifier.key,
        body: { key, ...(permission !== undefined && { permission }) },
      });
      const part = (name: string): Record<string, unknown> => ({ ...Object(body[name]) });
      return {
        good: body["valid"] === true,
        why: body["valid"] === true ? null : (LATCHKEY_REASONS[String(body["code"])] ?? "other"),
        usesLeft: numberIn(part("quota")["remaining"]),
        metadata: body["metadata"] ?? null,
        waitMs: body["code"] === "RATE_LIMITED" ? numberIn(part("rateLimit")["retryAfterMs"]) : null,
      };
    },
    async change(id, { enabled, ...wish }) {
      if (enabled !== undefined) {
        return (await world.asOwner("POST", `${path(id)}/${enabled ? "enable" : "disable"}`)).status === 200;
      }
      return (await world.asOwner("PATCH", path(id), toLatchkey(wish))).status === 200;
    },
    async remove(id) {
      await world.asOwner("POST", `${path(id)}/revoke`);
      await world.asOwner("DELETE", path(id));
    },
    async look(id) {
      const answer = await world.asOwner("GET", path(id));
      return answer.status === 200 ? (answer.body ?? null) : null;
    },
    async standing(id) {
      await world.deployment.call(internal.usage.flush, {});
      const { body = {} } = await world.asOwner("GET", path(id));
      const part = (name: string): Record<string, unknown> => ({ ...Object(body[name]) });
      return { usesLeft: numberIn(part("quotaLeft")["remaining"]), lastUsedAt: numberIn(part("lastUse")["at"]) };
    },
    async list(limit, offset = 0) {
      const ids: string[] = [];
      for (let cursor = ""; ids.length < offset + limit;) {
        const more = cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`;
        const { body = {} } = await world.asOwner("GET", `/api/v1/keys?limit=${limit}${more}`);
        const items = Array.isArray(body["items"]) ? body["items"] : [];
        ids.push(...items.map((item: { id: string }) => item.id).filter((id: string) => id !== verifier.id));
        if (typeof body["nextCursor"] !== "string") break;
        cursor = body["nextCursor"];
      }
      return ids.slice(offset, offset + limit);
    },
    [Symbol.asyncDispose]: async () => await world[Symbol.asyncDispose](),
  };
}

const LATCHKEY_REASONS: Record<string, Verdict["why"]> = {
  NOT_FOUND: "unknown",
  DISABLED: "disabled",
  EXPIRED: "expired",
  USAGE_EXCEEDED: "used up",
  RATE_LIMITED: "too fast",
};

function toLatchkey({ lifetimeMs, quota, rate, ...rest }: Wish) {
  return {
    ...rest,
    ...(lifetimeMs !== undefined && { expiresAt: Date.now() + lifetimeMs }),
    ...(quota !== undefined && { quota: { limit: quota.uses, refill: REFILLS[quota.every ?? "ever"] } }),
    ...(rate !== undefined && { rateLimit: rate }),
  };
}

function numberIn(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function path(id: string): string {
  return `/api/v1/keys/${id}`;
}
