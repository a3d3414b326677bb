import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { ChainReport } from "../../convex/model/audit/verification.ts";
import type { AuditEntry } from "../../convex/model/audit/lists.ts";
import type { Caller } from "../../convex/model/rights/callers.ts";
import { entryHash, genesisHash } from "../../convex/shared/auditChain.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, refusalOf } from "./world.ts";
import type { Organization, Person } from "./world.ts";

describe.each(engines)("the audit chain on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let admin: Person;

  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    admin = await organization.join("admin");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const chainOf = async (caller: Caller): Promise<AuditEntry[]> =>
    (await deployment.call(internal.audit.exportForCaller, { caller, cursor: null, limit: 1000 })).items;
  const check = async (caller: Caller, cursor: string | null = null, limit = 1000): Promise<ChainReport> =>
    await deployment.call(internal.audit.verifyChain, { caller, cursor, limit });

  test("C9 E28 begins with the organization's own creation and holds each entry to the one before", async () => {
    const { record } = await createKey(deployment, admin.caller);
    await deployment.call(internal.keys.revoke, { caller: admin.caller, keyId: record._id, reason: "leaked" });
    const entries = await chainOf(admin.caller);
    expect(entries.map(({ action }) => action).slice(0, 2)).toEqual(["organization.create", "member.create"]);
    expect(entries.at(-1)).toMatchObject({
      action: "key.revoke",
      actor: { type: "user", id: admin.userId },
      reason: "leaked",
      requestId: "request-1",
      ip: "192.0.2.7",
      agent: "a test",
    });
    let previousHash = genesisHash(organization.organizationId);
    for (const [index, entry] of entries.entries()) {
      expect(entry).toMatchObject({ seq: index + 1, previousHash, hash: entryHash(entry) });
      previousHash = entry.hash;
    }
    const report = await check(admin.caller);
    expect(report).toMatchObject({ checked: entries.length, broken: null, nextCursor: null });
    expect(report.last).toEqual({ seq: entries.length, hash: previousHash });
  });

  test("E28 many changes at once make one unbroken chain, without a gap or a fork", async () => {
    const fresh = await createOrganization(deployment);
    const owner = await fresh.join("owner");
    const before = (await chainOf(owner.caller)).length;
    const keys = await Promise.all(
      Array.from({ length: 40 }, async () => await createKey(deployment, owner.caller, { ownerKind: "service" })),
    );
    await Promise.all([
      ...keys.map(({ record }) => deployment.call(internal.keys.disable, { caller: owner.caller, keyId: record._id })),
      ...Array.from({ length: 20 }, async () => await fresh.join("member")),
    ]);
    const entries = await chainOf(owner.caller);
    expect(entries).toHaveLength(before + 40 + 40 + 20);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_entry, index) => index + 1));
    expect(await check(owner.caller)).toMatchObject({ checked: entries.length, broken: null });
  });

  test("E28 the first two writers of an organization cannot fork", async () => {
    for (let round = 0; round < 5; round += 1) {
      const fresh = await createOrganization(deployment);
      const people = await Promise.all([fresh.join("owner"), fresh.join("owner"), fresh.join("admin")]);
      expect(await check(people[0].caller)).toMatchObject({ checked: 4, broken: null });
    }
  });

  test("E28 a change that is refused leaves neither an entry nor a gap", async () => {
    const before = (await chainOf(admin.caller)).length;
    expect(await refusalOf(createKey(deployment, admin.caller, { name: "" }))).toBe("INVALID_INPUT");
    await createKey(deployment, admin.caller);
    expect(await chainOf(admin.caller)).toHaveLength(before + 1);
    expect(await check(admin.caller)).toMatchObject({ broken: null });
  });

  test("C9 verifying goes on page by page from where it ended, also when the chain has grown", async () => {
    const total = (await chainOf(admin.caller)).length;
    let checked = 0;
    let cursor: string | null = null;
    for (let page = 0; ; page += 1) {
      const report: ChainReport = await check(admin.caller, cursor, 3);
      checked += report.checked;
      expect(report.broken).toBeNull();
      if (page === 0) await createKey(deployment, admin.caller);
      if (report.nextCursor === null) break;
      cursor = report.nextCursor;
    }
    expect(checked).toBe(total + 1);
  });

  test.each(["", "x", "0.aa", "-1", "1", `1.${"0".repeat(63)}`, `99999999999999999999.${"0".repeat(64)}`])(
    "C9 refuses the made-up cursor %j",
    async (cursor) => {
      expect(await refusalOf(check(admin.caller, cursor))).toBe("INVALID_INPUT");
    },
  );

  test("C9 a cursor of another chain does not pass", async () => {
    const other = await (await createOrganization(deployment)).join("owner");
    const { nextCursor } = await check(other.caller, null, 1);
    expect((await check(admin.caller, nextCursor)).broken).toMatchObject({ seq: 1, problem: "altered" });
  });

  test("C9 takes audit:read of this organization, for people and for keys", async () => {
    const developer = await organization.join("developer");
    const stranger = await (await createOrganization(deployment)).join("owner");
    const plain = await createKey(deployment, admin.caller, { permissions: ["orders:read"], ownerKind: "service" });
    const reader = await createKey(deployment, admin.caller, { permissions: ["audit:read"], ownerKind: "service" });
    const foreign = { ...stranger.caller, organizationId: organization.organizationId };
    const page = { cursor: null, limit: 10 };
    for (const caller of [developer.caller, plain.as, foreign]) {
      expect(await refusalOf(check(caller))).toBe("FORBIDDEN");
      expect(await refusalOf(deployment.call(internal.audit.exportForCaller, { caller, ...page }))).toBe("FORBIDDEN");
      const list = deployment.call(internal.audit.listForCaller, { caller, filter: {}, ...page });
      expect(await refusalOf(list)).toBe("FORBIDDEN");
    }
    expect(await check(reader.as)).toMatchObject({ broken: null });
  });

  test("E28 the entries of a deleted key and of a removed member stay in the chain", async () => {
    const person = await organization.join("developer");
    const { record } = await createKey(deployment, person.caller);
    await deployment.call(internal.keys.revoke, { caller: admin.caller, keyId: record._id });
    await deployment.call(internal.keys.remove, { caller: admin.caller, keyId: record._id });
    await organization.setRole(person, null);
    const list = async (filter: { targetId?: string; actorId?: string; action?: string }) =>
      (await deployment.call(internal.audit.listForCaller, { caller: admin.caller, filter, cursor: null, limit: 50 }))
        .items;
    expect((await list({ targetId: record._id })).map(({ action }) => action)).toEqual([
      "key.delete",
      "key.revoke",
      "key.create",
    ]);
    expect((await list({ actorId: person.userId })).map(({ action }) => action)).toEqual(["key.create"]);
    const deletes = await list({ action: "key.delete", targetId: record._id, actorId: admin.userId });
    expect(deletes).toHaveLength(1);
    expect(await list({ action: "key.delete", targetId: record._id, actorId: person.userId })).toEqual([]);
    expect(await check(admin.caller)).toMatchObject({ broken: null });
  });

  test("E28 nothing that is exposed changes or deletes an entry", async () => {
    const module: Record<string, unknown> = { ...(await import("../../convex/audit.ts")) };
    const marked = (mark: string) =>
      Object.entries(module)
        .filter(([, value]) => typeof value === "function" && Object.hasOwn(value, mark))
        .map(([name]) => name)
        .toSorted((left, right) => left.localeCompare(right));
    expect(marked("isPublic")).toEqual(["list"]);
    expect(marked("isQuery")).toEqual(["exportForCaller", "list", "listForCaller", "verifyChain"]);
  });
});
