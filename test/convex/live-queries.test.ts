import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import { sha256Base64Url } from "../../convex/shared/sha256.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { auditOf, createKey, createOrganization, listOf, refusalOf, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

describe.each(engines)("what the dashboard reads on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let owner: Person;

  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    owner = await organization.join("owner");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  test("R3 E12: nobody but members gets anything", async () => {
    const { organizationId } = organization;
    const { record } = await createKey(deployment, owner.caller);
    const stranger = await (await createOrganization(deployment)).join("owner");
    const suspended = await organization.join("suspended");
    const paginationOpts = { numItems: 10, cursor: null };
    const empty = { page: [], isDone: true, continueCursor: "" };
    for (const as of [undefined, stranger.userId, suspended.userId, "nonsense"]) {
      expect(await deployment.call(api.organizations.get, { organizationId }, as)).toBeNull();
      expect(await deployment.call(api.members.me, { organizationId }, as)).toBeNull();
      expect(await deployment.call(api.members.list, { organizationId }, as)).toBeNull();
      expect(await deployment.call(api.keys.get, { organizationId, keyId: record._id }, as)).toBeNull();
      expect(await deployment.call(api.keys.countDead, { organizationId }, as)).toBeNull();
      expect(await deployment.call(api.usage.lastUsed, { organizationId, keyIds: [record._id] }, as)).toBeNull();
      expect(await deployment.call(api.audit.list, { organizationId, paginationOpts }, as)).toEqual(empty);
      const list = { organizationId, includeDead: true, paginationOpts };
      expect(await deployment.call(api.keys.list, list, as)).toEqual(empty);
    }
    expect(await deployment.call(api.organizations.listMine, {})).toBeNull();
    expect(await deployment.call(api.organizations.get, { organizationId: "nonsense" }, owner.userId)).toBeNull();
    expect(await deployment.call(api.keys.get, { organizationId, keyId: "nonsense" }, owner.userId)).toBeNull();
  });

  test("a member sees its organizations and its place in them", async () => {
    const { organizationId } = organization;
    const developer = await organization.join("developer");
    const mine = await deployment.call(api.organizations.listMine, {}, developer.userId);
    expect(mine).toEqual([expect.objectContaining({ _id: organizationId, role: "developer" })]);
    expect(await deployment.call(api.organizations.get, { organizationId }, developer.userId)).toEqual({
      ...mine?.[0],
      keyPrefix: "lk",
    });
    expect(await deployment.call(api.members.me, { organizationId }, developer.userId)).toMatchObject({
      userId: developer.userId,
      role: "developer",
      permissions: expect.arrayContaining(["keys:create"]),
    });
    const resolved = await deployment.call(internal.sessions.organizationsOf, { userId: developer.userId });
    expect(resolved).toEqual([expect.objectContaining({ organizationId, role: "developer" })]);
    expect(await deployment.call(internal.sessions.organizationsOf, { userId: "nonsense" })).toEqual([]);
  });

  test("E26: lists page newest first and neither skip nor repeat", async () => {
    const place = await createOrganization(deployment);
    const person = await place.join("owner");
    const made: string[] = [];
    for (let index = 0; index < 7; index += 1) made.unshift((await createKey(deployment, person.caller)).record._id);
    const { organizationId } = place;

    const live: string[] = [];
    let cursor: string | null = null;
    for (let isDone = false; !isDone;) {
      const paginationOpts = { numItems: 3, cursor };
      const page: Awaited<ReturnType<typeof pageOf>> = await pageOf(paginationOpts);
      live.push(...page.page.map(({ _id }) => _id));
      ({ continueCursor: cursor, isDone } = page);
    }
    expect(live).toEqual(made);
    async function pageOf(paginationOpts: { numItems: number; cursor: string | null }) {
      return await deployment.call(
        api.keys.list,
        { organizationId, includeDead: false, paginationOpts },
        person.userId,
      );
    }

    const rest: string[] = [];
    for (let next: string | null = null, more = true; more; more = next !== null) {
      const args = { caller: person.caller, includeDead: false, filter: {}, cursor: next, limit: 3, at: Date.now() };
      const page: { items: { _id: string }[]; nextCursor: string | null } = await deployment.call(
        internal.keys.listForCaller,
        args,
      );
      rest.push(...page.items.map(({ _id }) => _id));
      next = page.nextCursor;
    }
    expect(rest).toEqual(made);
    const bad = { caller: person.caller, includeDead: false, filter: {}, cursor: "?", limit: 3, at: 0 };
    expect(await refusalOf(deployment.call(internal.keys.listForCaller, bad))).toBe("INVALID_INPUT");
  });

  test("lists can be searched and filtered", async () => {
    const place = await createOrganization(deployment);
    const person = await place.join("owner");
    const [a, b, c] = [
      await createKey(deployment, person.caller, {
        name: "Billing Export",
        tags: ["nightly"],
        permissions: ["orders:*"],
      }),
      await createKey(deployment, person.caller, { name: "Étage", env: "test" }),
      await createKey(deployment, person.caller, { name: "Dead one" }),
    ];
    await deployment.call(internal.keys.revoke, { caller: person.caller, keyId: c.record._id });
    const names = async (search: string) => (await listOf(deployment, person, { search })).map(({ name }) => name);
    expect(await names("  BILLING  export")).toEqual(["Billing Export"]);
    expect(await names("étage")).toEqual(["Étage"]);
    expect(await names(a.record.start)).toEqual(["Billing Export"]);
    expect(await names("nothing like it")).toEqual([]);
    const filtered = async (filter: object, includeDead = false) => {
      const args = { caller: person.caller, includeDead, filter, cursor: null, limit: 10, at: Date.now() };
      return (await deployment.call(internal.keys.listForCaller, args)).items.map(({ _id }) => _id);
    };
    expect(await filtered({ env: "test" })).toEqual([b.record._id]);
    expect(await filtered({ tag: "nightly" })).toEqual([a.record._id]);
    expect(await filtered({ permission: "orders:read" })).toEqual([a.record._id]);
    expect(await filtered({ statuses: ["revoked"] })).toEqual([c.record._id]);
    expect(await filtered({ search: "dead" })).toEqual([]);
    expect(await filtered({ search: "dead" }, true)).toEqual([c.record._id]);
    expect(await filtered({ ownerUserId: "somebody else" })).toEqual([]);
  });

  test("the audit trail tells who did what, from where and why, to those who may read it", async () => {
    const place = await createOrganization(deployment);
    const [admin, developer] = [await place.join("admin"), await place.join("developer")];
    const { key, record } = await createKey(deployment, developer.caller, { name: "audited" });
    const rotated = await deployment.call(internal.credentials.rotate, {
      caller: developer.caller,
      keyId: record._id,
      graceMs: 60_000,
    });
    await deployment.call(internal.keys.revoke, { caller: admin.caller, keyId: record._id, reason: "leaked" });
    const entries = (await auditOf(deployment, admin)).filter(({ targetKind }) => targetKind === "key");
    expect(entries.map(({ action, actor }) => [action, actor.id])).toEqual([
      ["key.revoke", admin.userId],
      ["key.rotate", developer.userId],
      ["key.create", developer.userId],
    ]);
    expect(entries[0]).toMatchObject({
      targetId: record._id,
      reason: "leaked",
      requestId: "request-1",
      ip: "192.0.2.7",
      agent: "a test",
    });
    expect(JSON.parse(entries[0]?.before ?? "")).toMatchObject({ revokedAt: null });
    expect(JSON.parse(entries[0]?.after ?? "")).toMatchObject({ revokedBy: admin.userId });
    expect(JSON.parse(entries[2]?.after ?? "")).toMatchObject({ name: "audited", start: record.start });

    const everything = JSON.stringify(await auditOf(deployment, admin));
    for (const secret of [key, rotated.key]) {
      expect(everything).not.toContain(secret);
      expect(everything).not.toContain(secret.split("_")[3]);
      expect(everything).not.toContain(sha256Base64Url(secret));
    }
    expect(await auditOf(deployment, developer)).toEqual([]);
  });

  test("H4 F2 E4: no live query and no list ever holds a secret or its hash", async () => {
    const { key, record } = await createKey(deployment, owner.caller);
    const { organizationId } = organization;
    const answers = [
      await listOf(deployment, owner, { includeDead: true }),
      await deployment.call(api.keys.get, { organizationId, keyId: record._id }, owner.userId),
      await deployment.call(internal.keys.getForCaller, { caller: owner.caller, keyId: record._id }),
      await verify(deployment, key),
      record,
    ];
    const text = JSON.stringify(answers);
    expect(text).toContain(record.start);
    expect(text).not.toContain(key.split("_")[3]);
    expect(text).not.toContain(sha256Base64Url(key));
  });
});
