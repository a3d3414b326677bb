import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { api } from "../../convex/_generated/api.js";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { createOrganization } from "./world.ts";
import type { Organization, Person } from "./world.ts";

describe.each(engines)("whom a member may ask for more rights on $name", (engine) => {
  let deployment: Deployment;
  let organization: Organization;

  beforeAll(async () => {
    deployment = await engine.deploy();
    organization = await createOrganization(deployment);
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const adminsFor = (person: Person | null) =>
    deployment.call(api.members.admins, { organizationId: organization.organizationId }, person?.userId);

  test("is the owners, then the admins, by name, five at most", async () => {
    const member = await organization.join("member");
    expect(await adminsFor(member)).toEqual([]);
    await organization.join("developer");
    for (let count = 0; count < 3; count += 1) await organization.join("admin");
    await organization.join("owner");
    expect(await adminsFor(member)).toEqual(["owner", "admin", "admin", "admin"].map(toNamePattern));
    for (let count = 0; count < 3; count += 1) await organization.join("admin");
    expect(await adminsFor(member)).toHaveLength(5);
  });

  test("is told to nobody but members who are not suspended", async () => {
    const stranger = await (await createOrganization(deployment)).join("owner");
    const suspended = await organization.join("suspended");
    for (const person of [null, stranger, suspended]) expect(await adminsFor(person)).toBeNull();
  });
});

function toNamePattern(role: string): unknown {
  return expect.stringMatching(new RegExp(`^${role} \\d+$`));
}
