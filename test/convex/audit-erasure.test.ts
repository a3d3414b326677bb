import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { AuditEntry } from "../../convex/model/audit/lists.ts";
import type { ChainReport } from "../../convex/model/audit/verification.ts";
import type { Caller } from "../../convex/model/rights/callers.ts";
import { entryHash, partDigest, pseudonymOf } from "../../convex/shared/auditChain.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, refusalOf } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const FROM_HOME = { id: "request-2", ip: "203.0.113.9", agent: "a browser at home" };
let counter = 0;
const NOBODY = { userId: null, request: { id: "test" } };

describe.each(engines)("erasing a person from the audit trail on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let admin: Person;

  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    admin = await organization.join("admin");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const entries = async (caller: Caller = admin.caller): Promise<AuditEntry[]> => {
    const all: AuditEntry[] = [];
    for (let cursor: string | null = null; ;) {
      const page: { items: AuditEntry[]; nextCursor: string | null } = await deployment.call(
        internal.audit.exportForCaller,
        { caller, cursor, limit: 1000 },
      );
      all.push(...page.items);
      if (page.nextCursor === null) return all;
      cursor = page.nextCursor;
    }
  };
  const check = async (caller: Caller = admin.caller): Promise<ChainReport> =>
    await deployment.call(internal.audit.verifyChain, { caller, cursor: null, limit: 1000 });
  const erase = async (person: { userId?: string; email?: string }, caller: Caller = admin.caller) =>
    await deployment.call(internal.audit.erasePerson, { caller, ...person });

  /** A developer with a past: a key made from home and used to make another. */
  async function joinAndWork(): Promise<{ person: Person; name: string; email: string; keyIds: string[] }> {
    const person = await organization.join("developer");
    const atHome = { ...person.caller, request: FROM_HOME };
    const own = await createKey(deployment, atHome, { permissions: ["keys:create"] });
    const made = await createKey(deployment, { ...own.as, request: FROM_HOME });
    const created = (await entries()).find(({ targetId }) => targetId === own.record._id);
    const name = created?.actor.name ?? "";
    expect(name).toMatch(/^developer \d+$/);
    const email = `${name.replace(" ", "")}@example.com`;
    return { person, name, email, keyIds: [own.record._id, made.record._id] };
  }

  /** Leaves two entries about the address: nobody is erased while an invitation is open. */
  const invite = async (email: string, caller: Caller = admin.caller) => {
    counter += 1;
    const wish = { caller, email, roles: ["developer"], secretHash: `hash ${counter}` };
    const { id } = await deployment.call(internal.invitations.create, wish);
    await deployment.call(internal.invitations.cancel, { caller, invitationId: id });
  };

  test("E28 takes name, address and agent out of every entry, also of what their keys did; the chain holds", async () => {
    const { person, name, keyIds } = await joinAndWork();
    await organization.setRole(person, null);
    const before = await entries();
    const asThey = before.filter(({ personId }) => personId === person.userId);
    expect(asThey).toHaveLength(2);
    const verified = await check();

    expect(await erase({ userId: person.userId })).toEqual({ erased: 2, done: true });

    const after = await entries();
    const pseudonym = `erased ${pseudonymOf(person.userId)}`;
    const [created, made] = keyIds.map((id) => after.find(({ targetId }) => targetId === id));
    const gone = { ip: null, agent: null, erased: true, personId: person.userId, personSalt: null };
    expect(created).toMatchObject({ ...gone, actor: { type: "user", id: person.userId, name: pseudonym } });
    // The key's name is the organization's, the address that it was used from is not.
    expect(made).toMatchObject({
      ...gone,
      actor: { type: "key", id: keyIds[0], name: expect.stringMatching(/^key /) },
    });
    expect(JSON.stringify(after)).not.toContain(name);
    expect(JSON.stringify(after)).not.toContain(FROM_HOME.ip);
    expect(JSON.stringify(after)).not.toContain(FROM_HOME.agent);

    const others = ({ personId }: AuditEntry) => personId !== person.userId;
    expect(after.filter(others).slice(0, -1)).toEqual(before.filter(others));
    expect(after.map(({ hash }) => hash).slice(0, -1)).toEqual(before.map(({ hash }) => hash));
    expect(after.map(entryHash)).toEqual(after.map(({ hash }) => hash));
    expect(await check()).toMatchObject({ checked: verified.checked + 1, erased: verified.erased + 2, broken: null });
  });

  test("E28 is an entry itself, by whom and of whom, without the name", async () => {
    const { person, name } = await joinAndWork();
    await organization.setRole(person, null);
    await erase({ userId: person.userId });
    const last = (await entries()).at(-1);
    expect(last).toMatchObject({
      action: "person.erase",
      targetKind: "person",
      targetId: person.userId,
      actor: { type: "user", id: admin.userId },
      before: null,
      after: null,
    });
    expect(JSON.stringify(last)).not.toContain(name);
  });

  test("E28 repeated, it does nothing more and is no error", async () => {
    const { person } = await joinAndWork();
    await organization.setRole(person, null);
    await erase({ userId: person.userId });
    const before = await entries();
    expect(await erase({ userId: person.userId })).toEqual({ erased: 0, done: true });
    expect(await entries()).toEqual(before);
  });

  test("E28 whoever comes back acts under their name, until they are erased again", async () => {
    const { person, name } = await joinAndWork();
    await organization.setRole(person, null);
    await erase({ userId: person.userId });
    const data = { organizationId: organization.organizationId, userId: person.userId, role: "developer" };
    await deployment.call(internal.auth.store.create, {
      table: "member",
      data: { ...data, createdAt: Date.now() },
      origin: NOBODY,
    });
    await createKey(deployment, person.caller);
    expect((await entries()).at(-1)).toMatchObject({ actor: { name }, erased: false });
    expect(await refusalOf(erase({ userId: person.userId }))).toBe("CONFLICT");
    await organization.setRole(person, null);
    expect(await erase({ userId: person.userId })).toEqual({ erased: 1, done: true });
    expect(JSON.stringify(await entries())).not.toContain(name);
    expect(await check()).toMatchObject({ broken: null });
  });

  test("E28 more than one batch is taken out in the background, to the end", async () => {
    const fresh = await createOrganization(deployment);
    const owner = await fresh.join("owner");
    const person = await fresh.join("admin");
    const { record } = await createKey(deployment, person.caller, { ownerKind: "service" });
    for (let round = 0; round < 110; round += 1) {
      await deployment.call(internal.keys.disable, { caller: person.caller, keyId: record._id });
      await deployment.call(internal.keys.enable, { caller: person.caller, keyId: record._id });
    }
    await fresh.setRole(person, null);
    expect(await erase({ userId: person.userId }, owner.caller)).toEqual({ erased: 200, done: false });
    await expect.poll(async () => (await check(owner.caller)).erased, { timeout: 20_000 }).toBe(221);
    expect(await check(owner.caller)).toMatchObject({ broken: null });
    expect(await erase({ userId: person.userId }, owner.caller)).toEqual({ erased: 0, done: true });
  });

  test("E28 the address that somebody was invited by is erased too, by itself or with the user", async () => {
    const fresh = await createOrganization(deployment);
    const owner = await fresh.join("owner");
    await invite("Stranger@Example.com", owner.caller);
    await invite("stranger@example.com", owner.caller);
    await invite("another@example.com", owner.caller);
    const invited = (await entries(owner.caller)).filter(({ action }) => action === "invitation.create");
    expect(invited.map(({ subject }) => subject)).toEqual([
      "stranger@example.com",
      "stranger@example.com",
      "another@example.com",
    ]);
    for (const { subject, subjectSalt, subjectDigest, after } of invited) {
      expect(partDigest(subjectSalt ?? "", { email: subject ?? "" })).toBe(subjectDigest);
      expect(after).not.toContain("@");
    }
    expect(await erase({ email: "STRANGER@example.com" }, owner.caller)).toEqual({ erased: 4, done: true });
    const after = await entries(owner.caller);
    expect(JSON.stringify(after)).not.toMatch(/stranger/i);
    expect(after.filter(({ subject }) => subject === "another@example.com")).toHaveLength(2);
    expect(after.filter(({ action }) => action === "person.erase").map(({ targetKind }) => targetKind)).toEqual([
      "invitation",
      "invitation",
    ]);
    expect(await check(owner.caller)).toMatchObject({ erased: 4, broken: null });
  });

  test("E28 a former member's own address goes with them, also once they are invited anew", async () => {
    const { person, email } = await joinAndWork();
    await organization.setRole(person, null);
    await invite(email);
    expect(await erase({ userId: person.userId })).toEqual({ erased: 4, done: true });
    expect(JSON.stringify(await entries())).not.toContain(email);
    await invite(email);
    expect(await erase({ userId: person.userId })).toEqual({ erased: 2, done: true });
    expect(JSON.stringify(await entries())).not.toContain(email);
    expect(await check()).toMatchObject({ broken: null });
  });

  test("E28 an address alone names the former member, whose work goes with it", async () => {
    const { person, name, email } = await joinAndWork();
    await organization.setRole(person, null);
    await invite(email);
    expect(await erase({ email: ` ${email.toUpperCase()} ` })).toEqual({ erased: 4, done: true });
    expect(JSON.stringify(await entries())).not.toContain(name);
    expect(await check()).toMatchObject({ broken: null });
  });

  test("E28 is refused for a member, by id and by address, and for whom the trail does not know", async () => {
    const { person, email } = await joinAndWork();
    const foreign = await (await createOrganization(deployment)).join("owner");
    await createKey(deployment, foreign.caller);
    const before = await entries();
    for (const who of [{ userId: person.userId }, { email }, { userId: admin.userId }]) {
      expect(await refusalOf(erase(who))).toBe("CONFLICT");
    }
    const unknown = [{ userId: foreign.userId }, { userId: "nobody" }, { email: "nobody@example.com" }];
    for (const who of unknown) expect(await refusalOf(erase(who))).toBe("NOT_FOUND");
    expect(await refusalOf(erase({}))).toBe("INVALID_INPUT");
    expect(await entries()).toEqual(before);
    expect((await entries(foreign.caller)).at(-1)).toMatchObject({ erased: false });
  });

  test("E28 takes members:manage, from people and from keys", async () => {
    const { person } = await joinAndWork();
    await organization.setRole(person, null);
    const developer = await organization.join("developer");
    const reader = await createKey(deployment, admin.caller, { permissions: ["audit:read"], ownerKind: "service" });
    const manager = await createKey(deployment, admin.caller, {
      permissions: ["members:manage"],
      ownerKind: "service",
    });
    for (const caller of [developer.caller, reader.as]) {
      expect(await refusalOf(erase({ userId: person.userId }, caller))).toBe("FORBIDDEN");
    }
    expect(await erase({ userId: person.userId }, manager.as)).toEqual({ erased: 2, done: true });
  });

  test("E28 an operator erases a user whose row is gone already", async () => {
    const { person, name } = await joinAndWork();
    await organization.setRole(person, null);
    await deployment.call(internal.auth.store.remove, {
      table: "user",
      where: [{ field: "_id", value: person.userId, operator: "eq", connector: "AND", mode: "sensitive" }],
      only: "first",
      origin: NOBODY,
    });
    const { organizationId } = organization;
    const erased = await deployment.call(internal.audit.erase, { organizationId, userId: person.userId });
    expect(erased).toEqual({ erased: 2, done: true });
    expect((await entries()).at(-1)).toMatchObject({ action: "person.erase", actor: { type: "system" } });
    expect(JSON.stringify(await entries())).not.toContain(name);
    expect(await check()).toMatchObject({ broken: null });
  });

  test("E28 what is not erased can be checked by anybody who has an export", async () => {
    const kept = (await entries()).filter(({ personDigest, erased }) => personDigest !== null && !erased);
    expect(kept.length).toBeGreaterThan(10);
    for (const { actor, ip, agent, personDigest, personSalt } of kept) {
      const name = actor.type === "user" ? actor.name : null;
      expect(partDigest(personSalt ?? "", { name, ip, agent })).toBe(personDigest);
    }
  });
});
