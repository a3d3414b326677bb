import { randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writePrivateFile } from "../../server/data-folder.ts";
import { openSession } from "./session.ts";

const EMAIL = "demo@example.com";
const DAY_MS = 24 * 60 * 60 * 1000;

interface DemoKey {
  readonly name: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly env?: "live" | "test";
  readonly ownerKind: "personal" | "service";
  readonly permissions: readonly string[];
  readonly lifetimeDays?: number;
  readonly rateLimit?: { limit: number; windowMs: number };
  /** What happened to it since. */
  readonly since?: "used" | "revoked" | "disabled" | "expired" | "rotated";
}

const KEYS: readonly DemoKey[] = [
  {
    name: "Checkout service",
    description: "Card and invoice payments",
    tags: ["payments", "eu-west"],
    ownerKind: "service",
    permissions: ["orders:read", "orders:write", "invoices:*"],
    lifetimeDays: 180,
    since: "used",
  },
  {
    name: "Warehouse sync",
    tags: ["logistics"],
    ownerKind: "service",
    permissions: ["stock:read", "stock:write"],
    lifetimeDays: 90,
    rateLimit: { limit: 600, windowMs: 60_000 },
    since: "used",
  },
  {
    name: "Gateway verifier",
    description: "What our own edge verifies callers with",
    tags: ["platform"],
    ownerKind: "service",
    permissions: ["keys:verify", "keys:read"],
    lifetimeDays: 365,
    since: "used",
  },
  {
    name: "Nightly export",
    tags: ["data"],
    ownerKind: "service",
    permissions: ["orders:read", "customers:read"],
    lifetimeDays: 30,
    since: "rotated",
  },
  {
    name: "Partner: Nordwind Logistics",
    tags: ["partner"],
    ownerKind: "service",
    permissions: ["shipments:read"],
    lifetimeDays: 5,
    rateLimit: { limit: 60, windowMs: 60_000 },
    since: "used",
  },
  {
    name: "Partner: Ostsee Freight",
    description: "Contract ended",
    tags: ["partner"],
    ownerKind: "service",
    permissions: ["shipments:read"],
    since: "revoked",
  },
  {
    name: "Load test",
    env: "test",
    ownerKind: "service",
    permissions: ["orders:read", "orders:write"],
    lifetimeDays: 7,
    since: "disabled",
  },
  {
    name: "CI smoke tests",
    env: "test",
    tags: ["ci"],
    ownerKind: "service",
    permissions: ["orders:read"],
    lifetimeDays: 90,
    since: "used",
  },
  {
    name: "Local development",
    env: "test",
    ownerKind: "personal",
    permissions: ["orders:*", "stock:read"],
    lifetimeDays: 30,
  },
  {
    name: "Migration 2024",
    description: "One-off import of the old shop",
    ownerKind: "service",
    permissions: ["customers:*"],
    since: "expired",
  },
];

export interface DemoLogin {
  readonly email: string;
  readonly password: string;
}

/**
 * Fills an organization called Tidewater Goods with keys in every state, by the same HTTP API that everybody uses, and answers who can
 * sign in to look at it. Does nothing but answer when the data folder has it already. Throws when the API refuses something.
 */
export async function fillDemo(url: string, dataFolder: string): Promise<DemoLogin> {
  const file = join(dataFolder, "demo.json");
  if (existsSync(file)) return decodeLogin(readFileSync(file, "utf8"));
  const login = { email: EMAIL, password: randomBytes(12).toString("base64url") };
  const { call } = await openSession(url, { name: "Demo", ...login });
  await call("/api/auth/organization/create", { name: "Tidewater Goods", slug: "tidewater-goods" });
  for (const { since, lifetimeDays, ...input } of KEYS) {
    const expiresAt = lifetimeDays === undefined ? undefined : Date.now() + lifetimeDays * DAY_MS;
    const made = await call("/api/v1/keys", { ...input, expiresAt });
    const path = `/api/v1/keys/${String(made.id)}`;
    if (since === "used") await fetch(`${url}/api/v1/whoami`, { headers: { "x-api-key": String(made.key) } });
    if (since === "revoked") await call(`${path}/revoke`, { reason: "The contract ended" });
    if (since === "disabled") await call(`${path}/disable`, {});
    if (since === "expired") await call(`${path}/expire`, {});
    if (since === "rotated") await call(`${path}/rotate`, { graceMs: DAY_MS });
  }
  writePrivateFile(file, `${JSON.stringify(login, null, 2)}\n`);
  return login;
}

function decodeLogin(text: string): DemoLogin {
  const login: unknown = JSON.parse(text);
  if (typeof login !== "object" || login === null || !("email" in login) || !("password" in login)) {
    throw new Error("demo.json in the data folder is not what --demo writes");
  }
  return { email: String(login.email), password: String(login.password) };
}
