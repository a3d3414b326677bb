import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api, internal } from "../../convex/_generated/api.js";
import { isLicenseValid } from "../../convex/model/verification/judgement.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createKey, createOrganization } from "./world.ts";
import type { Organization, Person } from "./world.ts";

describe.each(engines)("what the dashboard reads of roles, groups, permissions and licenses on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;
  let owner: Person;
  let groupId: string;
  let licenseId: string;
  let keyId: string;

  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
    owner = await organization.join("owner");
    const { caller } = owner;
    for (const name of ["writer", "auditor"]) {
      await deployment.call(internal.roles.create, { caller, name, grants: [] });
    }
    await deployment.call(internal.permissions.create, { caller, name: "billing", includes: ["orders:read"] });
    await deployment.call(internal.permissions.create, { caller, name: "archive", includes: ["orders:read"] });
    groupId = (await deployment.call(internal.groups.create, { caller, name: "Night shift", roles: ["writer"] })).id;
    licenseId = (await deployment.call(internal.licenses.create, { caller, name: "premium", seats: 3 })).id;
    const { record } = await createKey(deployment, caller, { ownerKind: "service", name: "worker" });
    keyId = record._id;
    await deployment.call(internal.groups.addMember, { caller, groupId, memberId: keyId });
    await deployment.call(internal.licenses.assign, { caller, licenseId, holderId: keyId });
    await deployment.call(internal.licenses.assign, { caller, licenseId, holderId: groupId });
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const readAll = async (as: string | undefined, organizationId: string) => [
    await deployment.call(api.roles.list, { organizationId }, as),
    await deployment.call(api.permissions.list, { organizationId }, as),
    await deployment.call(api.groups.list, { organizationId }, as),
    await deployment.call(api.groups.members, { organizationId, groupId }, as),
    await deployment.call(api.licenses.list, { organizationId }, as),
    await deployment.call(api.licenses.holders, { organizationId, licenseId }, as),
  ];

  test("N2: a member reads the organization's own, by name", async () => {
    const member = await organization.join("member");
    expect(await readAll(member.userId, organization.organizationId)).toEqual([
      [expect.objectContaining({ name: "auditor" }), expect.objectContaining({ name: "writer", grants: [] })],
      [expect.objectContaining({ name: "archive" }), expect.objectContaining({ name: "billing", builtIn: false })],
      [{ id: groupId, name: "Night shift", description: "", roles: ["writer"], permissions: [] }],
      [{ id: keyId, type: "key", name: "worker" }],
      [expect.objectContaining({ id: licenseId, name: "premium", seats: 3 })],
      expect.arrayContaining([
        { id: keyId, type: "key", name: "worker" },
        { id: groupId, type: "group", name: "Night shift" },
      ]),
    ]);
  });

  test("E12: nobody else reads anything, and nothing of another organization", async () => {
    const elsewhere = await createOrganization(deployment);
    const stranger = await elsewhere.join("owner");
    const suspended = await organization.join("suspended");
    const nothing = [null, null, null, null, null, null];
    for (const as of [undefined, stranger.userId, suspended.userId, "nonsense"]) {
      expect(await readAll(as, organization.organizationId)).toEqual(nothing);
    }
    expect(await readAll(stranger.userId, elsewhere.organizationId)).toEqual([[], [], [], null, [], null]);
    expect(await readAll(owner.userId, "nonsense")).toEqual(nothing);
  });

  test("T9: who holds a role without the right to look sees none of it", async () => {
    const { caller } = owner;
    const grants = [{ permission: "keys:read", scope: "any" as const }];
    await deployment.call(internal.roles.create, { caller, name: "blind", grants });
    const person = await organization.join("member");
    await deployment.call(internal.members.update, { caller, memberId: person.userId, roles: ["blind"] });
    const read = await readAll(person.userId, organization.organizationId);
    expect(read).toEqual([null, null, null, null, null, null]);
  });
});

test("N2 E27: a license is valid from its first instant on and no longer at its last", () => {
  const license = { validFrom: 1_000, validUntil: 2_000 };
  expect([999, 1_000, 1_999, 2_000].map((now) => isLicenseValid(license, now))).toEqual([false, true, true, false]);
  expect(isLicenseValid({ validFrom: null, validUntil: null }, 0)).toBe(true);
});
