import type { FunctionArgs } from "convex/server";
import { describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import { DEFAULT_POLICY, LIVE_KEYS_PER_OWNER_MAX } from "../../convex/shared/policy.ts";
import { deployAtStoppedClock } from "./clock.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { auditOf, createKey, createOrganization, refusalDataOf, refusalOf, verdictOn, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

type Change = FunctionArgs<typeof internal.policy.update>["change"];

describe.each(engines)("an organization's policy on $name", (engine) => {
  let deployment: Deployment;
  deployAtStoppedClock(engine, (opened) => {
    deployment = opened;
  });

  /** An organization of its own for each test, with an owner. */
  async function found(): Promise<{ organization: Organization; owner: Person }> {
    const organization = await createOrganization(deployment);
    return { organization, owner: await organization.join("owner") };
  }
  const update = async (person: Person, change: Change, version?: number) =>
    await deployment.call(internal.policy.update, { caller: person.caller, change, version });
  const live = async (organization: Organization, person?: Person) =>
    await deployment.call(api.policy.get, { organizationId: organization.organizationId }, person?.userId);

  test("is the default one until it is changed, and shows to members who are not suspended", async () => {
    const { organization, owner } = await found();
    const member = await organization.join("member");
    expect(await live(organization, member)).toEqual(DEFAULT_POLICY);
    expect(await deployment.call(internal.policy.getForCaller, { caller: member.caller })).toEqual(DEFAULT_POLICY);
    const [suspended, stranger] = [await organization.join("suspended"), (await found()).owner];
    expect(await live(organization, suspended)).toBeNull();
    expect(await live(organization, stranger)).toBeNull();
    expect(await live(organization)).toBeNull();
    const refused = deployment.call(internal.policy.getForCaller, { caller: suspended.caller });
    expect(await refusalOf(refused)).toBe("FORBIDDEN");
    await update(owner, { neverExpiring: true });
    expect(await live(organization, member)).toEqual({ ...DEFAULT_POLICY, neverExpiring: true, version: 1 });
  });

  test("changes what is named, counts its versions, and is audited before and after", async () => {
    const { organization, owner } = await found();
    const changed = await update(owner, { maxLifetimeMs: 90 * DAY_MS, requiredCidrs: ["10.0.0.1/8"] });
    const requiredCidrs = ["10.0.0.0/8"];
    expect(changed).toEqual({ ...DEFAULT_POLICY, maxLifetimeMs: 90 * DAY_MS, requiredCidrs, version: 1 });
    const entry = (await auditOf(deployment, owner)).find(({ action }) => action === "policy.update");
    expect(entry).toMatchObject({
      targetKind: "policy",
      targetId: organization.organizationId,
      actor: { id: owner.userId },
    });
    expect(JSON.parse(entry?.before ?? "")).toEqual({
      maxLifetimeMs: DEFAULT_POLICY.maxLifetimeMs,
      requiredCidrs: null,
      version: 0,
    });
    expect(JSON.parse(entry?.after ?? "")).toEqual({ maxLifetimeMs: 90 * DAY_MS, requiredCidrs, version: 1 });
    const entries = (await auditOf(deployment, owner)).length;
    expect(await update(owner, { requiredCidrs: ["10.1.2.3/8"] })).toEqual(changed);
    expect((await auditOf(deployment, owner)).length).toBe(entries);
    expect(await update(owner, { requiredCidrs: null })).toMatchObject({ requiredCidrs: null, version: 2 });
  });

  test("is changed only from the version that was seen, when one is named", async () => {
    const { owner } = await found();
    await update(owner, { neverExpiring: true }, 0);
    expect(await refusalOf(update(owner, { neverExpiring: false }, 0))).toBe("CONFLICT");
    expect(await update(owner, { neverExpiring: false }, 1)).toMatchObject({ neverExpiring: false, version: 2 });
  });

  test("of two changes at once from one version, one is made", async () => {
    const { owner } = await found();
    const both = await Promise.all(
      [1, 2].map(async (days) => await refusalOf(update(owner, { idleExpiryMs: days * DAY_MS }, 0))),
    );
    expect(new Set(both)).toEqual(new Set(["CONFLICT", null]));
  });

  test("is changed by nobody without policy:update", async () => {
    const { organization, owner } = await found();
    const { as } = await createKey(deployment, owner.caller, { ownerKind: "service", permissions: ["policy:read"] });
    const people = await Promise.all(
      (["developer", "member", "suspended"] as const).map((role) => organization.join(role)),
    );
    for (const caller of [...people.map((person) => person.caller), as]) {
      const changing = deployment.call(internal.policy.update, { caller, change: { neverExpiring: true } });
      expect(await refusalOf(changing)).toBe("FORBIDDEN");
      const wish = { caller, change: { neverExpiring: true }, at: Date.now(), cursor: null, limit: 10 };
      expect(await refusalOf(deployment.call(internal.policy.preview, wish))).toBe("FORBIDDEN");
    }
    expect(await live(organization, owner)).toEqual(DEFAULT_POLICY);
  });

  const wrong: [string, Change][] = [
    ["defaultLifetimeMs", { defaultLifetimeMs: MINUTE_MS - 1 }],
    ["defaultLifetimeMs", { defaultLifetimeMs: 1.5 * DAY_MS + 0.5 }],
    ["defaultLifetimeMs", { defaultLifetimeMs: 91 * DAY_MS, maxLifetimeMs: 90 * DAY_MS }],
    ["maxLifetimeMs", { maxLifetimeMs: 0 }],
    ["maxLifetimeMs", { maxLifetimeMs: 36_501 * DAY_MS }],
    ["maxLifetimeMsByRole.developer", { maxLifetimeMsByRole: { admin: DAY_MS, developer: -1 } }],
    ["maxLifetimeMsByRole.nobody", { maxLifetimeMsByRole: { nobody: DAY_MS } }],
    ["maxLifetimeMsByRole.suspended", { maxLifetimeMsByRole: { suspended: DAY_MS } }],
    ["liveKeysPerOwner", { liveKeysPerOwner: 0 }],
    ["liveKeysPerOwner", { liveKeysPerOwner: LIVE_KEYS_PER_OWNER_MAX + 1 }],
    ["requiredCidrs", { requiredCidrs: [] }],
    ["requiredCidrs", { requiredCidrs: ["10.0.0.0/33"] }],
    ["idleExpiryMs", { idleExpiryMs: HOUR_MS - 1 }],
    ["deadKeyRetentionMs", { deadKeyRetentionMs: DAY_MS - 1 }],
    ["auditRetentionMs", { auditRetentionMs: 30 * DAY_MS - 1 }],
    ["rateLimit", { rateLimit: { limit: 0, windowMs: 60_000 } }],
  ];
  test.each(wrong)("is not changed to a wrong %s: %j", async (path, change) => {
    const { organization, owner } = await found();
    const refusal = await refusalDataOf(update(owner, change));
    expect(refusal).toMatchObject({ code: "INVALID_INPUT", fields: [{ path }] });
    expect(await live(organization, owner)).toEqual(DEFAULT_POLICY);
  });

  test("tells all wrong fields at once", async () => {
    const { owner } = await found();
    const refusal = await refusalDataOf(update(owner, { maxLifetimeMs: 1, liveKeysPerOwner: 0, idleExpiryMs: 1 }));
    expect(refusal?.fields?.map(({ path }) => path)).toEqual(["maxLifetimeMs", "liveKeysPerOwner", "idleExpiryMs"]);
  });

  test("a lowered maximum takes the default lifetime down with it", async () => {
    const { owner } = await found();
    const changed = await update(owner, { maxLifetimeMs: 7 * DAY_MS });
    expect(changed).toMatchObject({ maxLifetimeMs: 7 * DAY_MS, defaultLifetimeMs: 7 * DAY_MS });
    const { record } = await createKey(deployment, owner.caller);
    expect(record.expiresAt).toBe(record.createdAt + 7 * DAY_MS);
  });

  describe("E10 C4: creating and changing a key", () => {
    test("keeps within the maximum, and lives for ever only where that is allowed", async () => {
      const { owner } = await found();
      await update(owner, { maxLifetimeMs: 10 * DAY_MS });
      const wish = (expiresAt: number | null) => createKey(deployment, owner.caller, { expiresAt });
      const beyond = { code: "INVALID_INPUT", fields: [{ path: "expiresAt" }] };
      expect(await refusalDataOf(wish(Date.now() + 11 * DAY_MS))).toMatchObject(beyond);
      expect(await refusalDataOf(wish(null))).toMatchObject(beyond);
      const { record } = await wish(Date.now() + 10 * DAY_MS);
      const change = async (expiresAt: number | null) =>
        await deployment.call(internal.keys.update, {
          caller: owner.caller,
          keyId: record._id,
          changes: { expiresAt },
        });
      expect(await refusalDataOf(change(Date.now() + 11 * DAY_MS))).toMatchObject(beyond);
      expect(await refusalDataOf(change(null))).toMatchObject(beyond);
      await update(owner, { neverExpiring: true });
      expect((await wish(null)).record.expiresAt).toBeNull();
      expect((await change(null)).expiresAt).toBeNull();
    });

    test("a personal key has the maximum of its owner's role, whoever makes it; a service key the general one", async () => {
      const { organization, owner } = await found();
      const developer = await organization.join("developer");
      await update(owner, { maxLifetimeMsByRole: { developer: 2 * DAY_MS, owner: 400 * DAY_MS } });
      const inDays = (days: number) => Date.now() + days * DAY_MS;
      const make = async (person: Person, days: number, of: object = {}) =>
        await refusalOf(createKey(deployment, person.caller, { expiresAt: inDays(days), ...of }));
      expect(await make(developer, 3)).toBe("INVALID_INPUT");
      expect(await make(owner, 3, { ownerUserId: developer.userId })).toBe("INVALID_INPUT");
      expect(await make(developer, 2)).toBeNull();
      expect(await make(owner, 400)).toBeNull();
      expect(await make(owner, 400, { ownerKind: "service" })).toBe("INVALID_INPUT");
    });

    test("C11: a role of whatever name has the maximum that it is given, and else the general one", async () => {
      const { organization, owner } = await found();
      const { caller } = owner;
      const person = await organization.join("developer");
      const { key, record } = await createKey(deployment, person.caller, { expiresAt: Date.now() + HOUR_MS });
      await deployment.call(internal.roles.create, {
        caller,
        name: "constructor",
        grants: [{ permission: "keys:create", scope: "own" }],
      });
      await deployment.call(internal.members.update, { caller, memberId: person.userId, roles: ["constructor"] });
      expect((await verify(deployment, key))?.expiresAt).toBe(record.expiresAt);
      const make = (days: number) => createKey(deployment, person.caller, { expiresAt: Date.now() + days * DAY_MS });
      expect(await refusalOf(make(366))).toBe("INVALID_INPUT");
      expect(await refusalOf(make(365))).toBeNull();
      await update(owner, { maxLifetimeMsByRole: { constructor: 2 * DAY_MS } });
      expect(await refusalOf(make(3))).toBe("INVALID_INPUT");
      expect(await refusalOf(make(2))).toBeNull();
    });

    test("an owner has as many live keys as are allowed, and keeps those beyond a lowered limit", async () => {
      const { owner } = await found();
      const kept = [await createKey(deployment, owner.caller), await createKey(deployment, owner.caller)];
      await update(owner, { liveKeysPerOwner: 1 });
      expect(await refusalOf(createKey(deployment, owner.caller))).toBe("KEY_LIMIT_REACHED");
      for (const { key } of kept) expect(await verdictOn(deployment, key)).toBe("VALID");
      await update(owner, { liveKeysPerOwner: 3 });
      expect(await refusalOf(createKey(deployment, owner.caller))).toBeNull();
    });
  });

  // The other engine runs one after the other, always in the same order.
  const raced = engine.name === "embedded backend";
  test.runIf(raced)("H6 E10: a creation that saw the loose policy never comes after the tightened one", async () => {
    const { owner } = await found();
    const ROUNDS = 150;
    let created = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await update(owner, { neverExpiring: true, liveKeysPerOwner: LIVE_KEYS_PER_OWNER_MAX });
      const make = () => refusalOf(createKey(deployment, owner.caller, { expiresAt: null, ownerKind: "service" }));
      // At once, and then a bit later each time, so that it meets every part of the creations, however quick the machine is.
      const tighten = async () => {
        if (round % 20 > 0) await new Promise((resolve) => setTimeout(resolve, round % 20));
        await update(owner, { neverExpiring: false });
      };
      const [first, , second] = await Promise.all([make(), tighten(), make()]);
      created += [first, second].filter((refusal) => refusal === null).length;
    }
    // The chain of entries is the order in which things were done.
    let allowed = false;
    let endless = 0;
    let cursor: string | null = null;
    do {
      const page: { items: { action: string; after: string | null }[]; nextCursor: string | null } =
        await deployment.call(internal.audit.exportForCaller, { caller: owner.caller, cursor, limit: 1000 });
      for (const { action, after } of page.items) {
        const state: { neverExpiring?: boolean; expiresAt?: number | null } = JSON.parse(after ?? "{}");
        if (action === "policy.update") allowed = state.neverExpiring ?? allowed;
        if (action === "key.create" && state.expiresAt === null) {
          endless += 1;
          expect(allowed).toBe(true);
        }
      }
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(endless).toBe(created);
    // Some came before and some after, or nothing was raced.
    expect(created).toBeGreaterThan(0);
    expect(created).toBeLessThan(2 * ROUNDS);
  });
});
