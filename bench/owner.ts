import type { LatchkeyOwner } from "./child-server.ts";
import { CHECKED_KEY, LIMITED_KEY } from "./scenarios.ts";
import { openSession, type Call } from "./session.ts";

/** Signs up the owner of an organization, and makes the key that the benchmark calls with and those that it copies. */
export async function makeOwner(url: string): Promise<LatchkeyOwner> {
  const { call, cookie } = await openSession(url, {
    name: "Bench",
    email: "bench@example.com",
    password: "bench password",
  });
  const organization = await call("/api/auth/organization/create", { name: "Bench", slug: "bench" });
  const made = await makeKey(call, "bench", {
    permissions: ["keys:verify", "keys:create", "keys:disable", "orders:read"],
  });
  const checked = await makeKey(call, "checked", CHECKED_KEY);
  const limited = await makeKey(call, "limited", { ...LIMITED_KEY, permissions: ["orders:read"] });
  const plain = await makeKey(call, "plain", { permissions: ["orders:read"] });
  return {
    organizationId: String(organization.id),
    cookie: cookie(),
    key: String(made.key),
    models: { checked: String(checked.id), limited: String(limited.id), plain: String(plain.id) },
  };
}

async function makeKey(call: Call, name: string, fields: object): Promise<Record<string, unknown>> {
  return await call("/api/v1/keys", { name, ownerKind: "service", ...fields });
}
