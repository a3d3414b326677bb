import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import { keyStatus } from "../../convex/shared/keyStatus.ts";
import { parseKey } from "../../convex/shared/keyFormat.ts";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { auditOf, createKey, createOrganization, listOf, reach, refusalOf, toLive, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const HOUR_MS = 60 * 60 * 1000;

describe.each(engines)("the life of a key on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let admin: Person;

  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    admin = await organization.join("admin");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const rotate = async (keyId: string, graceMs?: number) =>
    await deployment.call(internal.credentials.rotate, { caller: admin.caller, keyId, graceMs });
  const act = async (verb: "revoke" | "expire" | "disable" | "enable", keyId: string) =>
    await deployment.call(internal.keys[verb], { caller: admin.caller, keyId });

  test("H5: a revoked key says so at once, keeps its record, and who and why", async () => {
    const { key, record } = await createKey(deployment, admin.caller);
    const revoked = await deployment.call(internal.keys.revoke, {
      caller: admin.caller,
      keyId: record._id,
      reason: " leaked ",
    });
    expect(revoked).toMatchObject({ revokedBy: admin.userId, revokeReason: "leaked" });
    expect(keyStatus(revoked, Date.now())).toBe("revoked");
    expect((await verify(deployment, key))?.revokedAt).toBe(revoked.revokedAt);
    expect((await listOf(deployment, admin)).some(({ _id }) => _id === record._id)).toBe(false);
    expect((await listOf(deployment, admin, { includeDead: true })).some(({ _id }) => _id === record._id)).toBe(true);
  });

  test("H5: revoking twice changes nothing the second time", async () => {
    const { record } = await createKey(deployment, admin.caller);
    const first = await act("revoke", record._id);
    const entries = (await auditOf(deployment, admin)).length;
    expect(await act("revoke", record._id)).toEqual(first);
    expect((await auditOf(deployment, admin)).length).toBe(entries);
  });

  test("C10: expiring sets the expiry to now", async () => {
    const { key, record } = await createKey(deployment, admin.caller);
    const before = Date.now();
    const expired = await act("expire", record._id);
    expect(expired.expiresAt).toBeGreaterThanOrEqual(before);
    expect(keyStatus(expired, expired.expiresAt ?? 0)).toBe("expired");
    expect((await verify(deployment, key))?.expiresAt).toBe(expired.expiresAt);
  });

  test("disabling pauses and enabling resumes", async () => {
    const { key, record } = await createKey(deployment, admin.caller);
    const disabled = await act("disable", record._id);
    expect(keyStatus(disabled, Date.now())).toBe("disabled");
    expect((await verify(deployment, key))?.disabledAt).toBe(disabled.disabledAt);
    expect(await act("disable", record._id)).toEqual(disabled);
    const enabled = await act("enable", record._id);
    expect(enabled.disabledAt).toBeNull();
    expect((await verify(deployment, key))?.disabledAt).toBeNull();
    expect(await act("enable", record._id)).toEqual(enabled);
  });

  test.each(["expire", "disable", "enable"] as const)("E13: a dead key cannot be changed by %s", async (verb) => {
    const revoked = await createKey(deployment, admin.caller);
    await act("revoke", revoked.record._id);
    expect(await refusalOf(act(verb, revoked.record._id))).toBe("CONFLICT");
    const expired = await createKey(deployment, admin.caller);
    await act("expire", expired.record._id);
    expect(await refusalOf(act(verb, expired.record._id))).toBe("CONFLICT");
    expect((await act("revoke", expired.record._id)).revokedAt).not.toBeNull();
  });

  test("only a dead key can be deleted, and then its secrets go and its audit trail stays", async () => {
    const { key, record } = await createKey(deployment, admin.caller, { name: "short-lived" });
    const keyId = record._id;
    const remove = () => deployment.call(internal.keys.remove, { caller: admin.caller, keyId });
    expect(await refusalOf(remove())).toBe("CONFLICT");
    await act("disable", keyId);
    expect(await refusalOf(remove())).toBe("CONFLICT");
    await act("expire", keyId);
    await remove();
    expect(await verify(deployment, key)).toBeNull();
    expect(await refusalOf(remove())).toBe("NOT_FOUND");
    const rows = await deployment.call(internal.auth.store.find, {
      table: "apikey",
      where: [{ field: "key", operator: "eq", value: sha256Base64Url(key), connector: "AND", mode: "sensitive" }],
      limit: 1,
    });
    expect(rows).toEqual([]);
    const entries = (await auditOf(deployment, admin)).filter(({ targetId }) => targetId === keyId);
    expect(entries.map(({ action }) => action)).toEqual(["key.delete", "key.expire", "key.disable", "key.create"]);
  });

  test("deleting a key takes it out of its groups and gives back the seats of its licenses", async () => {
    const { caller, userId } = admin;
    const make = async () => (await createKey(deployment, caller, { ownerKind: "service" })).record._id;
    const [leaver, stayer] = [await make(), await make()];
    const group = await deployment.call(internal.groups.create, {
      caller,
      name: "readers",
      permissions: ["orders:read"],
    });
    const license = await deployment.call(internal.licenses.create, { caller, name: "pro", seats: 1 });
    const assign = async (holderId: string) =>
      await deployment.call(internal.licenses.assign, { caller, licenseId: license.id, holderId });
    await deployment.call(internal.groups.addMember, { caller, groupId: group.id, memberId: leaver });
    await assign(leaver);
    expect(await refusalOf(assign(stayer))).not.toBeNull();
    await act("revoke", leaver);
    await deployment.call(internal.keys.remove, { caller, keyId: leaver });
    const { organizationId } = organization;
    expect(await deployment.call(api.groups.members, { organizationId, groupId: group.id }, userId)).toEqual([]);
    await assign(stayer);
  });

  test("N6 F1: rotating keeps id, rights and public part, and kills the old secret at once", async () => {
    const { key, record } = await createKey(deployment, admin.caller, { permissions: ["orders:read"] });
    await deployment.call(internal.organizations.update, { caller: admin.caller, keyPrefix: "acme" });
    const rotated = await rotate(record._id);
    await deployment.call(internal.organizations.update, { caller: admin.caller, keyPrefix: "lk" });
    expect(rotated.key).not.toBe(key);
    expect(parseKey(rotated.key)?.start).toBe(record.start);
    expect(rotated.record).toMatchObject({
      _id: record._id,
      version: 2,
      permissions: ["orders:read"],
      expiresAt: record.expiresAt,
      last4: rotated.key.slice(-4),
      previousSecretValidUntil: null,
    });
    expect(await verify(deployment, key)).toBeNull();
    expect(await verify(deployment, rotated.key)).toMatchObject({ keyId: record._id, secretValidUntil: null });
  });

  test("a grace period lets the old secret work until it ends, and the next rotation can cut it short", async () => {
    const { key, record } = await createKey(deployment, admin.caller);
    const before = Date.now();
    const second = await rotate(record._id, HOUR_MS);
    const until = second.record.previousSecretValidUntil ?? 0;
    expect(until).toBeGreaterThanOrEqual(before + HOUR_MS);
    expect(until).toBeLessThanOrEqual(Date.now() + HOUR_MS);
    expect(await verify(deployment, key)).toMatchObject({ keyId: record._id, secretValidUntil: until });

    const third = await rotate(record._id, 10 * HOUR_MS);
    // The longer grace is for the second secret; the first one's does not grow.
    expect((await verify(deployment, key))?.secretValidUntil).toBe(until);
    expect((await verify(deployment, second.key))?.secretValidUntil).toBeGreaterThan(until);

    const fourth = await rotate(record._id, 0);
    expect(await verify(deployment, key)).toBeNull();
    expect(await verify(deployment, second.key)).toBeNull();
    expect(await verify(deployment, third.key)).toBeNull();
    expect(await verify(deployment, fourth.key)).toMatchObject({ secretValidUntil: null });
  });

  test("no more than five secrets of a key work at once", async () => {
    const { key, record } = await createKey(deployment, admin.caller);
    const keys = [key];
    for (let turn = 0; turn < 6; turn += 1) keys.push((await rotate(record._id, HOUR_MS)).key);
    const found = await Promise.all(keys.map((each) => verify(deployment, each)));
    expect(found.map((state) => state !== null)).toEqual([false, false, true, true, true, true, true]);
  });

  test.each([-1, 0.5, 31 * 24 * HOUR_MS, Number.NaN])("refuses a grace period of %d ms", async (graceMs) => {
    const { key, record } = await createKey(deployment, admin.caller);
    expect(await refusalOf(rotate(record._id, graceMs))).toBe("INVALID_INPUT");
    expect((await verify(deployment, key))?.secretValidUntil).toBeNull();
  });

  test("E13: a dead key cannot be rotated", async () => {
    const revoked = await createKey(deployment, admin.caller);
    await act("revoke", revoked.record._id);
    expect(await refusalOf(rotate(revoked.record._id))).toBe("CONFLICT");
    const soon = Date.now() + 300;
    const expiring = await createKey(deployment, admin.caller, { expiresAt: soon });
    await reach(soon);
    expect(await refusalOf(rotate(expiring.record._id))).toBe("CONFLICT");
  });

  test("E13: of many rotations at once one wins and the others are told", async () => {
    const { key, record } = await createKey(deployment, admin.caller);
    const attempts = await Promise.allSettled([rotate(record._id), rotate(record._id), rotate(record._id)]);
    const won = attempts.flatMap((attempt) => (attempt.status === "fulfilled" ? [attempt.value] : []));
    // They may also have come one after the other; then each won in its turn, and only the last secret works.
    const last = won.toSorted((a, b) => b.record.version - a.record.version)[0];
    expect(new Set(won.map(({ record: { version } }) => version)).size).toBe(won.length);
    for (const attempt of attempts) {
      if (attempt.status === "rejected") expect(await refusalOf(Promise.reject(attempt.reason))).toBe("CONFLICT");
    }
    expect(await verify(deployment, key)).toBeNull();
    for (const { key: each } of won) expect((await verify(deployment, each)) !== null).toBe(each === last?.key);
  });

  test("E13: a rotation that started from an older version is refused", async () => {
    const { key, record } = await createKey(deployment, admin.caller);
    const { caller } = admin;
    const state = await deployment.call(internal.keys.getForRotation, { caller, keyId: record._id, at: Date.now() });
    await rotate(record._id);
    const secret = forgedSecret(key);
    const late = { caller, keyId: record._id, seenVersion: state.version, graceMs: 0, secret };
    expect(await refusalOf(deployment.call(internal.keys.replaceSecret, late))).toBe("CONFLICT");
    expect(await verify(deployment, key)).toBeNull();
  });

  test("E13: a rotation that meets a revoke leaves nothing that works", async () => {
    const { key, record } = await createKey(deployment, admin.caller);
    const [rotation] = await Promise.allSettled([rotate(record._id, HOUR_MS), act("revoke", record._id)]);
    const keys = rotation.status === "fulfilled" ? [key, rotation.value.key] : [key];
    for (const each of keys) {
      const state = await verify(deployment, each);
      expect(state === null || state.revokedAt !== null).toBe(true);
    }
    expect(await refusalOf(rotate(record._id))).toBe("CONFLICT");
  });

  test("C8: the sweep moves expired keys out of the live list and changes nothing else", async () => {
    const place = await createOrganization(deployment);
    const owner = await place.join("owner");
    const soon = Date.now() + 300;
    const { record } = await createKey(deployment, owner.caller, { expiresAt: soon });
    const stays = await createKey(deployment, owner.caller);
    await reach(soon);
    await deployment.call(internal.keys.sweep, {});
    expect((await listOf(deployment, owner)).map(({ _id }) => _id)).toEqual([stays.record._id]);
    const { organizationId } = place;
    expect(await deployment.call(api.keys.countDead, { organizationId }, owner.userId)).toEqual({
      count: 1,
      capped: false,
    });
    expect(await deployment.call(api.keys.get, { organizationId, keyId: record._id }, owner.userId)).toEqual(
      toLive(record),
    );
  });
});

function forgedSecret(key: string) {
  const parsed = parseKey(key);
  if (parsed === null) throw new Error("no key");
  const hash = sha256Base64Url(`${key}x`);
  return { ...parsed, credential: { configId: "default", referenceId: "r", key: hash, createdAt: 0, updatedAt: 0 } };
}
