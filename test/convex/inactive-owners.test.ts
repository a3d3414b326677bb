import { afterAll, expect, test } from "vitest";
import { listKeys } from "../../convex/model/keys/lists.ts";
import { toKeySnapshots } from "../../convex/model/keys/views.ts";
import { openConvexTest } from "./engines.ts";
import { createKey, createOrganization } from "./world.ts";

const { t, deployment } = openConvexTest();
afterAll(async () => await deployment[Symbol.asyncDispose]());

test("E11 H14: a page that tells whether owners are active reads each owner's membership once", async () => {
  const organization = await createOrganization(deployment);
  const people = [await organization.join("developer"), await organization.join("developer")];
  for (const { caller } of [...people, ...people, ...people]) await createKey(deployment, caller);
  const [person] = people;
  if (person === undefined) throw new Error("nobody");
  await organization.setRole(person, "suspended");
  const { organizationId } = organization;
  const { memberships, owners } = await t.run(async (ctx) => {
    let reads = 0;
    const db = new Proxy(ctx.db, {
      get(target, name) {
        if (name !== "query") return Reflect.get(target, name);
        return (table: Parameters<typeof target.query>[0]) => {
          if (table === "member") reads += 1;
          return target.query(table);
        };
      },
    });
    const counting = { ...ctx, db };
    const audience = { organizationId, userId: person.userId, scope: "any" as const };
    const filter = { statuses: ["active" as const, "disabled" as const] };
    // Both statuses need no look at an owner, one of them does.
    const wish = { includeDead: false, cursor: null, limit: 50, at: Date.now() };
    const both = await listKeys(counting, audience, { ...wish, filter });
    expect([both.keys.length, reads]).toEqual([6, 0]);
    const { keys } = await listKeys(counting, audience, { ...wish, filter: { statuses: ["disabled"] } });
    await toKeySnapshots(counting, both.keys);
    return { memberships: reads, owners: keys.map(({ ownerUserId }) => ownerUserId) };
  });
  expect(memberships).toBe(2);
  expect(owners).toEqual([person.userId, person.userId, person.userId]);
});
