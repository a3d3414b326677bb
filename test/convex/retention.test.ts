import { describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import type { AuditEntry } from "../../convex/model/audit/lists.ts";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import { eventually, eventuallySwept, passTime, deployAtStoppedClock } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { AND, auditOf, createKey, createOrganization, listOf, refusalDataOf, refusalOf, verify } from "./world.ts";
import type { Person } from "./world.ts";

const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

describe.each(engines)("E29 C12: what is kept no longer, on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => {
    deployment = opened;
  });

  const join = async (): Promise<Person> => await (await createOrganization(deployment)).join("owner");
  const keep = async (person: Person, deadKeyRetentionMs: number | null) =>
    await deployment.call(internal.policy.update, { caller: person.caller, change: { deadKeyRetentionMs } });
  const revoke = async (person: Person, keyId: string) =>
    await deployment.call(internal.keys.revoke, { caller: person.caller, keyId });
  const preview = async (person: Person, wish: { deadKeyRetentionMs?: number; auditRetentionMs?: number } = {}) =>
    await deployment.call(internal.policy.previewDeletion, { caller: person.caller, ...wish, at: Date.now() });
  /** All that an organization has, dead ones too, oldest first. */
  const idsOf = async (person: Person) =>
    (await listOf(deployment, person, { includeDead: true })).map(({ _id }) => _id).toReversed();
  const sweep = async () => await deployment.call(internal.retention.sweep, {});
  /** One organization's share of a sweep, done when this returns: for what must not happen. */
  const sweepOf = async ({ caller: { organizationId } }: Person, retentionMs: number) =>
    await deployment.call(internal.retention.sweepKeys, { organizationId, before: Date.now() - retentionMs });

  test("nothing is deleted unless the policy says so", async () => {
    const owner = await join();
    const { record } = await createKey(deployment, owner.caller);
    await revoke(owner, record._id);
    const other = await join();
    await keep(other, DAY_MS);
    await revoke(other, (await createKey(deployment, other.caller)).record._id);
    passTime(1_000 * DAY_MS);
    await sweep();
    await eventually(async () => expect(await idsOf(other)).toEqual([]));
    expect(await idsOf(owner)).toEqual([record._id]);
    expect(await preview(owner)).toEqual({
      keys: { retentionMs: null, count: 0, capped: false, first: [] },
      auditEntries: { retentionMs: null, count: 0, capped: false, oldestAt: null },
    });
  });

  test("keys go when they have been dead for long enough, revoked or expired, and nothing else goes", async () => {
    const owner = await join();
    const { caller } = owner;
    await keep(owner, DAY_MS);
    const revoked = await createKey(deployment, caller);
    const expiring = await createKey(deployment, caller, { expiresAt: Date.now() + HOUR_MS });
    const [disabled, active] = [await createKey(deployment, caller), await createKey(deployment, caller)];
    await deployment.call(internal.keys.disable, { caller, keyId: disabled.record._id });
    await revoke(owner, revoked.record._id);
    passTime(HOUR_MS);
    await deployment.call(internal.keys.sweep, {});
    const later = await createKey(deployment, caller);
    await revoke(owner, later.record._id);

    passTime(23 * HOUR_MS);
    await sweepOf(owner, DAY_MS);
    expect(await idsOf(owner)).toHaveLength(5);
    passTime(1);
    await sweep();
    await eventually(async () => expect(await idsOf(owner)).not.toContain(revoked.record._id));
    expect(await idsOf(owner)).toHaveLength(4);
    passTime(HOUR_MS);
    await sweep();
    await eventually(async () => expect(await idsOf(owner)).toEqual([disabled.record._id, active.record._id]));
    expect(await verify(deployment, expiring.key)).toBeNull();
    expect((await verify(deployment, disabled.key))?.keyId).toBe(disabled.record._id);
  });

  test("a key goes with its secrets, its usage and its places, and its audit trail stays and tells", async () => {
    const owner = await join();
    const { caller } = owner;
    await keep(owner, DAY_MS);
    const { key, record } = await createKey(deployment, caller, { ownerKind: "service" });
    const keyId = record._id;
    const group = await deployment.call(internal.groups.create, {
      caller,
      name: "group",
    });
    await deployment.call(internal.groups.addMember, { caller, groupId: group.id, memberId: keyId });
    const license = await deployment.call(internal.licenses.create, { caller, name: "license", seats: 1 });
    await deployment.call(internal.licenses.assign, { caller, licenseId: license.id, holderId: keyId });
    const usageId = (await verify(deployment, key))?.usageId;
    await revoke(owner, keyId);
    passTime(DAY_MS + 1);
    await sweep();
    await eventually(async () => expect(await idsOf(owner)).toEqual([]));

    const where = [{ field: "key", value: sha256Base64Url(key), operator: "eq" as const, ...AND }];
    expect(await deployment.call(internal.auth.store.find, { table: "apikey", where, limit: 1 })).toEqual([]);
    if (usageId !== undefined) expect(await deployment.call(internal.usage.lastUse, { usageId })).toBeNull();
    const page = { cursor: null, limit: 10 };
    const members = await deployment.call(internal.groups.membersForCaller, { caller, groupId: group.id, ...page });
    expect(members.items).toEqual([]);
    const holders = await deployment.call(internal.licenses.holdersForCaller, {
      caller,
      licenseId: license.id,
      ...page,
    });
    expect(holders.items).toEqual([]);

    const entries = (await auditOf(deployment, owner)).filter(({ targetId }) => targetId === keyId);
    expect(entries.map(({ action }) => action)).toEqual(["key.delete", "key.revoke", "key.create"]);
    expect(entries[0]).toMatchObject({ actor: { type: "system" }, reason: "retention", after: null });
    expect(JSON.parse(entries[0]?.before ?? "")).toMatchObject({ name: record.name, start: record.start });
    const whole = await deployment.call(internal.audit.verifyChain, { caller, cursor: null, limit: 100 });
    expect(whole.broken).toBeNull();
  });

  test("keys that only the policy has ended stay: loosened, it gives them back", async () => {
    const owner = await join();
    const { key, record } = await createKey(deployment, owner.caller);
    await deployment.call(internal.policy.update, {
      caller: owner.caller,
      change: { maxLifetimeMs: HOUR_MS, deadKeyRetentionMs: DAY_MS },
    });
    passTime(3 * DAY_MS);
    await deployment.call(internal.policy.sweep, {});
    await eventually(async () => expect(await listOf(deployment, owner)).toEqual([]));
    await sweepOf(owner, DAY_MS);
    expect(await idsOf(owner)).toEqual([record._id]);
    expect((await verify(deployment, key))?.expiresAt).toBe(record.createdAt + HOUR_MS);
  });

  test("the dry run tells what would go, longest dead first, also for times that are only thought of", async () => {
    const owner = await join();
    const made: string[] = [];
    for (let count = 0; count < 60; count += 1) {
      const { record } = await createKey(deployment, owner.caller, { ownerKind: "service" });
      made.unshift(record._id);
    }
    for (const keyId of made) {
      passTime(1);
      await revoke(owner, keyId);
    }
    expect((await preview(owner, { deadKeyRetentionMs: DAY_MS })).keys.count).toBe(0);
    passTime(DAY_MS);
    const { keys } = await preview(owner, { deadKeyRetentionMs: DAY_MS });
    // The one that was revoked last has been dead for a day, and no longer.
    expect(keys).toMatchObject({ retentionMs: DAY_MS, count: 59, capped: false });
    expect(keys.first.map(({ id }) => id)).toEqual(made.slice(0, 50));
    expect(keys.first[0]?.diedAt).toBe(Date.now() - DAY_MS - 59);
    expect((await preview(owner)).keys.retentionMs).toBeNull();
    expect(await idsOf(owner)).toHaveLength(60);
  });

  test("the dry run is for who may read policy and keys, and refuses times that no policy allows", async () => {
    const organization = await createOrganization(deployment);
    const [member, developer] = [await organization.join("member"), await organization.join("developer")];
    expect(await refusalOf(preview(member))).toBe("FORBIDDEN");
    expect(await refusalOf(preview(developer))).toBeNull();
    const wrong = await refusalDataOf(preview(developer, { deadKeyRetentionMs: DAY_MS - 1 }));
    expect(wrong).toMatchObject({ code: "INVALID_INPUT", fields: [{ path: "deadKeyRetentionMs" }] });
  });

  test("a sweep of many goes batch by batch, and two at once delete each key once", async () => {
    const owner = await join();
    await keep(owner, DAY_MS);
    const COUNT = 120;
    for (let count = 0; count < COUNT; count += 1) {
      const { record } = await createKey(deployment, owner.caller, { ownerKind: "service" });
      await revoke(owner, record._id);
    }
    passTime(DAY_MS + 1);
    await Promise.all([sweep(), sweep()]);
    await eventuallySwept(async () => {
      const { organizationId } = owner.caller;
      const dead = await deployment.call(api.keys.countDead, { organizationId }, owner.userId);
      expect(dead).toEqual({ count: 0, capped: false });
    });
    const deletions = (await entriesOf(owner)).filter(({ action }) => action === "key.delete");
    expect(new Set(deletions.map(({ targetId }) => targetId)).size).toBe(COUNT);
    expect(deletions).toHaveLength(COUNT);
  });

  test("audit entries go on a clock of their own, and the chain stays whole", async () => {
    const owner = await join();
    const { caller } = owner;
    const { record } = await createKey(deployment, caller);
    passTime(20 * DAY_MS);
    await revoke(owner, record._id);
    passTime(11 * DAY_MS);
    const auditRetentionMs = 30 * DAY_MS;
    const { auditEntries } = await preview(owner, { auditRetentionMs });
    expect(auditEntries).toMatchObject({ retentionMs: auditRetentionMs, count: 3, capped: false });
    await deployment.call(internal.policy.update, { caller, change: { auditRetentionMs } });
    await sweep();
    await eventually(async () => {
      const actions = (await auditOf(deployment, owner)).map(({ action }) => action);
      expect(actions).toEqual(["audit.prune", "policy.update", "key.revoke"]);
    });
    const whole = await deployment.call(internal.audit.verifyChain, { caller, cursor: null, limit: 100 });
    expect(whole.broken).toBeNull();
    // The key's record has its own time.
    expect(await idsOf(owner)).toEqual([record._id]);
  });

  async function entriesOf(person: Person): Promise<AuditEntry[]> {
    const entries: AuditEntry[] = [];
    let cursor: string | null = null;
    do {
      const page: { items: AuditEntry[]; nextCursor: string | null } = await deployment.call(
        internal.audit.exportForCaller,
        { caller: person.caller, cursor, limit: 1000 },
      );
      entries.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return entries;
  }
});
