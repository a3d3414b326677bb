import { describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { Id, TableNames } from "../../convex/_generated/dataModel.js";
import schema from "../../convex/schema.ts";
import { DAY_MS } from "../../convex/shared/limits.ts";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import { eventually, eventuallySwept, passTime, deployAtStoppedClock } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { AND, auditOf, createKey, createOrganization, refusalOf } from "./world.ts";
import type { Organization, Person } from "./world.ts";

// What it says of an organization outlives it: its audit trail, and here its members, which better-auth removes first.
const STAYING = ["audit", "auditPersons", "auditHeads", "member"];
// Rows of the last day or minutes that their own sweeps forget.
const FORGOTTEN = ["repetitions", "auditDenials"];

describe.each(engines)("E11 E28: an organization that is deleted, on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => {
    deployment = opened;
  });

  /** An organization with something in every table that can hold something of one. */
  async function fill(): Promise<{ organization: Organization; owner: Person; key: string; keyId: Id<"keys"> }> {
    const organization = await createOrganization(deployment);
    const owner = await organization.join("owner");
    const member = await organization.join("member");
    const { caller } = owner;
    const { organizationId } = caller;
    const limit = { limit: 10, windowMs: 60_000 };
    await deployment.call(internal.policy.update, { caller, change: { rateLimit: limit } });
    await deployment.call(internal.organizations.update, { caller, keyPrefix: "gone" });
    await deployment.call(internal.permissions.create, { caller, name: "orders:read" });
    const retired = await deployment.call(internal.permissions.create, { caller, name: "orders:write" });
    await deployment.call(internal.permissions.remove, { caller, permissionId: retired.id });
    await deployment.call(internal.roles.create, { caller, name: "packer", grants: [] });
    const group = await deployment.call(internal.groups.create, { caller, name: "packers" });
    const license = await deployment.call(internal.licenses.create, { caller, name: "pro" });
    await deployment.call(internal.members.suspend, { caller, memberId: member.userId });
    const secretHash = sha256Base64Url(organizationId);
    await deployment.call(internal.invitations.create, {
      caller,
      email: `${organizationId}@example.com`,
      roles: ["member"],
      secretHash,
    });
    const { key, record } = await createKey(deployment, caller, {
      ownerKind: "service",
      permissions: ["keys:create", "keys:read"],
      rateLimit: limit,
    });
    const keyId = record._id;
    await deployment.call(internal.groups.addMember, { caller, groupId: group.id, memberId: keyId });
    await deployment.call(internal.licenses.assign, { caller, licenseId: license.id, holderId: keyId });
    await deployment.call(internal.imports.insert, { caller, items: [importedKey(organizationId)] });
    const used = await deployment.fetch("/api/v1/keys", {
      method: "POST",
      headers: { "x-api-key": key, "content-type": "application/json", "idempotency-key": organizationId },
      body: JSON.stringify({ name: "made by a key" }),
    });
    expect(used.status).toBe(201);
    await deployment.call(internal.usage.flush, {});
    return { organization, owner, key, keyId };
  }
  /** How many rows of each table speak of an organization, its keys' secrets included. */
  async function rowsOf({ organizationId }: Organization): Promise<Record<string, number>> {
    const found: Record<string, number> = {};
    const tables = Object.keys(schema.tables).filter(isTable);
    const all = new Map(await Promise.all(tables.map(async (table) => [table, await deployment.rows(table)] as const)));
    const secrets = (all.get("apikey") ?? []).filter((row) => row["referenceId"] === organizationId);
    const prefixes = (all.get("foreignPrefixes") ?? []).filter((row) => row["organizationId"] === organizationId);
    const keys = (all.get("keys") ?? []).filter((row) => row["organizationId"] === organizationId);
    const ids = [organizationId, ...[...secrets, ...prefixes, ...keys].map((row) => String(row["_id"]))];
    for (const [table, rows] of all) {
      const speaking = rows.filter((row) => ids.some((id) => JSON.stringify(row).includes(id)));
      if (speaking.length > 0) found[table] = speaking.length;
    }
    return found;
  }
  const remove = async ({ organizationId }: Organization) => {
    const where = [{ field: "_id", value: organizationId, operator: "eq" as const, ...AND }];
    const origin = { userId: null, request: { id: "the deletion" } };
    await deployment.call(internal.auth.store.remove, { table: "organization", where, only: "first", origin });
  };
  test("leaves its audit trail and nothing else, and touches no other organization", async () => {
    const [gone, stays] = [await fill(), await fill()];
    const before = await rowsOf(gone.organization);
    // Whatever holds something of an organization is filled here, so that nothing new is forgotten.
    const holding = Object.entries(schema.tables)
      .filter(([, table]) => "organizationId" in table.validator.fields)
      .map(([name]) => name)
      .filter((name) => !["auditErasures", "auditDenials", "invitation"].includes(name));
    expect(holding.filter((name) => before[name] === undefined)).toEqual([]);
    expect(before).toMatchObject({ allowances: 2, apikey: 3, slowHashes: 1, foreignSecrets: 1 });
    const untouched = await rowsOf(stays.organization);

    await remove(gone.organization);
    await eventually(async () => {
      expect(without(await rowsOf(gone.organization), [...STAYING, ...FORGOTTEN])).toEqual([]);
    });
    expect(await rowsOf(stays.organization)).toEqual(untouched);
    const entries = (await auditOf(deployment, gone.owner)).filter(({ action }) => action === "key.delete");
    expect(entries).toHaveLength(3);
    for (const entry of entries) {
      expect(entry).toMatchObject({
        actor: { type: "system" },
        reason: "organization deleted",
        requestId: "the deletion",
      });
    }
    const { caller } = gone.owner;
    const chain = await deployment.call(internal.audit.verifyChain, { caller, cursor: null, limit: 100 });
    expect(chain.broken).toBeNull();
    passTime(2 * DAY_MS);
    await deployment.call(internal.repetitions.sweep, {});
    await deployment.call(internal.audit.sweepDenied, {});
    expect(without(await rowsOf(gone.organization), STAYING)).toEqual([]);
  });

  test("has many keys and counts, which go batch by batch", async () => {
    const organization = await createOrganization(deployment);
    const owner = await organization.join("owner");
    const COUNT = 120;
    for (let index = 0; index < COUNT; index += 1) await createKey(deployment, owner.caller, { ownerKind: "service" });
    await remove(organization);
    await eventuallySwept(async () => expect(without(await rowsOf(organization), STAYING)).toEqual([]));
    const deleted = (await deployment.rows("audit")).filter(
      ({ organizationId, action }) => organizationId === organization.organizationId && action === "key.delete",
    );
    expect(new Set(deleted.map((row) => row["targetId"])).size).toBe(COUNT);
    expect(deleted).toHaveLength(COUNT);
  });

  test("E29: its audit entries still go when its policy says", async () => {
    const organization = await createOrganization(deployment);
    const owner = await organization.join("owner");
    const change = { auditRetentionMs: 30 * DAY_MS };
    await deployment.call(internal.policy.update, { caller: owner.caller, change });
    await createKey(deployment, owner.caller);
    await remove(organization);
    await eventually(async () => expect(without(await rowsOf(organization), STAYING)).toEqual(["policies"]));
    passTime(31 * DAY_MS);
    await deployment.call(internal.retention.sweep, {});
    await eventually(async () => {
      expect((await auditOf(deployment, owner)).map(({ action }) => action)).toEqual(["audit.prune"]);
    });
  });

  test("a use that was under way leaves nothing behind, of an organization or of a key that is deleted", async () => {
    const { organization, owner, keyId } = await fill();
    const limit = { limit: 10, windowMs: 60_000 };
    const take = async () => {
      const { organizationId } = organization;
      const limits = { rateLimit: limit, organizationRateLimit: limit, quota: null };
      const asks = [{ keyId, organizationId, ...limits, cost: 1, at: Date.now() }];
      const [taken] = await deployment.call(internal.allowances.take, { asks });
      expect(taken?.refusedBy).toBeNull();
    };
    const holders = async () => (await deployment.rows("allowances")).map((row) => row["holder"]);
    await take();
    expect(await holders()).toEqual(expect.arrayContaining([keyId, organization.organizationId]));
    await deployment.call(internal.keys.revoke, { caller: owner.caller, keyId });
    await deployment.call(internal.keys.remove, { caller: owner.caller, keyId });
    await take();
    expect(await holders()).not.toContain(keyId);
    await remove(organization);
    await eventually(async () => expect(await holders()).not.toContain(organization.organizationId));
    await take();
    expect(await holders()).not.toContain(organization.organizationId);
  });

  test("its keys make nothing more of themselves, from the next transaction on", async () => {
    const { organization, keyId } = await fill();
    const { organizationId } = organization;
    const caller = { type: "key" as const, keyId, organizationId, request: { id: "late" } };
    expect(await refusalOf(createKey(deployment, caller))).toBeNull();
    await remove(organization);
    expect(await refusalOf(createKey(deployment, caller))).toBe("UNAUTHENTICATED");
  });

  test("one that is there loses nothing, should it be taken for deleted", async () => {
    const { organization } = await fill();
    const before = await rowsOf(organization);
    const { organizationId } = organization;
    await deployment.call(internal.leavers.settleOrganization, { organizationId, requestId: "mistaken" });
    expect(await rowsOf(organization)).toEqual(before);
  });
});

/** The tables that have some, but for these. */
function without(rows: Record<string, number>, tables: readonly string[]): string[] {
  return Object.keys(rows).filter((table) => !tables.includes(table));
}

function isTable(name: string): name is TableNames {
  return name in schema.tables;
}

function importedKey(from: string) {
  return {
    name: "imported",
    ownerKind: "service" as const,
    hash: { algorithm: "bcrypt" as const, value: "$2b$05$abcdefghijklmnopqrstuu5Jhy7rLSvRn5T6cFZm8JQsmIDnQq0aW" },
    foreignPrefix: "acme-",
    start: `acme-${from.slice(0, 12)}`,
    keyIdText: from.slice(0, 12),
  };
}
