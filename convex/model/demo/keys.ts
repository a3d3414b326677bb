import type { NewKey } from "../keys/newKeys.ts";

export const DEMO_EMAIL = "robin@demo.example";
export const DEMO_ORGANIZATION = { name: "Halden Freight (demo)", slug: "halden-freight-demo" };

/** Colleagues who cannot sign in; the demo shows their keys. `by` below names the local part of an address. */
export const DEMO_COLLEAGUES = [
  { name: "Mina Okafor", email: "mina@demo.example", role: "admin" },
  { name: "Jonas Lindqvist", email: "jonas@demo.example", role: "developer" },
  { name: "Priya Nair", email: "priya@demo.example", role: "developer" },
] as const;

/** What has happened to a demo key since it was made: ages in days, idle time in minutes. */
export type DemoHistory = {
  ageDays: number;
  lastUsedMinutesAgo?: number;
  disabled?: boolean;
  revokeReason?: string;
};

type DemoKey = NewKey & { by: string; lifetimeDays: number; history: DemoHistory };

const HOUR = 60;
const DAY = 24 * HOUR;

/** Oldest first, so that the list shows them as if they had been made one after the other. */
export const DEMO_KEYS: readonly DemoKey[] = [
  service("Legacy tracking importer", 320, 300, ["shipments:write"], { lastUsedMinutesAgo: 21 * DAY }),
  personal("jonas", "Hackathon prototype", 210, 30, ["shipments:read"], { lastUsedMinutesAgo: 190 * DAY }),
  service("Warehouse scanners Rotterdam", 160, 365, ["shipments:read", "shipments:scan", "stock:write"], {
    lastUsedMinutesAgo: 1,
  }),
  service("Customs declarations", 120, 365, ["customs:*", "shipments:read"], { lastUsedMinutesAgo: 17 }),
  service("Old billing export", 110, 365, ["invoices:read"], {
    lastUsedMinutesAgo: 44 * DAY,
    revokeReason: "Found in a public repository",
  }),
  personal("mina", "Terraform", 86, 90, ["keys:read", "keys:create", "keys:rotate"], { lastUsedMinutesAgo: 5 * HOUR }),
  service("Carrier webhooks", 61, 180, ["shipments:write", "events:write"], { lastUsedMinutesAgo: 3 }),
  service("Partner sandbox", 45, 90, ["shipments:read", "rates:read"], { lastUsedMinutesAgo: 2 * DAY }, "test"),
  personal("priya", "Load tests", 33, 90, ["shipments:*"], { lastUsedMinutesAgo: 9 * DAY, disabled: true }, "test"),
  personal("jonas", "CI deploy", 26, 30, ["releases:write"], { lastUsedMinutesAgo: 50 }),
  service("Rate calculator", 14, 365, ["rates:read"], { lastUsedMinutesAgo: 8 }),
  personal("priya", "Local development", 6, 30, ["shipments:read", "rates:read"], { lastUsedMinutesAgo: 40 }, "test"),
  personal("mina", "Gateway verifier", 2, 180, ["keys:verify"], { lastUsedMinutesAgo: 2 }),
  personal("robin", "My first key", 0, 30, ["shipments:read"], {}),
];

function service(
  name: string,
  ageDays: number,
  lifetimeDays: number,
  permissions: string[],
  history: Omit<DemoHistory, "ageDays">,
  env: "live" | "test" = "live",
): DemoKey {
  const owned = { by: "mina", ownerKind: "service" as const };
  return { ...owned, name, permissions, env, lifetimeDays, history: { ...history, ageDays } };
}

function personal(
  by: string,
  name: string,
  ageDays: number,
  lifetimeDays: number,
  permissions: string[],
  history: Omit<DemoHistory, "ageDays">,
  env: "live" | "test" = "live",
): DemoKey {
  return { by, name, permissions, env, lifetimeDays, history: { ...history, ageDays } };
}
