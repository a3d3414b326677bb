import { openSession } from "./session.ts";
import type { LatchkeyOwner } from "./child-server.ts";

/** Signs up the owner of an organization and makes the one key that the benchmark calls with. */
export async function makeOwner(url: string): Promise<LatchkeyOwner> {
  const { call, cookie } = await openSession(url, {
    name: "Bench",
    email: "bench@example.com",
    password: "bench password",
  });
  const organization = await call("/api/auth/organization/create", { name: "Bench", slug: "bench" });
  const made = await call("/api/v1/keys", {
    name: "bench",
    ownerKind: "service",
    permissions: ["keys:verify", "keys:create", "keys:disable", "orders:read"],
  });
  return { organizationId: String(organization.id), cookie: cookie(), keyId: String(made.id), key: String(made.key) };
}
