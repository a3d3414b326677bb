import { describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { KeyFilter } from "../../convex/model/keys/lists.ts";
import { keyStatus } from "../../convex/shared/keyStatus.ts";
import { eventuallySwept, passTime, deployAtStoppedClock } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { auditOf, createKey, createOrganization, listOf, refusalOf, verdictOn } from "./world.ts";
import type { Person } from "./world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe.each(engines)("C11 E27: keys that nobody uses, on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => {
    deployment = opened;
  });

  const join = async (): Promise<Person> => await (await createOrganization(deployment)).join("owner");
  const limitTo = async (person: Person, idleExpiryMs: number | null) =>
    await deployment.call(internal.policy.update, { caller: person.caller, change: { idleExpiryMs } });
  const use = async (key: string): Promise<number> => {
    const { status } = await deployment.fetch("/api/v1/whoami", { headers: { "x-api-key": key } });
    await deployment.call(internal.usage.flush, {});
    return status;
  };
  const sweep = async (person: Person, at = Date.now()) => {
    const { organizationId } = person.caller;
    await deployment.call(internal.policy.expireUnused, { organizationId, at });
    await deployment.call(internal.policy.expireByOwnLimit, { at });
  };
  const recordOf = async (person: Person, keyId: string) =>
    await deployment.call(internal.keys.getForCaller, { caller: person.caller, keyId });
  const idleEntries = async (person: Person) =>
    (await auditOf(deployment, person)).filter(({ reason }) => reason === "idle");
  const listed = async (person: Person, filter: KeyFilter = {}, at = Date.now()) => {
    const wish = { caller: person.caller, includeDead: false, filter, cursor: null, limit: 50, at };
    const { items } = await deployment.call(internal.keys.listForCaller, wish);
    return items.map((view) => [view.name, keyStatus(view, at)]);
  };
  /** A key that died of disuse just now, one that was used since, and one that is young. */
  async function begin() {
    const owner = await join();
    const idleExpiresAt = Date.now() + HOUR_MS;
    const unused = await createKey(deployment, owner.caller, { name: "unused", idleExpiryMs: HOUR_MS });
    const used = await createKey(deployment, owner.caller, { name: "used", idleExpiryMs: HOUR_MS });
    passTime(HOUR_MS - 1);
    expect(await use(used.key)).toBe(200);
    await createKey(deployment, owner.caller, { name: "young", idleExpiryMs: HOUR_MS });
    passTime(1);
    return { owner, unused, used, idleExpiresAt };
  }

  test("expire at once under a tightened policy, and are good again under a loosened one", async () => {
    const owner = await join();
    const { key } = await createKey(deployment, owner.caller);
    passTime(HOUR_MS);
    await limitTo(owner, HOUR_MS);
    expect(await use(key)).toBe(401);
    await limitTo(owner, HOUR_MS + 1);
    expect(await use(key)).toBe(200);
    await limitTo(owner, null);
    passTime(100 * HOUR_MS);
    expect(await use(key)).toBe(200);
  });

  test("die to the millisecond, counted from the last use, or from the creation without one", async () => {
    const owner = await join();
    await limitTo(owner, HOUR_MS);
    const [used, unused] = [await createKey(deployment, owner.caller), await createKey(deployment, owner.caller)];
    passTime(HOUR_MS - 1);
    expect(await use(used.key)).toBe(200);
    passTime(1);
    expect(await use(unused.key)).toBe(401);
    passTime(HOUR_MS - 2);
    expect(await verdictOn(deployment, used.key)).toBe("VALID");
    passTime(1);
    expect(await verdictOn(deployment, used.key)).toBe("EXPIRED");
    expect(await use(used.key)).toBe(401);
  });

  test("a use that waits to be written keeps them alive", async () => {
    const owner = await join();
    await limitTo(owner, HOUR_MS);
    const { key } = await createKey(deployment, owner.caller);
    expect(await use(key)).toBe(200);
    passTime(HOUR_MS - 1);
    const useUnwritten = async () =>
      (await deployment.fetch("/api/v1/whoami", { headers: { "x-api-key": key } })).status;
    expect(await useUnwritten()).toBe(200);
    passTime(1);
    expect(await useUnwritten()).toBe(200);
  });

  test("a key's own limit counts where it is shorter than the policy's", async () => {
    const owner = await join();
    await limitTo(owner, 2 * HOUR_MS);
    const { key: shorter } = await createKey(deployment, owner.caller, { idleExpiryMs: HOUR_MS });
    const { key: longer } = await createKey(deployment, owner.caller, { idleExpiryMs: 5 * HOUR_MS });
    passTime(HOUR_MS);
    expect(await use(shorter)).toBe(401);
    passTime(HOUR_MS);
    expect(await verdictOn(deployment, longer)).toBe("EXPIRED");
  });

  describe("E10 H14: before the sweep has been there", () => {
    test("they are dead to whoever asks, and to every filter, to the millisecond", async () => {
      const { owner, unused, used, idleExpiresAt } = await begin();
      expect(await recordOf(owner, unused.record._id)).toMatchObject({ idleExpiresAt, idleLimitMs: HOUR_MS });
      const before = idleExpiresAt - 1;
      expect(keyStatus(await recordOf(owner, unused.record._id), before)).toBe("active");
      expect(keyStatus(await recordOf(owner, unused.record._id), idleExpiresAt)).toBe("expired");
      expect((await recordOf(owner, used.record._id)).idleExpiresAt).toBe(before + HOUR_MS);
      const [young, alive] = [
        ["young", "active"],
        ["used", "active"],
      ];
      expect(await listed(owner)).toEqual([young, alive]);
      expect(await listed(owner, {}, before)).toEqual([young, alive, ["unused", "active"]]);
      expect(await listed(owner, { statuses: ["expired"] })).toEqual([["unused", "expired"]]);
      expect(await listed(owner, { statuses: ["expired"] }, before)).toEqual([]);
      expect(await listed(owner, { statuses: ["active", "expired"] })).toEqual([young, alive, ["unused", "expired"]]);
      // A policy may end them sooner than their own limit.
      await limitTo(owner, HOUR_MS);
      expect(await listed(owner, { statuses: ["active"] })).toEqual([young, alive]);
    });

    test("the public API shows them as the sweep will leave them", async () => {
      const { owner, unused, used, idleExpiresAt } = await begin();
      const { key } = await createKey(deployment, owner.caller, { ownerKind: "service", permissions: ["keys:read"] });
      const read = async (path: string) =>
        await (await deployment.fetch(`/api/v1/keys${path}`, { headers: { "x-api-key": key } })).json();
      const dead = { status: "expired", expiresAt: idleExpiresAt, idleExpiresAt };
      expect(await read(`/${unused.record._id}`)).toMatchObject(dead);
      expect(await read("?status=expired")).toMatchObject({ items: [{ id: unused.record._id, ...dead }] });
      const { expiresAt } = used.record;
      expect(await read(`/${used.record._id}`)).toMatchObject({ status: "active", expiresAt });
      passTime(MINUTE_MS);
      await sweep(owner);
      expect(await read(`/${unused.record._id}`)).toMatchObject(dead);
    });

    test("a live list says by which limit and from when on, for the screen to judge by its clock and their last use", async () => {
      const { owner, unused } = await begin();
      const shown = (await listOf(deployment, owner)).find(({ _id }) => _id === unused.record._id);
      expect(shown).toMatchObject({ idleExpiryMs: HOUR_MS, idleLimitMs: HOUR_MS, createdAt: unused.record.createdAt });
      await deployment.call(internal.policy.update, { caller: owner.caller, change: { idleExpiryMs: HOUR_MS } });
      await createKey(deployment, owner.caller, { name: "without own", ownerKind: "service" });
      const [first] = await listOf(deployment, owner);
      expect(first).toMatchObject({ name: "without own", idleExpiryMs: null, idleLimitMs: HOUR_MS });
    });

    test("nothing but revoking and deleting can be done to them", async () => {
      const { owner, unused, used } = await begin();
      const { caller } = owner;
      const dead = { caller, keyId: unused.record._id };
      const group = await deployment.call(internal.groups.create, { caller, name: "idle-group" });
      const license = await deployment.call(internal.licenses.create, { caller, name: "idle-license", seats: 1 });
      const { record } = await createKey(deployment, caller, { ownerKind: "service", idleExpiryMs: HOUR_MS });
      passTime(HOUR_MS);
      const verbs = [
        deployment.call(internal.keys.update, { ...dead, changes: { idleExpiryMs: null } }),
        deployment.call(internal.keys.update, { ...dead, changes: { expiresAt: Date.now() + HOUR_MS } }),
        deployment.call(internal.credentials.rotate, { ...dead, graceMs: 0 }),
        deployment.call(internal.keys.expire, dead),
        deployment.call(internal.keys.disable, dead),
        deployment.call(internal.keys.enable, dead),
        deployment.call(internal.groups.addMember, { caller, groupId: group.id, memberId: record._id }),
        deployment.call(internal.licenses.assign, { caller, licenseId: license.id, holderId: record._id }),
      ];
      expect(await Promise.all(verbs.map(refusalOf))).toEqual(verbs.map(() => "CONFLICT"));
      await deployment.call(internal.keys.remove, dead);
      expect(await refusalOf(deployment.call(internal.keys.getForCaller, dead))).toBe("NOT_FOUND");
      await deployment.call(internal.keys.revoke, { caller, keyId: used.record._id });
      expect(keyStatus(await recordOf(owner, used.record._id), Date.now())).toBe("revoked");
    });

    test("bulk changes take them for what they are", async () => {
      const { owner, unused, used } = await begin();
      const keyIds = [unused.record._id, used.record._id];
      const foreseen = async (verb: "expire" | "delete") => {
        const wish = { caller: owner.caller, verb, keyIds, at: Date.now() };
        return (await deployment.call(internal.bulk.look, wish)).map(({ outcome }) => outcome);
      };
      expect(await foreseen("expire")).toEqual(["unchanged", "done"]);
      expect(await foreseen("delete")).toEqual(["done", "skipped"]);
      const wish = { caller: owner.caller, verb: "delete" as const, filter: {}, cursor: null, at: Date.now() };
      const { items } = await deployment.call(internal.bulk.lookByFilter, wish);
      expect(items.map(({ keyId }) => keyId)).toEqual([unused.record._id]);
    });
  });

  test("the sweep gives them the moment of their death as their expiry, for good, and says why", async () => {
    const owner = await join();
    await limitTo(owner, HOUR_MS);
    const [used, unused] = [await createKey(deployment, owner.caller), await createKey(deployment, owner.caller)];
    passTime(MINUTE_MS);
    await use(used.key);
    const usedAt = Date.now();
    passTime(HOUR_MS);
    const young = await createKey(deployment, owner.caller);
    passTime(MINUTE_MS);
    await sweep(owner);
    expect((await recordOf(owner, unused.record._id)).expiresAt).toBe(unused.record.createdAt + HOUR_MS);
    expect((await recordOf(owner, used.record._id)).expiresAt).toBe(usedAt + HOUR_MS);
    expect((await listOf(deployment, owner)).map(({ _id }) => _id)).toEqual([young.record._id]);
    const entries = await idleEntries(owner);
    expect(entries).toHaveLength(2);
    expect(entries.find(({ targetId }) => targetId === used.record._id)).toMatchObject({
      action: "key.expire",
      actor: { type: "system" },
      before: JSON.stringify({ expiresAt: used.record.expiresAt, lastUsedAt: usedAt }),
      after: JSON.stringify({ expiresAt: usedAt + HOUR_MS }),
    });
    // A loosened policy revives nothing that is written down as dead, and a second sweep writes nothing twice.
    await limitTo(owner, null);
    expect(await use(used.key)).toBe(401);
    await limitTo(owner, HOUR_MS);
    await sweep(owner);
    expect(await idleEntries(owner)).toHaveLength(2);
  });

  test("the sweep also finds keys with a limit of their own, without any policy", async () => {
    const owner = await join();
    const { record } = await createKey(deployment, owner.caller, { idleExpiryMs: HOUR_MS });
    const stays = await createKey(deployment, owner.caller);
    passTime(HOUR_MS + MINUTE_MS);
    await sweep(owner);
    expect((await recordOf(owner, record._id)).expiresAt).toBe(record.createdAt + HOUR_MS);
    expect((await recordOf(owner, stays.record._id)).expiresAt).toBe(stays.record.expiresAt);
  });

  test("the sweep leaves a minute for uses that are still under way", async () => {
    const owner = await join();
    await limitTo(owner, HOUR_MS);
    const { record } = await createKey(deployment, owner.caller);
    passTime(HOUR_MS + MINUTE_MS - 1);
    await sweep(owner);
    expect((await recordOf(owner, record._id)).expiresAt).toBe(record.expiresAt);
    passTime(1);
    await sweep(owner);
    expect((await recordOf(owner, record._id)).expiresAt).toBe(record.createdAt + HOUR_MS);
  });

  test("the hourly sweep goes through all of them, batch by batch, also paused ones and never dead ones", async () => {
    const owner = await join();
    await limitTo(owner, HOUR_MS);
    const { caller } = owner;
    const paused = await createKey(deployment, caller);
    await deployment.call(internal.keys.disable, { caller, keyId: paused.record._id });
    const revoked = await createKey(deployment, caller);
    await deployment.call(internal.keys.revoke, { caller, keyId: revoked.record._id });
    for (let count = 0; count < 105; count += 1) await createKey(deployment, caller, { ownerKind: "service" });
    passTime(2 * HOUR_MS);
    await deployment.call(internal.policy.sweep, {});
    await eventuallySwept(async () => expect(await listOf(deployment, owner)).toEqual([]));
    expect((await recordOf(owner, paused.record._id)).expiresAt).toBe(paused.record.createdAt + HOUR_MS);
    expect((await recordOf(owner, revoked.record._id)).expiresAt).toBe(revoked.record.expiresAt);
  });

  test("H6: of a use and a sweep at the same time, a use that was noted first wins", async () => {
    const owner = await join();
    await limitTo(owner, HOUR_MS);
    for (let round = 0; round < 20; round += 1) {
      const { key, record } = await createKey(deployment, owner.caller);
      passTime(HOUR_MS - 1);
      const usedAt = Date.now();
      // The sweep's clock is ahead, as if the use had been let in at the last moment.
      const [status] = await Promise.all([use(key), sweep(owner, usedAt + MINUTE_MS + 1)]);
      const { expiresAt } = await recordOf(owner, record._id);
      const expired = (await idleEntries(owner)).find(({ targetId }) => targetId === record._id);
      if (expired === undefined) expect([status, expiresAt]).toEqual([200, record.expiresAt]);
      else {
        expect(JSON.parse(expired.before ?? "")).toMatchObject({ lastUsedAt: null });
        expect(expiresAt).toBe(usedAt + 1);
      }
      await deployment.call(internal.keys.revoke, { caller: owner.caller, keyId: record._id });
    }
  });
});
