import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { Caller } from "../../convex/model/rights/callers.ts";
import type { KeyFields } from "../../convex/model/keys/fields.ts";
import { DAY_MS } from "../../convex/shared/limits.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import {
  auditOf,
  createKey,
  createOrganization,
  listOf,
  reach,
  refusalDataOf,
  refusalOf,
  toLive,
  verify,
} from "./world.ts";
import type { Organization, Person } from "./world.ts";

describe.each(engines)("changing a key on $name", (engine) => {
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

  const update = async (caller: Caller, keyId: string, changes: KeyFields) =>
    await deployment.call(internal.keys.update, { caller, keyId, changes });
  const service = async (input: object = {}) =>
    await createKey(deployment, admin.caller, { ownerKind: "service", ...input });

  test("E10: every field can be changed, holds at the next use, is on the live list, and null takes it away", async () => {
    const { key, record } = await service({ permissions: ["orders:read"] });
    const wanted = {
      name: "  Renamed ",
      description: "what it is for",
      tags: ["a", "b", "a"],
      permissions: ["orders:*"],
      roles: ["developer"],
      resourcePermissions: [{ resource: "project:1", permissions: ["files:read"] }],
      expiresAt: Date.now() + 10 * DAY_MS,
      notBefore: Date.now() - 1_000,
      idleExpiryMs: DAY_MS,
      rateLimit: { limit: 5, windowMs: 60_000 },
      quota: { limit: 10, refill: "daily" as const },
      cidrs: ["10.9.9.9/8"],
      allowList: ["project:1", "project:*"],
      metadata: '{ "a": 1 }',
    };
    const changed = await update(admin.caller, record._id, wanted);
    expect(changed).toMatchObject({
      ...wanted,
      name: "Renamed",
      tags: ["a", "b"],
      cidrs: ["10.0.0.0/8"],
      allowList: ["project:*"],
      metadata: '{"a":1}',
      version: 1,
      start: record.start,
    });
    const live = await listOf(deployment, admin, { search: "renamed" });
    expect(live).toEqual([toLive(changed)]);
    expect(await verify(deployment, key)).toMatchObject({ expiresAt: wanted.expiresAt, quota: wanted.quota });

    const nothing = {
      description: null,
      tags: [],
      permissions: [],
      roles: [],
      resourcePermissions: [],
      notBefore: null,
      idleExpiryMs: null,
      rateLimit: null,
      quota: null,
      cidrs: null,
      allowList: null,
      metadata: null,
    };
    expect(await update(admin.caller, record._id, nothing)).toMatchObject(nothing);
    // Not at all is something else than none.
    expect(await update(admin.caller, record._id, { allowList: [] })).toMatchObject({ allowList: [] });
  });

  test("E28: the audit trail tells of the changed fields and of nothing else", async () => {
    const { record } = await service({ permissions: ["orders:read"], tags: ["old"] });
    await update(admin.caller, record._id, { name: record.name, tags: ["new"], permissions: ["orders:read"] });
    const entries = (await auditOf(deployment, admin)).filter(({ targetId }) => targetId === record._id);
    expect(entries.map(({ action, before, after }) => [action, before, after])).toMatchObject([
      ["key.update", '{"tags":["old"]}', '{"tags":["new"]}'],
      ["key.create", null, expect.any(String)],
    ]);
    await update(admin.caller, record._id, { tags: ["new"], description: "", roles: [], expiresAt: record.expiresAt });
    expect((await auditOf(deployment, admin)).filter(({ targetId }) => targetId === record._id)).toHaveLength(2);
  });

  test("E10: no expiry past the policy, none that is null, none in the past, and no dead key comes back", async () => {
    const { record } = await service();
    for (const expiresAt of [null, Date.now() + 366 * DAY_MS, Date.now() - 1, 0.5]) {
      const refusal = await refusalDataOf(update(admin.caller, record._id, { expiresAt }));
      expect(refusal).toMatchObject({ code: "INVALID_INPUT", fields: [{ path: "expiresAt" }] });
    }
    const soon = Date.now() + 300;
    const expiring = await service({ expiresAt: soon });
    const revoked = await service();
    await deployment.call(internal.keys.revoke, { caller: admin.caller, keyId: revoked.record._id });
    await reach(soon);
    for (const { record: dead } of [expiring, revoked]) {
      for (const changes of [{ expiresAt: Date.now() + DAY_MS }, { name: "risen" }, {}]) {
        expect(await refusalOf(update(admin.caller, dead._id, changes))).toBe("CONFLICT");
      }
    }
    expect((await verify(deployment, expiring.key))?.expiresAt).toBe(soon);
  });

  test("E10: prefix, environment and owner are no fields of a change", async () => {
    const { record } = await service();
    for (const change of [
      { prefix: "acme" },
      { env: "test" },
      { ownerUserId: admin.userId },
      { ownerKind: "personal" },
    ]) {
      const changes: KeyFields = Object.assign({ name: "kept" }, change);
      await expect(update(admin.caller, record._id, changes)).rejects.toThrow(/validat|extra field/i);
    }
  });

  test("H6: every wrong field is named, and then nothing changes", async () => {
    const { record } = await service();
    const refusal = await refusalDataOf(
      update(admin.caller, record._id, {
        name: " ",
        tags: [""],
        permissions: ["nonsense:"],
        roles: ["nobody"],
        rateLimit: { limit: 0, windowMs: 60_000 },
        cidrs: ["somewhere"],
        metadata: "[]",
        description: "fine",
      }),
    );
    expect(refusal?.code).toBe("INVALID_INPUT");
    const paths = refusal?.fields?.map(({ path }) => path) ?? [];
    expect(paths.toSorted()).toEqual(["cidrs", "metadata", "name", "permissions.0", "rateLimit", "roles.0", "tags"]);
    const [kept] = await listOf(deployment, admin, { search: record.name });
    expect(kept).toEqual(toLive(record));
    const personal = await createKey(deployment, developer.caller);
    expect(await refusalDataOf(update(developer.caller, personal.record._id, { roles: ["developer"] }))).toMatchObject({
      fields: [{ path: "roles" }],
    });
    const later = await service({ notBefore: Date.now() + 5 * DAY_MS });
    expect(
      await refusalDataOf(update(admin.caller, later.record._id, { expiresAt: Date.now() + DAY_MS })),
    ).toMatchObject({ fields: [{ path: "expiresAt" }] });
  });

  test("E30: a name is taken while its key lives, its own is not, and a dead key's is free", async () => {
    const first = await service({ name: "First" });
    const second = await service({ name: "Second" });
    expect(await refusalDataOf(update(admin.caller, second.record._id, { name: "first" }))).toMatchObject({
      code: "NAME_TAKEN",
      fields: [{ path: "name" }],
    });
    expect((await update(admin.caller, first.record._id, { name: "FIRST" })).name).toBe("FIRST");
    await deployment.call(internal.keys.expire, { caller: admin.caller, keyId: first.record._id });
    expect((await update(admin.caller, second.record._id, { name: "First" })).name).toBe("First");
    // Another owner's keys have names of their own.
    await createKey(deployment, admin.caller, { name: "First" });
  });

  test("E8: nobody edits a key to what they do not hold, nor one that is above them, but texts may be changed", async () => {
    const { record } = await createKey(deployment, developer.caller, { permissions: ["orders:read"] });
    expect(
      await refusalDataOf(update(developer.caller, record._id, { permissions: ["orders:read", "audit:read"] })),
    ).toMatchObject({ code: "FORBIDDEN", fields: [{ path: "permissions.1" }] });
    await update(developer.caller, record._id, { permissions: ["orders:*", "keys:read"] });

    const editor = await service({
      permissions: ["keys:update", "keys:read", "orders:read"],
      expiresAt: Date.now() + DAY_MS,
    });
    const above = await service({ permissions: ["orders:read", "audit:read"], expiresAt: Date.now() + DAY_MS / 2 });
    const below = await service({ permissions: ["orders:read"], expiresAt: Date.now() + DAY_MS / 2 });
    const longer = await service({ permissions: ["orders:read"] });
    expect(await refusalOf(update(editor.as, above.record._id, { rateLimit: { limit: 1, windowMs: 1_000 } }))).toBe(
      "FORBIDDEN",
    );
    expect(await refusalOf(update(editor.as, longer.record._id, { allowList: ["project:1"] }))).toBe("FORBIDDEN");
    expect(await refusalOf(update(editor.as, below.record._id, { expiresAt: Date.now() + 2 * DAY_MS }))).toBe(
      "FORBIDDEN",
    );
    expect(await refusalOf(update(editor.as, below.record._id, { roles: ["admin"] }))).toBe("FORBIDDEN");
    expect(
      await refusalOf(
        update(editor.as, below.record._id, {
          resourcePermissions: [{ resource: "project:1", permissions: ["files:write"] }],
        }),
      ),
    ).toBe("FORBIDDEN");
    expect((await update(editor.as, above.record._id, { tags: ["seen"], metadata: "{}" })).tags).toEqual(["seen"]);
    expect((await update(editor.as, below.record._id, { allowList: ["project:1"] })).allowList).toEqual(["project:1"]);
    // What it may do is not narrowed by a key that could not give the rest.
    expect(await refusalOf(update(editor.as, above.record._id, { permissions: ["audit:read"] }))).toBe("FORBIDDEN");
    expect((await update(editor.as, above.record._id, { permissions: ["orders:read"] })).permissions).toEqual([
      "orders:read",
    ]);
  });

  test("C10: a key out of sight is missing, and one in sight takes keys:update", async () => {
    const member = await organization.join("member");
    const { record } = await service();
    const stranger = await (await createOrganization(deployment)).join("owner");
    for (const caller of [member.caller, stranger.caller]) {
      expect(await refusalOf(update(caller, record._id, { name: "mine now" }))).toBe("NOT_FOUND");
    }
    expect(await refusalOf(update(developer.caller, record._id, { name: "mine now" }))).toBe("FORBIDDEN");
    const reader = await service({ permissions: ["keys:read"] });
    expect(await refusalOf(update(reader.as, record._id, { name: "mine now" }))).toBe("FORBIDDEN");
  });

  test("E27: using a key moves its expiry by nothing, and saying the same expiry again starts nothing anew", async () => {
    const { key, record } = await service({ expiresAt: Date.now() + 20 * DAY_MS });
    await verify(deployment, key);
    const same = await update(admin.caller, record._id, { expiresAt: record.expiresAt, tags: ["again"] });
    expect(same.expiresAt).toBe(record.expiresAt);
    expect((await verify(deployment, key))?.expiresAt).toBe(record.expiresAt);
  });
});
