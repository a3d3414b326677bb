import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import { eventually } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { AND, auditOf, createKey, createOrganization, refusalOf, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const origin = { userId: null, request: { id: "test" } };

describe.each(engines)("E11 H10: the keys of who leaves, on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let owner: Person;

  beforeAll(async () => {
    deployment = await engine.deploy();
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  async function begin(): Promise<void> {
    organization = await createOrganization(deployment);
    owner = await organization.join("owner");
  }
  const remove = async (by: Person, person: Person) =>
    await deployment.call(internal.members.remove, { caller: by.caller, memberId: person.userId });
  const rejoin = async (person: Person, role = "developer") => {
    const data = { organizationId: organization.organizationId, userId: person.userId, role, createdAt: Date.now() };
    await deployment.call(internal.auth.store.create, { table: "member", data, origin });
  };
  const recordOf = async (keyId: string) =>
    await deployment.call(internal.keys.getForCaller, { caller: owner.caller, keyId });
  const act = async (verb: "enable" | "revoke", person: Person, keyId: string) =>
    await refusalOf(deployment.call(internal.keys[verb], { caller: person.caller, keyId }));
  const isGood = async (key: string) => {
    const state = await verify(deployment, key);
    return state !== null && state.ownerActive && state.disabledAt === null && state.revokedAt === null;
  };

  test("are disabled with the reason, in the transaction that ends the membership, and the trail says so", async () => {
    await begin();
    const person = await organization.join("developer");
    const { key, record } = await createKey(deployment, person.caller);
    const before = Date.now();
    await remove(owner, person);
    const left = await recordOf(record._id);
    expect(left).toMatchObject({ disabledReason: "owner left" });
    expect(left.disabledAt).toBeGreaterThanOrEqual(before);
    expect(await isGood(key)).toBe(false);
    const [disabled, removed] = await auditOf(deployment, owner);
    expect(removed).toMatchObject({ action: "member.delete", actor: { id: owner.userId } });
    expect(disabled).toMatchObject({
      action: "key.disable",
      targetId: record._id,
      actor: { type: "system" },
      reason: "owner left",
      requestId: removed?.requestId,
      before: JSON.stringify({ disabledAt: null }),
      after: JSON.stringify({ disabledAt: left.disabledAt }),
    });
  });

  test("are disabled too when better-auth removes the member", async () => {
    await begin();
    const person = await organization.join("developer");
    const { key, record } = await createKey(deployment, person.caller);
    await organization.setRole(person, null);
    expect(await recordOf(record._id)).toMatchObject({ disabledReason: "owner left" });
    await rejoin(person);
    expect(await isGood(key)).toBe(false);
  });

  test("do not come back with the member: each is enabled on purpose, by the member or an admin", async () => {
    await begin();
    const person = await organization.join("developer");
    const keys = [await createKey(deployment, person.caller), await createKey(deployment, person.caller)];
    await remove(owner, person);
    await rejoin(person);
    for (const { key } of keys) expect(await isGood(key)).toBe(false);
    const [first, second] = keys;
    if (first === undefined || second === undefined) throw new Error("no keys");
    expect(await act("enable", person, first.record._id)).toBeNull();
    expect(await isGood(first.key)).toBe(true);
    expect(await isGood(second.key)).toBe(false);
    expect(await act("enable", owner, second.record._id)).toBeNull();
    expect(await isGood(second.key)).toBe(true);
    expect(await recordOf(second.record._id)).toMatchObject({ disabledAt: null, disabledReason: null });
  });

  test("can be revoked by who left, and not be enabled", async () => {
    await begin();
    const person = await organization.join("developer");
    const { key, record } = await createKey(deployment, person.caller);
    await remove(owner, person);
    expect(await act("enable", person, record._id)).toBe("NOT_FOUND");
    expect(await isGood(key)).toBe(false);
    expect(await act("revoke", person, record._id)).toBeNull();
    expect(await recordOf(record._id)).toMatchObject({ revokedBy: person.userId });
  });

  test("that an admin enables while their owner is away stay as good as disabled until then", async () => {
    await begin();
    const person = await organization.join("developer");
    const { key, record } = await createKey(deployment, person.caller);
    await remove(owner, person);
    expect(await act("enable", owner, record._id)).toBeNull();
    expect(await isGood(key)).toBe(false);
  });

  test("that were paused by hand or dead already stay as they were", async () => {
    await begin();
    const person = await organization.join("developer");
    const [paused, revoked] = [await createKey(deployment, person.caller), await createKey(deployment, person.caller)];
    const { caller } = owner;
    const { disabledAt } = await deployment.call(internal.keys.disable, { caller, keyId: paused.record._id });
    await deployment.call(internal.keys.revoke, { caller, keyId: revoked.record._id });
    await remove(owner, person);
    expect(await recordOf(paused.record._id)).toMatchObject({ disabledAt, disabledReason: null });
    expect(await recordOf(revoked.record._id)).toMatchObject({ disabledAt: null, disabledReason: null });
  });

  test("beyond the first few are dealt with right after, and keys from after coming back are left alone", async () => {
    await begin();
    const person = await organization.join("developer");
    const made: string[] = [];
    for (let count = 0; count < 80; count += 1) {
      made.push((await createKey(deployment, person.caller)).record._id);
    }
    await remove(owner, person);
    await rejoin(person);
    const fresh = await createKey(deployment, person.caller);
    await eventually(async () => expect(await recordOf(made[0] ?? "")).toMatchObject({ disabledReason: "owner left" }));
    for (const keyId of made) expect(await recordOf(keyId)).toMatchObject({ disabledReason: "owner left" });
    expect(await isGood(fresh.key)).toBe(true);
  });

  test("H6: of a removal and a creation at the same time, no key of who left is good", async () => {
    await begin();
    for (let round = 0; round < 20; round += 1) {
      const person = await organization.join("developer");
      const creating = createKey(deployment, person.caller).catch(() => null);
      const [made] = await Promise.all([creating, remove(owner, person)]);
      if (made === null) continue;
      expect(await isGood(made.key)).toBe(false);
      await rejoin(person);
      expect(await isGood(made.key)).toBe(false);
    }
  });

  const service = async (person: Person) =>
    await createKey(deployment, owner.caller, { ownerKind: "service", ownerUserId: person.userId });

  describe("service keys for which they answer", () => {
    test("go on, and whoever removed the member answers for them, which is audited", async () => {
      await begin();
      const [admin, person] = [await organization.join("admin"), await organization.join("developer")];
      const { key, record } = await service(person);
      await remove(admin, person);
      expect((await recordOf(record._id)).ownerUserId).toBe(admin.userId);
      expect(await isGood(key)).toBe(true);
      const entry = (await auditOf(deployment, owner)).find(({ reason }) => reason === "owner left");
      expect(entry).toMatchObject({
        action: "key.update",
        actor: { type: "system" },
        before: JSON.stringify({ ownerUserId: person.userId }),
        after: JSON.stringify({ ownerUserId: admin.userId }),
      });
    });

    test("go to the oldest owner when the member left by themselves, or nobody knows who removed them", async () => {
      await begin();
      await organization.join("owner");
      const [leaver, removed] = [await organization.join("admin"), await organization.join("admin")];
      const [first, second] = [await service(leaver), await service(removed)];
      await remove(leaver, leaver);
      await organization.setRole(removed, null);
      for (const { record } of [first, second]) expect((await recordOf(record._id)).ownerUserId).toBe(owner.userId);
    });

    test("stay with the member who is only suspended or demoted", async () => {
      await begin();
      const person = await organization.join("admin");
      const { record } = await service(person);
      await organization.setRole(person, "member");
      expect((await recordOf(record._id)).ownerUserId).toBe(person.userId);
    });
  });

  test("suspension and demotion write nothing to keys: ended, they work as before", async () => {
    await begin();
    const person = await organization.join("developer");
    const { key, record } = await createKey(deployment, person.caller);
    await organization.setRole(person, "suspended");
    expect(await isGood(key)).toBe(false);
    expect(await recordOf(record._id)).toMatchObject({ disabledAt: null });
    await organization.setRole(person, "developer");
    expect(await isGood(key)).toBe(true);
  });

  test("stop at once when their user is deleted, in every organization, and the sweep says why", async () => {
    await begin();
    const person = await organization.join("developer");
    const { key, record } = await createKey(deployment, person.caller);
    const served = await service(person);
    await removeRow("user", person.userId);
    expect(await isGood(key)).toBe(false);
    await eventually(async () => {
      expect(await recordOf(record._id)).toMatchObject({ disabledReason: "owner deleted" });
      expect((await recordOf(served.record._id)).ownerUserId).toBe(owner.userId);
    });
    expect(await isGood(served.key)).toBe(true);
    const entries = await auditOf(deployment, owner);
    expect(entries.some(({ action, reason }) => action === "key.disable" && reason === "owner deleted")).toBe(true);
    expect(entries.some(({ action }) => action === "member.delete")).toBe(true);
  });

  test("stop at once when their organization is deleted", async () => {
    await begin();
    const [own, served] = [await createKey(deployment, owner.caller), await service(owner)];
    await removeRow("organization", organization.organizationId);
    for (const { key } of [own, served]) expect(await verify(deployment, key)).toBeNull();
    await eventually(async () => {
      const entries = (await auditOf(deployment, owner)).filter(({ reason }) => reason === "organization deleted");
      expect(entries.map(({ action }) => action)).toEqual(["key.delete", "key.delete"]);
      expect(new Set(entries.map(({ targetId }) => targetId))).toEqual(new Set([own.record._id, served.record._id]));
    });
  });

  async function removeRow(table: "user" | "organization", id: string): Promise<void> {
    const where = [{ field: "_id", value: id, operator: "eq" as const, ...AND }];
    await deployment.call(internal.auth.store.remove, { table, where, only: "first", origin });
  }
});
