import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { internal } from "../../convex/_generated/api.js";
import type { Clause } from "../../convex/auth/where.ts";
import { engines } from "./engines.ts";
import type { Deployment } from "./engines.ts";
import { auditOf, createKey, createOrganization, refusalOf, verify } from "./world.ts";

const origin = { userId: null, request: { id: "test" } };

/** A condition as better-auth's adapter factory writes it. */
function where(field: string, value: Clause["value"], operator: Clause["operator"] = "eq"): Clause {
  return { field, value, operator, connector: "AND", mode: "sensitive" };
}

describe.each(engines)("better-auth's store on $name", (engine) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await engine.deploy();
  });
  afterAll(async () => await deployment[Symbol.asyncDispose]());

  const store = internal.auth.store;
  const createUser = async (email: string) =>
    await deployment.call(store.create, {
      table: "user",
      data: { name: "A", email, emailVerified: false, image: null, createdAt: 1, updatedAt: 1 },
      origin,
    });
  const createNote = async (identifier: string, expiresAt: number) =>
    await deployment.call(store.create, {
      table: "verification",
      data: { identifier, value: `${expiresAt}`, expiresAt, createdAt: 1, updatedAt: 1 },
      origin,
    });
  const notes = async (conditions: Clause[], more = {}) =>
    (await deployment.call(store.find, { table: "verification", where: conditions, limit: 100, ...more })).map(
      ({ value }) => value,
    );

  test("refuses a second row where one must be unique, also when they come at once", async () => {
    const attempts = await Promise.allSettled(["a@x.de", "a@x.de", "a@x.de"].map(createUser));
    expect(attempts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(await refusalOf(createUser("a@x.de"))).toBe("CONFLICT");
    const other = await createUser("b@x.de");
    const change = { table: "user" as const, where: [where("_id", other._id)], only: "first" as const, origin };
    expect(await refusalOf(deployment.call(store.update, { ...change, data: { email: "a@x.de" } }))).toBe("CONFLICT");
    // Its own value is no clash.
    expect(await deployment.call(store.update, { ...change, data: { email: "b@x.de", name: "B" } })).toMatchObject([
      { name: "B" },
    ]);
  });

  test("refuses a second membership, a second account and a second organization of a slug", async () => {
    const organization = await createOrganization(deployment);
    const person = await organization.join("member");
    const member = { organizationId: organization.organizationId, userId: person.userId, role: "owner", createdAt: 1 };
    expect(await refusalOf(deployment.call(store.create, { table: "member", data: member, origin }))).toBe("CONFLICT");
    const account = { accountId: "1", providerId: "credential", userId: person.userId, createdAt: 1, updatedAt: 1 };
    await deployment.call(store.create, { table: "account", data: account, origin });
    expect(await refusalOf(deployment.call(store.create, { table: "account", data: account, origin }))).toBe(
      "CONFLICT",
    );
    const [first] = await deployment.call(store.find, {
      table: "organization",
      where: [where("_id", organization.organizationId)],
      limit: 1,
    });
    const twin = { name: "Twin", slug: first?.slug, createdAt: 1 };
    expect(await refusalOf(deployment.call(store.create, { table: "organization", data: twin, origin }))).toBe(
      "CONFLICT",
    );
  });

  test("answers every operator, by an index or not", async () => {
    for (const expiresAt of [10, 20, 30]) await createNote("ops", expiresAt);
    await createNote("Other", 40);
    expect(await notes([where("identifier", "ops")])).toEqual(["10", "20", "30"]);
    expect(await notes([where("identifier", "ops"), where("expiresAt", 20, "gt")])).toEqual(["30"]);
    expect(await notes([where("expiresAt", 20, "lt")])).toEqual(["10"]);
    expect(await notes([where("expiresAt", 20, "lte")])).toEqual(["10", "20"]);
    expect(await notes([where("expiresAt", 30, "gte")])).toEqual(["30", "40"]);
    expect(await notes([where("value", "2", "starts_with")])).toEqual(["20"]);
    expect(await notes([where("value", "0", "ends_with"), where("value", "3", "contains")])).toEqual(["30"]);
    expect(await notes([where("identifier", ["Other", "ops"], "in"), where("expiresAt", 20, "ne")])).toHaveLength(3);
    expect(await notes([where("expiresAt", [10, 20], "not_in")])).toEqual(["30", "40"]);
    expect(await notes([{ ...where("identifier", "OTHER"), mode: "insensitive" }])).toEqual(["40"]);
    const either: Clause[] = [
      { ...where("value", "10"), connector: "OR" },
      { ...where("value", "40"), connector: "OR" },
    ];
    expect(await notes(either)).toEqual(["10", "40"]);
    expect(await notes([where("identifier", "ops"), ...either])).toEqual(["10"]);
    const sortBy = { field: "expiresAt", direction: "desc" };
    expect(await notes([where("identifier", "ops")], { sortBy, limit: 2, offset: 1 })).toEqual(["20", "10"]);
    expect(await notes([where("identifier", "ops")], { limit: 1, offset: 1 })).toEqual(["20"]);
    expect(await notes([where("_id", "nonsense")])).toEqual([]);
    expect(await deployment.call(store.count, { table: "verification", where: [where("identifier", "ops")] })).toBe(3);
  });

  test("null is absence, both in rows and in conditions", async () => {
    const user = await createUser("n@x.de");
    expect(user.image).toBeUndefined();
    const found = async (value: string | null) =>
      (
        await deployment.call(store.find, {
          table: "user",
          where: [where("_id", user._id), where("image", value)],
          limit: 1,
        })
      ).length;
    expect(await found(null)).toBe(1);
    const change = { table: "user" as const, where: [where("_id", user._id)], only: "first" as const, origin };
    await deployment.call(store.update, { ...change, data: { image: "i" } });
    expect(await found("i")).toBe(1);
    await deployment.call(store.update, { ...change, data: { image: null } });
    expect(await found(null)).toBe(1);
  });

  test("of many who consume a row at once, one gets it", async () => {
    await createNote("once", 50);
    await createNote("once", 60);
    const consume = () =>
      deployment.call(store.remove, {
        table: "verification",
        where: [where("identifier", "once"), where("value", "50")],
        only: "first",
        origin,
      });
    const got = await Promise.all([consume(), consume(), consume()]);
    expect(got.flat()).toHaveLength(1);
    expect(await notes([where("identifier", "once")])).toEqual(["60"]);
  });

  test("counts only while the guard holds", async () => {
    const row = await createNote("counted", 2);
    const decrement = () =>
      deployment.call(store.increment, {
        table: "verification",
        where: [where("_id", row._id), where("expiresAt", 0, "gt")],
        increment: { expiresAt: -1 },
        data: { value: "taken" },
        origin,
      });
    const results = await Promise.all([decrement(), decrement(), decrement(), decrement()]);
    expect(results.filter((result) => result !== null)).toHaveLength(2);
    expect(await notes([where("_id", row._id)])).toEqual(["taken"]);
  });

  test("deletes all that match, or only the first", async () => {
    for (const expiresAt of [70, 80, 90]) await createNote("gone", expiresAt);
    const target = { table: "verification" as const, where: [where("identifier", "gone")], origin };
    await deployment.call(store.remove, { ...target, only: "first" });
    expect(await notes(target.where)).toEqual(["80", "90"]);
    await deployment.call(store.remove, { ...target, only: "all" });
    expect(await notes(target.where)).toEqual([]);
  });

  test("N5: a credential without its key's record never verifies", async () => {
    const data = { configId: "default", referenceId: "r", key: "a-hash", createdAt: 1, updatedAt: 1 };
    await deployment.call(store.create, { table: "apikey", data, origin });
    expect(await deployment.call(internal.verification.byHash, { hash: "a-hash" })).toBeNull();
  });

  test("the plugin's sweep of what it thinks expired finds nothing to delete", async () => {
    const data = { configId: "default", referenceId: "r", key: "old", expiresAt: 1, createdAt: 1, updatedAt: 1 };
    const old = await deployment.call(store.create, { table: "apikey", data, origin });
    const admin = await (await createOrganization(deployment)).join("admin");
    // The first creation of a process sweeps.
    const { key, record } = await createKey(deployment, admin.caller);
    await deployment.call(internal.keys.expire, { caller: admin.caller, keyId: record._id });
    await createKey(deployment, admin.caller);
    expect(await deployment.call(store.count, { table: "apikey", where: [where("_id", old._id)] })).toBe(1);
    expect(await verify(deployment, key)).toMatchObject({ keyId: record._id });
  });

  test("changes of members and roles are audited with them", async () => {
    const organization = await createOrganization(deployment);
    const [admin, person] = [await organization.join("admin"), await organization.join("member")];
    await organization.setRole(person, "developer");
    await organization.setRole(person, null);
    const entries = (await auditOf(deployment, admin)).map(({ action, before, after }) => [
      action,
      before === null ? null : JSON.parse(before),
      after === null ? null : JSON.parse(after),
    ]);
    const { userId } = person;
    expect(entries.slice(0, 3)).toEqual([
      ["member.delete", { userId, role: "developer" }, null],
      ["member.update", { userId, role: "member" }, { userId, role: "developer" }],
      ["member.create", null, { userId, role: "member" }],
    ]);
    expect(entries.at(-1)?.[0]).toBe("organization.create");
  });
});
