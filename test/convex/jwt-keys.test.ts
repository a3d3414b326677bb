import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { NewKey } from "../../convex/model/keys/newKeys.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, listOf, refusalDataOf, refusalOf } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

describe.each(engines)("what is signed into a JWT key on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let admin: Person;
  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    admin = await organization.join("owner");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const draft = async (input: NewKey, person = admin) =>
    await deployment.call(internal.keys.draftJwt, { caller: person.caller, input, at: Date.now() });
  /** Stores a key whose JWT says this, as if it had just been minted. */
  const insert = async (input: NewKey, signed?: { permissions: string[]; expiresAt: number }) => {
    const hash = `${input.name}-${crypto.randomUUID()}`;
    const { organizationId } = organization;
    const now = Date.now();
    const credential = { configId: "default", referenceId: organizationId, key: hash, createdAt: now, updatedAt: now };
    const keyIdText = crypto.randomUUID().slice(0, 8);
    const shown = { prefix: "lk", env: "live" as const, keyIdText, start: `lk_live_${keyIdText}`, last4: "abcd" };
    const secret = { credential, ...shown, signed };
    return await deployment.call(internal.keys.insert, { caller: admin.caller, input, secret });
  };
  test("H2: is what the key can do, and its end on a whole second", async () => {
    const expiresAt = Date.now() + 20 * DAY_MS + 123;
    const signed = await draft(wish("drafted", { expiresAt, roles: ["member"] }));
    expect(signed.expiresAt).toBe(Math.floor(expiresAt / 1000) * 1000);
    expect(signed.permissions).toEqual(expect.arrayContaining(["orders:read", "members:read", "policy:read"]));
    // What a role grants on one's own keys only is nothing to a service key.
    expect(signed.permissions).not.toContain("keys:revoke");
    const { key, record } = await createKey(deployment, admin.caller, wish("made", { expiresAt, roles: ["member"] }));
    expect(decodeJwt(key)).toMatchObject({ permissions: signed.permissions, exp: signed.expiresAt / 1000 });
    expect(record.expiresAt).toBe(signed.expiresAt);
  });

  test("of a personal key is cut to what its owner may do", async () => {
    const member = await organization.join("member");
    const input = wish("a member's", { ownerKind: "personal", ownerUserId: member.userId });
    expect(await draft({ ...input, permissions: ["orders:read", "orders:write"] })).toMatchObject({
      permissions: ["orders:read"],
    });
  });

  test("C6: of a key that may touch nothing is that it may do nothing", async () => {
    for (const ownerKind of ["service", "personal"] as const) {
      const input = wish(`touching nothing, ${ownerKind}`, { ownerKind, allowList: [] });
      const { key, record } = await createKey(deployment, admin.caller, input);
      expect(decodeJwt(key)).toMatchObject({ permissions: [] });
      expect(record.permissions).toEqual(["orders:read"]);
    }
  });

  test("says from when on the key is good", async () => {
    const notBefore = Date.now() + DAY_MS;
    const { key } = await createKey(deployment, admin.caller, wish("later", { notBefore }));
    expect(decodeJwt(key).nbf).toBe(Math.ceil(notBefore / 1000));
  });

  test("E8: has to be what the record says, or nothing is made: somebody may change a role in between", async () => {
    const input = wish("changed in between");
    const signed = await draft(input);
    const decided = { ...input, expiresAt: signed.expiresAt };
    const wrong = [
      { ...signed, permissions: ["orders:*"] },
      { ...signed, permissions: [] },
      { ...signed, permissions: ["orders:read", "stock:read"] },
      { ...signed, expiresAt: signed.expiresAt + 1000 },
    ];
    for (const claimed of wrong) expect(await refusalOf(insert(decided, claimed))).toBe("CONFLICT");
    await expect(insert(decided)).rejects.toThrow("without being signed");
    expect((await listOf(deployment, admin)).map(({ name }) => name)).not.toContain(input.name);
    expect(await insert(decided, signed)).toMatchObject({ format: "jwt", name: input.name });
  });

  test("E9: a rotation is held to the same", async () => {
    const { record } = await createKey(deployment, admin.caller, wish("rotated"));
    const { caller } = admin;
    const state = await deployment.call(internal.keys.getForRotation, { caller, keyId: record._id, at: Date.now() });
    expect(state.signed).toEqual({ permissions: ["orders:read"], expiresAt: record.expiresAt });
    const changes = { permissions: ["stock:read"] };
    await deployment.call(internal.keys.update, { caller, keyId: record._id, changes });
    const now = Date.now();
    const credential = {
      configId: "default",
      referenceId: "x",
      key: crypto.randomUUID(),
      createdAt: now,
      updatedAt: now,
    };
    const { prefix, env, keyIdText, signed, version } = state;
    if (signed === null) throw new Error("an opaque key");
    const secret = { credential, prefix, env, keyIdText, start: record.start, last4: "abcd", signed };
    const change = { caller, keyId: record._id, seenVersion: version, graceMs: 0, secret };
    expect(await refusalOf(deployment.call(internal.keys.replaceSecret, change))).toBe("CONFLICT");
  });

  test("H2: a calling key makes none that outlives it, so one that ends within 7 days makes none", async () => {
    const maker = await createKey(deployment, admin.caller, {
      ownerKind: "service",
      permissions: ["orders:read", "keys:create"],
      expiresAt: Date.now() + 5 * DAY_MS,
    });
    const refused = await refusalDataOf(
      createKey(deployment, maker.as, { format: "jwt", permissions: ["orders:read"] }),
    );
    expect(refused).toMatchObject({ code: "INVALID_INPUT", fields: [{ path: "expiresAt" }] });
  });

  test("H2: always ends, whatever the policy allows, and within what it allows", async () => {
    const { caller } = admin;
    const update = async (change: { neverExpiring?: boolean; maxLifetimeMs?: number; defaultLifetimeMs?: number }) =>
      await deployment.call(internal.policy.update, { caller, change });
    const refused = { code: "INVALID_INPUT", fields: [{ path: "expiresAt" }] };
    await update({ neverExpiring: true });
    expect(await refusalDataOf(draft(wish("endless", { expiresAt: null })))).toMatchObject(refused);
    await update({ neverExpiring: false, maxLifetimeMs: 20 * DAY_MS, defaultLifetimeMs: 10 * DAY_MS });
    expect(await refusalDataOf(draft(wish("long", { expiresAt: Date.now() + 21 * DAY_MS })))).toMatchObject(refused);
    expect((await draft(wish("usual"))).expiresAt).toBeLessThanOrEqual(Date.now() + 10 * DAY_MS);
    await update({ maxLifetimeMs: 5 * DAY_MS, defaultLifetimeMs: 5 * DAY_MS });
    expect(await refusalDataOf(draft(wish("short")))).toMatchObject(refused);
    await update({ maxLifetimeMs: 365 * DAY_MS, defaultLifetimeMs: 30 * DAY_MS });
  });

  test("an opaque key is not signed, and rotating it changes no expiry", async () => {
    const { record } = await createKey(deployment, admin.caller, { ownerKind: "service" });
    const { caller } = admin;
    const args = { caller, keyId: record._id, at: Date.now() };
    expect(await deployment.call(internal.keys.getForRotation, args)).toMatchObject({ signed: null });
    const wanted = { ...args, expiresAt: Date.now() + 30 * DAY_MS };
    const refused = await refusalDataOf(deployment.call(internal.keys.getForRotation, wanted));
    expect(refused).toMatchObject({ code: "INVALID_INPUT", fields: [{ path: "expiresAt" }] });
  });
});

function wish(name: string, input: Partial<NewKey> = {}): NewKey {
  return { name, format: "jwt", ownerKind: "service", permissions: ["orders:read"], ...input };
}
