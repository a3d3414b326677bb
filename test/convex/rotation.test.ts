import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import type { Caller } from "../../convex/model/rights/callers.ts";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import { DAY_MS, ROTATION_GRACE_PRESETS_MS } from "../../convex/shared/limits.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { AND, auditOf, createKey, createOrganization, listOf, reach, refusalOf, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const HOUR_MS = 60 * 60 * 1000;

describe.each(engines)("rotating a key on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let admin: Person;

  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    admin = await organization.join("admin");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const rotate = async (caller: Caller, keyId: string, graceMs?: number) =>
    await deployment.call(internal.credentials.rotate, { caller, keyId, graceMs });
  const endGrace = async (caller: Caller, keyId: string) =>
    await deployment.call(internal.keys.endGrace, { caller, keyId });
  const isStored = async (key: string) =>
    (
      await deployment.call(internal.auth.store.find, {
        table: "apikey",
        where: [{ field: "key", operator: "eq", value: sha256Base64Url(key), ...AND }],
        limit: 1,
      })
    ).length === 1;

  test.each([...ROTATION_GRACE_PRESETS_MS, 12_345, 30 * DAY_MS])(
    "H5: a grace of %d ms ends exactly then",
    async (graceMs) => {
      const { key, record } = await createKey(deployment, admin.caller, { expiresAt: Date.now() + 90 * DAY_MS });
      const before = Date.now();
      const rotated = await rotate(admin.caller, record._id, graceMs);
      const until = rotated.record.previousSecretValidUntil;
      if (graceMs === 0) {
        expect(until).toBeNull();
        expect(await verify(deployment, key)).toBeNull();
      } else {
        expect(until).toBeGreaterThanOrEqual(before + graceMs);
        expect(until).toBeLessThanOrEqual(Date.now() + graceMs);
        expect((await verify(deployment, key))?.secretValidUntil).toBe(until);
      }
      expect(rotated.record).toMatchObject({ _id: record._id, name: record.name, expiresAt: record.expiresAt });
    },
  );

  test("H5: a grace ends with the key at the latest, and is not longer for an end that comes later", async () => {
    const { caller } = admin;
    const expiresAt = Date.now() + HOUR_MS;
    const { key, record } = await createKey(deployment, caller, { expiresAt });
    const rotated = await rotate(caller, record._id, DAY_MS);
    expect(rotated.record).toMatchObject({ expiresAt, previousSecretValidUntil: expiresAt });
    expect(await verify(deployment, key)).toMatchObject({ secretValidUntil: expiresAt });
    const told = (await auditOf(deployment, admin)).find(({ targetId }) => targetId === record._id);
    expect(told?.after).toContain(`"oldSecretsValidUntil":${expiresAt}`);
    const update = async (end: number) =>
      await deployment.call(internal.keys.update, { caller, keyId: record._id, changes: { expiresAt: end } });
    expect(await update(expiresAt + DAY_MS)).toMatchObject({ previousSecretValidUntil: expiresAt });
    const nearer = expiresAt - HOUR_MS / 2;
    expect(await update(nearer)).toMatchObject({ expiresAt: nearer, previousSecretValidUntil: nearer });
  });

  test("F1: regenerating is rotating without grace: one key, the old secret dead at once", async () => {
    const { key, record } = await createKey(deployment, admin.caller, { name: "the only one" });
    const again = await rotate(admin.caller, record._id);
    expect(again.record).toMatchObject({ _id: record._id, name: "the only one", version: 2 });
    expect(await isStored(key)).toBe(false);
    expect(await verify(deployment, again.key)).toMatchObject({ keyId: record._id });
    expect(await listOf(deployment, admin, { search: "the only one" })).toHaveLength(1);
  });

  test("a grace can be ended early: the old secrets are gone at once, the newest stays, once in the audit trail", async () => {
    const { key: first, record } = await createKey(deployment, admin.caller);
    const second = await rotate(admin.caller, record._id, HOUR_MS);
    const third = await rotate(admin.caller, record._id, HOUR_MS);
    const ended = await endGrace(admin.caller, record._id);
    expect(ended).toMatchObject({ previousSecretValidUntil: null, version: 3 });
    for (const old of [first, second.key]) {
      expect(await verify(deployment, old)).toBeNull();
      expect(await isStored(old)).toBe(false);
    }
    expect(await verify(deployment, third.key)).toMatchObject({ keyId: record._id, secretValidUntil: null });
    expect(await endGrace(admin.caller, record._id)).toEqual(ended);
    const entries = (await auditOf(deployment, admin)).filter(({ targetId }) => targetId === record._id);
    expect(entries.map(({ action }) => action)).toEqual(["key.end-grace", "key.rotate", "key.rotate", "key.create"]);
    expect(entries[0]?.before).toBe(`{"oldSecretsValidUntil":${third.record.previousSecretValidUntil}}`);
  });

  test("ending a grace takes keys:rotate, on a key in sight", async () => {
    const { record } = await createKey(deployment, admin.caller, { ownerKind: "service" });
    await rotate(admin.caller, record._id, HOUR_MS);
    const developer = await organization.join("developer");
    const member = await organization.join("member");
    const stranger = await (await createOrganization(deployment)).join("owner");
    expect(await refusalOf(endGrace(developer.caller, record._id))).toBe("FORBIDDEN");
    expect(await refusalOf(endGrace(member.caller, record._id))).toBe("NOT_FOUND");
    expect(await refusalOf(endGrace(stranger.caller, record._id))).toBe("NOT_FOUND");
    const rotator = await createKey(deployment, admin.caller, { ownerKind: "service", permissions: ["keys:rotate"] });
    expect((await endGrace(rotator.as, record._id)).previousSecretValidUntil).toBeNull();
  });

  test("what is over is tidied up by the clock, and doing it early or twice does no harm", async () => {
    const { key, record } = await createKey(deployment, admin.caller);
    const { key: next, record: turned } = await rotate(admin.caller, record._id, 500);
    const drop = async () => await deployment.call(internal.keys.dropSpentSecrets, { keyId: record._id });
    const until = turned.previousSecretValidUntil ?? 0;
    if (Date.now() < until - 100) {
      await drop();
      expect(await isStored(key)).toBe(true);
    }
    await reach(until);
    // The scheduled run may come before or after this one.
    await Promise.all([drop(), drop()]);
    expect([await isStored(key), await isStored(next)]).toEqual([false, true]);
    const { organizationId } = admin.caller;
    const view = await deployment.call(api.keys.get, { organizationId, keyId: record._id }, admin.userId);
    expect(view).toMatchObject({ previousSecretValidUntil: null, version: 2 });
    await deployment.call(internal.keys.revoke, { caller: admin.caller, keyId: record._id });
    await deployment.call(internal.keys.remove, { caller: admin.caller, keyId: record._id });
    await drop();
  });

  test("N6 E13: an unknown key is missing, a dead one is in conflict, and one that may not be rotated is refused", async () => {
    const { record } = await createKey(deployment, admin.caller, { ownerKind: "service" });
    const stranger = await (await createOrganization(deployment)).join("owner");
    const developer = await organization.join("developer");
    expect(await refusalOf(rotate(admin.caller, "nonsense"))).toBe("NOT_FOUND");
    expect(await refusalOf(rotate(stranger.caller, record._id))).toBe("NOT_FOUND");
    expect(await refusalOf(rotate(developer.caller, record._id))).toBe("FORBIDDEN");
    const expired = await createKey(deployment, admin.caller);
    await deployment.call(internal.keys.expire, { caller: admin.caller, keyId: expired.record._id });
    await deployment.call(internal.keys.revoke, { caller: admin.caller, keyId: record._id });
    for (const dead of [expired, { record }]) {
      expect(await refusalOf(rotate(admin.caller, dead.record._id))).toBe("CONFLICT");
    }
  });

  test.each([
    { what: "permissions", input: { permissions: ["orders:read", "audit:read"] } },
    { what: "roles", input: { roles: ["admin"] } },
    { what: "resources", input: { resourcePermissions: [{ resource: "project:1", permissions: ["files:write"] }] } },
    { what: "address", input: { cidrs: ["10.0.0.0/8"] }, own: { cidrs: ["10.1.0.0/16"] } },
    {
      what: "quota",
      input: { quota: { limit: 10, refill: "daily" as const } },
      own: { quota: { limit: 9, refill: "daily" as const } },
    },
  ])("E9: rotating takes the right to the resulting key: $what", async ({ input, own = {} }) => {
    const expiresAt = Date.now() + DAY_MS;
    const { key, record } = await createKey(deployment, admin.caller, { ownerKind: "service", expiresAt, ...input });
    const rotator = await createKey(deployment, admin.caller, {
      ownerKind: "service",
      permissions: ["keys:rotate", "keys:read", "orders:read"],
      expiresAt: expiresAt + DAY_MS,
      ...own,
    });
    expect(await refusalOf(rotate(rotator.as, record._id))).toBe("FORBIDDEN");
    expect(await verify(deployment, key)).toMatchObject({ keyId: record._id, secretValidUntil: null });
    const plain = await createKey(deployment, admin.caller, {
      ownerKind: "service",
      expiresAt,
      permissions: ["orders:read"],
      ...own,
    });
    expect((await rotate(rotator.as, plain.record._id)).record.version).toBe(2);
  });

  test("E9: rotating takes the right to what the key's groups give it", async () => {
    const expiresAt = Date.now() + DAY_MS;
    const { caller } = admin;
    const { record } = await createKey(deployment, caller, { ownerKind: "service", expiresAt });
    const rotator = await createKey(deployment, caller, { ownerKind: "service", permissions: ["keys:rotate"] });
    const group = await deployment.call(internal.groups.create, {
      caller,
      name: "auditors",
      permissions: ["audit:read"],
    });
    const seat = { caller, groupId: group.id, memberId: record._id };
    expect((await rotate(rotator.as, record._id)).record.version).toBe(2);
    await deployment.call(internal.groups.addMember, seat);
    expect(await refusalOf(rotate(rotator.as, record._id))).toBe("FORBIDDEN");
    await deployment.call(internal.groups.removeMember, seat);
    expect((await rotate(rotator.as, record._id)).record.version).toBe(3);
  });

  test("E13: of a rotation and an end of grace at once, whatever comes first, one secret at most is old", async () => {
    const { key, record } = await createKey(deployment, admin.caller);
    await rotate(admin.caller, record._id, HOUR_MS);
    const [rotation] = await Promise.allSettled([
      rotate(admin.caller, record._id, HOUR_MS),
      endGrace(admin.caller, record._id),
    ]);
    expect(rotation.status).toBe("fulfilled");
    expect((await endGrace(admin.caller, record._id)).previousSecretValidUntil).toBeNull();
    expect(await verify(deployment, key)).toBeNull();
    if (rotation.status === "fulfilled") expect(await verify(deployment, rotation.value.key)).not.toBeNull();
  });
});
