import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import type { Role } from "../../convex/shared/roles.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization, listOf, refusalOf, verify } from "./world.ts";
import type { Organization, Person } from "./world.ts";

type Target = "own" | "another's" | "service";
type Verb = "read" | "disable" | "enable" | "expire" | "revoke" | "rotate" | "delete";

const TARGETS: readonly Target[] = ["own", "another's", "service"];
const VERBS: readonly Verb[] = ["read", "disable", "enable", "expire", "revoke", "rotate", "delete"];

/** What may be done to whose key. Written out by hand: this is the promise, and the code has to keep it. */
const MAY: Record<Role | "outsider", Record<Target, readonly Verb[]>> = {
  owner: { own: VERBS, "another's": VERBS, service: VERBS },
  admin: { own: VERBS, "another's": VERBS, service: VERBS },
  developer: { own: VERBS, "another's": ["read"], service: ["read"] },
  member: { own: ["read", "disable", "enable", "expire", "revoke"], "another's": [], service: [] },
  suspended: { own: ["revoke"], "another's": [], service: [] },
  outsider: { own: ["revoke"], "another's": [], service: [] },
};

const CASES = Object.entries(MAY).flatMap(([role, targets]) =>
  TARGETS.flatMap((target) => VERBS.map((verb) => ({ role, target, verb, allowed: targets[target].includes(verb) }))),
);

describe.each(engines)("the role matrix on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let admin: Person;

  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    admin = await organization.join("owner");
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  test.each(CASES)("T9 N4: $role, $target key, $verb: $allowed", async ({ role, target, verb, allowed }) => {
    const person = await organization.join("admin");
    const owner = target === "another's" ? await organization.join("developer") : person;
    const { record } = await createKey(deployment, admin.caller, {
      ownerKind: target === "service" ? "service" : "personal",
      ownerUserId: owner.userId,
    });
    const keyId = record._id;
    if (verb === "delete") await deployment.call(internal.keys.expire, { caller: admin.caller, keyId });
    if (verb === "enable") await deployment.call(internal.keys.disable, { caller: admin.caller, keyId });
    await organization.setRole(person, isRole(role) ? role : null);

    const { caller } = person;
    const call = {
      read: () => deployment.call(internal.keys.getForCaller, { caller, keyId }),
      disable: () => deployment.call(internal.keys.disable, { caller, keyId }),
      enable: () => deployment.call(internal.keys.enable, { caller, keyId }),
      expire: () => deployment.call(internal.keys.expire, { caller, keyId }),
      revoke: () => deployment.call(internal.keys.revoke, { caller, keyId }),
      rotate: () => deployment.call(internal.credentials.rotate, { caller, keyId }),
      delete: () => deployment.call(internal.keys.remove, { caller, keyId }),
    }[verb];
    // Who may not even see it learns nothing; who may see it learns that it may not.
    const seen = MAY[isRole(role) ? role : "outsider"][target].includes("read");
    expect(await refusalOf(call())).toBe(allowed ? null : seen ? "FORBIDDEN" : "NOT_FOUND");

    const shown = await deployment.call(
      api.keys.get,
      { organizationId: organization.organizationId, keyId },
      person.userId,
    );
    const gone = verb === "delete" && allowed;
    expect(shown !== null).toBe(seen && !gone);
  });

  test("E12 E24: a foreign, a deleted and a nonsense id are refused in the same words", async () => {
    const elsewhere = await createOrganization(deployment);
    const foreign = await createKey(deployment, (await elsewhere.join("owner")).caller);
    const deleted = await createKey(deployment, admin.caller);
    await deployment.call(internal.keys.revoke, { caller: admin.caller, keyId: deleted.record._id });
    await deployment.call(internal.keys.remove, { caller: admin.caller, keyId: deleted.record._id });
    const { caller } = admin;
    const refusals = await Promise.all(
      [foreign.record._id, deleted.record._id, "nonsense", organization.organizationId, ""].map(async (keyId) =>
        deployment.call(internal.keys.revoke, { caller, keyId }).catch((error: { data: unknown }) => error.data),
      ),
    );
    expect(new Set(refusals.map((data) => JSON.stringify(data))).size).toBe(1);
    expect(JSON.stringify(refusals[0])).toContain("NOT_FOUND");
    const untouched = await deployment.call(internal.verification.byHash, { hash: "x" });
    expect(untouched).toBeNull();
  });

  test("a list shows every key to those who may see all, and else the person's own", async () => {
    const place = await createOrganization(deployment);
    const [owner, developer, member, suspended] = await Promise.all([
      place.join("owner"),
      place.join("developer"),
      place.join("member"),
      place.join("suspended"),
    ]);
    await createKey(deployment, owner.caller, { name: "of the owner" });
    await createKey(deployment, owner.caller, { name: "of the member", ownerUserId: member.userId });
    await createKey(deployment, owner.caller, { name: "of a service", ownerKind: "service" });
    const names = async (person: Person) => (await listOf(deployment, person)).map(({ name }) => name);
    expect(await names(owner)).toEqual(["of a service", "of the member", "of the owner"]);
    expect(await names(developer)).toEqual(["of a service", "of the member", "of the owner"]);
    expect(await names(member)).toEqual(["of the member"]);
    expect(await names(suspended)).toEqual([]);
    const listed = await deployment.call(internal.keys.listForCaller, {
      caller: member.caller,
      includeDead: true,
      filter: {},
      cursor: null,
      limit: 10,
      at: Date.now(),
    });
    expect(listed.items.map(({ name }) => name)).toEqual(["of the member"]);
  });

  test("N2 N10 E11: a demoted creator's key can do less at once, and a removed one's nothing", async () => {
    const person = await organization.join("developer");
    const permissions = ["orders:read", "orders:write", "keys:verify"];
    const { key } = await createKey(deployment, person.caller, { permissions });
    expect(await verify(deployment, key)).toMatchObject({ ownerActive: true, permissions });
    await organization.setRole(person, "member");
    expect(await verify(deployment, key)).toMatchObject({ ownerActive: true, permissions: ["orders:read"] });
    await organization.setRole(person, "suspended");
    expect(await verify(deployment, key)).toMatchObject({ ownerActive: false, permissions: [] });
    await organization.setRole(person, null);
    expect(await verify(deployment, key)).toMatchObject({ ownerActive: false, permissions: [] });
  });
});

function isRole(text: string): text is Role {
  return text !== "outsider";
}
