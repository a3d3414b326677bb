import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import { parseKey } from "../../convex/shared/keyFormat.ts";
import { DEFAULT_LIFETIME_MS, MAX_LIFETIME_MS } from "../../convex/shared/limits.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { auditOf, createKey, createOrganization, listOf, refusalDataOf, refusalOf, reach, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

describe.each(engines)("creating a key on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let admin: Person;
  let developer: Person;

  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    admin = await organization.join("admin");
    developer = await organization.join("developer");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  test("H3 R2: answers a well-formed key whose public parts are in its record, and which verifies", async () => {
    const { key, record } = await createKey(deployment, developer.caller, { name: "  Deploy bot ", env: "test" });
    const parsed = parseKey(key);
    expect(parsed).toMatchObject({ prefix: "lk", env: "test", start: record.start, last4: record.last4 });
    expect(record).toMatchObject({
      name: "Deploy bot",
      ownerKind: "personal",
      ownerUserId: developer.userId,
      createdByUserId: developer.userId,
      version: 1,
      disabledAt: null,
      revokedAt: null,
      previousSecretValidUntil: null,
    });
    expect(await verify(deployment, key)).toMatchObject({
      keyId: record._id,
      ownerActive: true,
      secretValidUntil: null,
    });
  });

  test("C4 H6: lives 30 days unless told otherwise, a year at most", async () => {
    const { record } = await createKey(deployment, developer.caller);
    expect(record.expiresAt).toBe(record.createdAt + DEFAULT_LIFETIME_MS);
    const year = await createKey(deployment, developer.caller, { expiresAt: Date.now() + MAX_LIFETIME_MS });
    expect(year.record.expiresAt).toBeGreaterThan(Date.now() + MAX_LIFETIME_MS - DAY_MS);
    for (const expiresAt of [Date.now() - 1, 0, -5, Date.now() + MAX_LIFETIME_MS + DAY_MS, null, Number.NaN, 1.5]) {
      const refusal = await refusalDataOf(createKey(deployment, developer.caller, { expiresAt }));
      expect(refusal, String(expiresAt)).toMatchObject({ code: "INVALID_INPUT", fields: [{ path: "expiresAt" }] });
    }
  });

  test.each(["", "   ", "a".repeat(101), "line\nbreak", "bell\u0007", "zero\u200bwidth", "turned\u202eround"])(
    "H6 R1: refuses the name %j",
    async (name) => {
      const refusal = await refusalDataOf(createKey(deployment, developer.caller, { name }));
      expect(refusal).toMatchObject({ code: "INVALID_INPUT", fields: [{ path: "name" }] });
    },
  );

  test("H6: names every wrong field at once", async () => {
    const refusal = await refusalDataOf(
      createKey(deployment, admin.caller, {
        name: " ",
        description: "x".repeat(501),
        tags: [""],
        permissions: ["orders:read", "nonsense", "keys:fly", "*:*"],
        expiresAt: 1,
        rateLimit: { limit: 0, windowMs: 1000 },
      }),
    );
    expect(refusal?.code).toBe("INVALID_INPUT");
    expect(refusal?.fields?.map(({ path }) => path)).toEqual([
      "name",
      "expiresAt",
      "description",
      "tags",
      "rateLimit",
      "permissions.1",
      "permissions.2",
      "permissions.3",
    ]);
  });

  test("E2: keys begin as the organization has chosen, and refuses a prefix that is none", async () => {
    const { caller } = await (await createOrganization(deployment)).join("owner");
    const choose = async (keyPrefix: string) =>
      await deployment.call(internal.organizations.update, { caller, keyPrefix });
    for (const keyPrefix of ["", "x", "Latch", "lk_", "a".repeat(17), "é2"]) {
      const refusal = await refusalDataOf(choose(keyPrefix));
      expect(refusal).toMatchObject({ code: "INVALID_INPUT", fields: [{ path: "keyPrefix" }] });
    }
    for (const keyPrefix of ["a2", "a".repeat(16)]) {
      expect(await choose(keyPrefix)).toMatchObject({ keyPrefix });
      const { key, record } = await createKey(deployment, caller);
      expect(key.startsWith(`${keyPrefix}_live_`)).toBe(true);
      expect(record.prefix).toBe(keyPrefix);
    }
    const { key } = await createKey(deployment, admin.caller);
    expect(key.startsWith("lk_live_")).toBe(true);
  });

  test("E30: takes a name once among the owner's live keys, and again when its key is dead", async () => {
    const person = await organization.join("developer");
    const soon = Date.now() + 400;
    await createKey(deployment, person.caller, { name: "Build", expiresAt: soon });
    expect(await refusalOf(createKey(deployment, person.caller, { name: " ｂuild " }))).toBe("NAME_TAKEN");
    // Another owner's names are their own.
    await createKey(deployment, developer.caller, { name: "Build" });
    await reach(soon);
    await createKey(deployment, person.caller, { name: "build" });
    expect(await refusalOf(createKey(deployment, person.caller, { name: "BUILD" }))).toBe("NAME_TAKEN");
  });

  test("E30: names of service keys are unique in the organization, whoever answers for them", async () => {
    const other = await organization.join("admin");
    await createKey(deployment, admin.caller, { name: "Ingest", ownerKind: "service" });
    expect(await refusalOf(createKey(deployment, other.caller, { name: "ingest", ownerKind: "service" }))).toBe(
      "NAME_TAKEN",
    );
    await createKey(deployment, other.caller, { name: "ingest", ownerKind: "personal" });
  });

  test("H7: stops at a hundred live keys per person; a dead one makes room", async () => {
    const person = await organization.join("developer");
    const soon = Date.now() + 60_000;
    for (let made = 0; made < 99; made += 1) await createKey(deployment, person.caller);
    const last = await createKey(deployment, person.caller, { expiresAt: soon });
    expect(await refusalOf(createKey(deployment, person.caller))).toBe("KEY_LIMIT_REACHED");
    await createKey(deployment, admin.caller, { ownerKind: "service", ownerUserId: person.userId });
    await deployment.call(internal.keys.expire, { caller: person.caller, keyId: last.record._id });
    await createKey(deployment, person.caller);
  }, 60_000);

  test("E8: grants only what the creator holds", async () => {
    const member = await organization.join("member");
    expect(await refusalOf(createKey(deployment, member.caller))).toBe("FORBIDDEN");
    const refusal = await refusalDataOf(
      createKey(deployment, developer.caller, { permissions: ["orders:write", "audit:read", "keys:create"] }),
    );
    expect(refusal).toMatchObject({ code: "FORBIDDEN", fields: [{ path: "permissions.1" }] });
    expect(await refusalOf(createKey(deployment, developer.caller, { permissions: ["members:*"] }))).toBe("FORBIDDEN");
    await createKey(deployment, developer.caller, { permissions: ["orders:*", "keys:*"] });
    // A service key acts on everything, so what its creator holds on their own keys is not enough.
    await createKey(deployment, admin.caller, { permissions: ["keys:*", "audit:read"], ownerKind: "service" });
  });

  test("lets only who may manage every key create one for somebody else or for a service", async () => {
    expect(await refusalOf(createKey(deployment, developer.caller, { ownerKind: "service" }))).toBe("FORBIDDEN");
    expect(await refusalOf(createKey(deployment, developer.caller, { ownerUserId: admin.userId }))).toBe("FORBIDDEN");
    const { record } = await createKey(deployment, admin.caller, { ownerUserId: developer.userId });
    expect(record).toMatchObject({ ownerUserId: developer.userId, createdByUserId: admin.userId });
  });

  test("refuses an owner from elsewhere", async () => {
    const stranger = await (await createOrganization(deployment)).join("owner");
    for (const ownerUserId of [stranger.userId, "nonsense", organization.organizationId]) {
      const refusal = await refusalDataOf(createKey(deployment, admin.caller, { ownerUserId }));
      expect(refusal).toMatchObject({ code: "INVALID_INPUT", fields: [{ path: "ownerUserId" }] });
    }
  });

  test("H8: is refused to whoever is no member, and to a suspended one", async () => {
    const stranger = await (await createOrganization(deployment)).join("owner");
    const { organizationId } = organization;
    expect(await refusalOf(createKey(deployment, { ...stranger.caller, organizationId }))).toBe("FORBIDDEN");
    const suspended = await organization.join("suspended");
    expect(await refusalOf(createKey(deployment, suspended.caller))).toBe("FORBIDDEN");
  });

  test("H6 N5: leaves nothing behind when it is refused", async () => {
    const person = await organization.join("developer");
    await createKey(deployment, person.caller, { name: "only" });
    const before = (await auditOf(deployment, admin)).length;
    expect(await refusalOf(createKey(deployment, person.caller, { name: "only" }))).toBe("NAME_TAKEN");
    expect(await listOf(deployment, person, { search: "only" })).toHaveLength(1);
    expect((await auditOf(deployment, admin)).length).toBe(before);
  });
});
