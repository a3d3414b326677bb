import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { auditOf, createKey, createOrganization, refusalDataOf, refusalOf } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

describe.each(engines)("a key that manages keys on $name", (engine) => {
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

  test("H9 E8: cannot unless it was given the right by name", async () => {
    const target = await createKey(deployment, admin.caller);
    const plain = await createKey(deployment, admin.caller, { permissions: ["orders:*"], ownerKind: "service" });
    const keyId = target.record._id;
    expect(await refusalOf(createKey(deployment, plain.as))).toBe("FORBIDDEN");
    expect(await refusalOf(deployment.call(internal.keys.revoke, { caller: plain.as, keyId }))).toBe("NOT_FOUND");
    expect(await refusalOf(deployment.call(internal.credentials.rotate, { caller: plain.as, keyId }))).toBe(
      "NOT_FOUND",
    );
    const list = { caller: plain.as, includeDead: false, filter: {}, cursor: null, limit: 5, at: 0 };
    expect(await refusalOf(deployment.call(internal.keys.listForCaller, list))).toBe("FORBIDDEN");
    // Not even itself.
    expect(await refusalOf(deployment.call(internal.keys.revoke, { caller: plain.as, keyId: plain.record._id }))).toBe(
      "NOT_FOUND",
    );
  });

  test("E8: makes keys of its own kind, no broader and no longer-lived", async () => {
    const expiresAt = Date.now() + 10 * DAY_MS;
    const maker = await createKey(deployment, admin.caller, {
      ownerKind: "service",
      permissions: ["keys:create", "orders:read", "stock:*"],
      expiresAt,
      env: "test",
      rateLimit: { limit: 10, windowMs: 60_000 },
    });
    const made = await createKey(deployment, maker.as, { env: "test", permissions: ["orders:read", "stock:write"] });
    expect(made.record).toMatchObject({
      ownerKind: "service",
      ownerUserId: admin.userId,
      createdByKeyId: maker.record._id,
      expiresAt,
      rateLimit: { limit: 10, windowMs: 60_000 },
    });
    const refused = async (input: Parameters<typeof createKey>[2]) =>
      await refusalOf(createKey(deployment, maker.as, { env: "test", ...input }));
    expect(await refused({ permissions: ["orders:write"] })).toBe("FORBIDDEN");
    expect(await refused({ permissions: ["orders:*"] })).toBe("FORBIDDEN");
    expect(await refused({ permissions: ["keys:*"] })).toBe("FORBIDDEN");
    expect(await refused({ permissions: ["keys:revoke"] })).toBe("FORBIDDEN");
    expect(await refused({ expiresAt: expiresAt + 1 })).toBe("FORBIDDEN");
    expect(await refused({ env: "live" })).toBe("FORBIDDEN");
    expect(await refused({ ownerKind: "personal" })).toBe("FORBIDDEN");
    expect(await refused({ ownerUserId: developer.userId })).toBe("FORBIDDEN");
    expect(await refused({ rateLimit: { limit: 11, windowMs: 60_000 } })).toBe("FORBIDDEN");
    expect(await refused({ rateLimit: { limit: 10, windowMs: 30_000 } })).toBe("FORBIDDEN");
    expect(await refused({ expiresAt: expiresAt - 1, rateLimit: { limit: 5, windowMs: 60_000 } })).toBeNull();
  });

  test("E8 makes no key that works from addresses where it does not work itself", async () => {
    const maker = await createKey(deployment, admin.caller, {
      ownerKind: "service",
      permissions: ["keys:create"],
      cidrs: ["10.0.0.0/8", "2001:db8::/32"],
    });
    const make = async (cidrs?: string[] | null) => await createKey(deployment, maker.as, { cidrs });
    expect((await make()).record.cidrs).toEqual(["10.0.0.0/8", "2001:db8::/32"]);
    expect((await make(["10.1.0.0/16"])).record.cidrs).toEqual(["10.1.0.0/16"]);
    for (const wider of [null, ["10.0.0.0/7"], ["10.1.0.0/16", "192.0.2.1"], ["::/0"]]) {
      expect(await refusalOf(make(wider))).toBe("FORBIDDEN");
    }
  });

  test("E8 makes and enables no key for resources that it may not touch itself", async () => {
    const maker = await createKey(deployment, admin.caller, {
      ownerKind: "service",
      permissions: ["keys:create", "keys:disable", "keys:read"],
      allowList: ["key:*", "project:*", "report:7"],
    });
    const make = async (allowList?: string[] | null) => await createKey(deployment, maker.as, { allowList });
    expect((await make()).record.allowList).toEqual(["key:*", "project:*", "report:7"]);
    expect((await make(["report:7", "project:1"])).record.allowList).toEqual(["project:1", "report:7"]);
    expect((await make([])).record.allowList).toEqual([]);
    for (const wider of [null, ["*:*"], ["report:*"], ["project:1", "report:8"]]) {
      expect(await refusalOf(make(wider))).toBe("FORBIDDEN");
    }
    const { record } = await createKey(deployment, admin.caller, { ownerKind: "service", allowList: ["user:1"] });
    await deployment.call(internal.keys.disable, { caller: admin.caller, keyId: record._id });
    const enable = deployment.call(internal.keys.enable, { caller: maker.as, keyId: record._id });
    expect(await refusalOf(enable)).toBe("FORBIDDEN");
  });

  test("E9: does not rotate or enable what it could not have made", async () => {
    const manager = await createKey(deployment, admin.caller, {
      ownerKind: "service",
      permissions: ["keys:*", "orders:read"],
    });
    const broader = await createKey(deployment, admin.caller, {
      ownerKind: "service",
      permissions: ["orders:write"],
      expiresAt: manager.record.expiresAt,
    });
    const longer = await createKey(deployment, admin.caller, {
      ownerKind: "service",
      expiresAt: Date.now() + 90 * DAY_MS,
    });
    const foreign = await createKey(deployment, developer.caller, { expiresAt: manager.record.expiresAt });
    for (const { record } of [broader, longer, foreign]) {
      const target = { caller: manager.as, keyId: record._id };
      expect(await refusalOf(deployment.call(internal.credentials.rotate, target))).toBe("FORBIDDEN");
      await deployment.call(internal.keys.disable, target);
      expect(await refusalOf(deployment.call(internal.keys.enable, target))).toBe("FORBIDDEN");
      await deployment.call(internal.keys.revoke, target);
    }
    const like = await createKey(deployment, manager.as, { permissions: ["orders:read"] });
    const target = { caller: manager.as, keyId: like.record._id };
    expect((await deployment.call(internal.credentials.rotate, target)).record.version).toBe(2);
  });

  test("N2 E7: a personal one reaches as far as its owner's role, now", async () => {
    const person = await organization.join("admin");
    const manager = await createKey(deployment, person.caller, { permissions: ["keys:*"] });
    const others = await createKey(deployment, developer.caller);
    const target = { caller: manager.as, keyId: others.record._id };
    await deployment.call(internal.keys.disable, target);
    await organization.setRole(person, "developer");
    expect(await refusalOf(deployment.call(internal.keys.revoke, target))).toBe("FORBIDDEN");
    await organization.setRole(person, "member");
    expect(await refusalOf(deployment.call(internal.keys.revoke, target))).toBe("NOT_FOUND");
    expect(await refusalOf(createKey(deployment, manager.as))).toBe("FORBIDDEN");
    await organization.setRole(person, null);
    // It was disabled when its owner left.
    expect(await refusalOf(deployment.call(internal.keys.getForCaller, target))).toBe("UNAUTHENTICATED");
  });

  test("a dead or paused one may do nothing", async () => {
    for (const verb of ["revoke", "expire", "disable"] as const) {
      const manager = await createKey(deployment, admin.caller, { permissions: ["keys:*"] });
      await deployment.call(internal.keys[verb], { caller: admin.caller, keyId: manager.record._id });
      expect(await refusalOf(createKey(deployment, manager.as))).toBe("UNAUTHENTICATED");
    }
  });

  test("E12: cannot act in another organization", async () => {
    const elsewhere = await createOrganization(deployment);
    const manager = await createKey(deployment, admin.caller, { permissions: ["keys:*"], ownerKind: "service" });
    const caller = { ...manager.as, organizationId: elsewhere.organizationId };
    expect(await refusalOf(createKey(deployment, caller))).toBe("UNAUTHENTICATED");
  });

  test("is named by the audit trail as the one who did it", async () => {
    const manager = await createKey(deployment, admin.caller, { permissions: ["keys:*"], name: "the manager" });
    const made = await createKey(deployment, manager.as);
    const [entry] = await auditOf(deployment, admin);
    expect(entry).toMatchObject({
      action: "key.create",
      targetId: made.record._id,
      actor: { type: "key", id: manager.record._id, name: "the manager" },
    });
  });

  test("says which permission is beyond it", async () => {
    const maker = await createKey(deployment, admin.caller, { permissions: ["keys:create", "orders:read"] });
    const refusal = await refusalDataOf(
      createKey(deployment, maker.as, { permissions: ["orders:read", "orders:write"] }),
    );
    expect(refusal?.fields).toEqual([{ path: "permissions.1", message: "You do not hold orders:write." }]);
  });

  test("E9 E13: calls with a secret for as long as that one works, though the call had begun before", async () => {
    const permissions = ["keys:create"];
    const { record, as } = await createKey(deployment, admin.caller, { ownerKind: "service", permissions });
    const [caller, keyId] = [admin.caller, record._id];
    const create = async (secretVersion: number) => await createKey(deployment, { ...as, secretVersion });
    const graceMs = DAY_MS;
    expect((await create(1)).record.expiresAt).toBe(record.expiresAt);
    await deployment.call(internal.credentials.rotate, { caller, keyId, graceMs });
    expect((await create(2)).record.expiresAt).toBe(record.expiresAt);
    // What it makes in its grace ends with it.
    expect((await create(1)).record.expiresAt).toBeLessThanOrEqual(Date.now() + graceMs);
    await deployment.call(internal.keys.endGrace, { caller, keyId });
    expect(await refusalOf(create(1))).toBe("UNAUTHENTICATED");
    await deployment.call(internal.credentials.rotate, { caller, keyId });
    expect(await refusalOf(create(2))).toBe("UNAUTHENTICATED");
  });
});
