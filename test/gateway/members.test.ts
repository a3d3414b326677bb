import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { engines } from "../convex/engines.ts";
import { fresh, join, make, makeServiceKey, namesOn, refusal, trailOf, verdict } from "./cast.ts";
import { openWorld, textOf } from "./world.ts";
import type { Person, World } from "./world.ts";

const any = (permission: string) => ({ permission, scope: "any" });

describe.each(engines)("members on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const setRoles = async ({ userId }: Person, roles: string[], by: Person = world.owner) =>
    await refusal(world, "PATCH", `members/${userId}`, { cookie: by.cookie, body: { roles } });
  const post = async ({ userId }: Person, verb: string, by: Person = world.owner) =>
    await refusal(world, "POST", `members/${userId}/${verb}`, { cookie: by.cookie, body: {} });
  const remove = async ({ userId }: Person, by: Person = world.owner) =>
    await refusal(world, "DELETE", `members/${userId}`, { cookie: by.cookie });
  const rolesOf = async ({ userId }: Person) => (await world.asOwner("GET", `/api/v1/members/${userId}`)).body;

  test("C9: a member is shown, given roles, suspended, restored and removed, and all of it told", async () => {
    const custom = fresh("auditor");
    await make(world, "roles", { name: custom, grants: [any("audit:read")] });
    const person = await join(world, "member");
    expect(await rolesOf(person)).toMatchObject({ id: person.userId, roles: ["member"], suspended: false });
    expect(await setRoles(person, [custom, "developer", custom])).toBeNull();
    expect(await rolesOf(person)).toMatchObject({ roles: ["developer", custom] });
    expect(await refusal(world, "GET", "audit", { cookie: person.cookie })).toBeNull();
    expect(await post(person, "suspend")).toBeNull();
    expect(await post(person, "suspend")).toBeNull();
    expect(await rolesOf(person)).toMatchObject({ roles: ["developer", custom], suspended: true });
    expect(await refusal(world, "GET", "audit", { cookie: person.cookie })).not.toBeNull();
    expect(await setRoles(person, ["member"])).toBe("CONFLICT");
    expect(await post(person, "unsuspend")).toBeNull();
    expect(await post(person, "unsuspend")).toBeNull();
    expect(await rolesOf(person)).toMatchObject({ roles: ["developer", custom], suspended: false });
    expect(await refusal(world, "GET", "audit", { cookie: person.cookie })).toBeNull();
    expect(await remove(person)).toBeNull();
    expect(await remove(person)).toBe("NOT_FOUND");
    const { userId } = person;
    const [was, is, off] = [
      { userId, role: "member" },
      { userId, role: `developer,${custom}` },
      { userId, role: "suspended" },
    ];
    const trail = await trailOf(world, userId);
    expect(trail).toMatchObject([
      { action: "member.create", before: null, after: was },
      { action: "member.update", before: was, after: is, actor: { type: "user", id: world.owner.userId } },
      { action: "member.suspend", before: is, after: off },
      { action: "member.unsuspend", before: off, after: is },
      { action: "member.delete", before: is, after: null },
    ]);
  });

  test("E26: pages name every member once", async () => {
    for (let count = 0; count < 4; count += 1) await join(world, "member");
    const { body } = await world.asOwner("GET", "/api/v1/members?limit=200");
    const names = await namesOn(world, "members", 2);
    expect(names.length).toBeGreaterThan(4);
    expect(body?.["items"]).toHaveLength(names.length);
    expect(new Set(names).size).toBeGreaterThan(4);
    const wrong = await world.asOwner("GET", "/api/v1/members?cursor=nonsense");
    expect(wrong).toMatchObject({ status: 422, body: { errors: [{ path: "cursor" }] } });
  });

  test("T9: roles are refused that are none, or no roles at all", async () => {
    const person = await join(world, "member");
    for (const [roles, path] of [
      [[], "roles"],
      [["no-such-role"], "roles.0"],
      [["member", "suspended"], "roles.1"],
      [["member,owner"], "roles.0"],
      [Array.from({ length: 17 }, (_, index) => `r${index}`), "roles"],
    ] as const) {
      expect(await world.asOwner("PATCH", `/api/v1/members/${person.userId}`, { roles })).toMatchObject({
        status: 422,
        body: { code: "INVALID_INPUT", errors: expect.arrayContaining([expect.objectContaining({ path })]) },
      });
    }
  });

  test("T9: only an owner in person makes, unmakes, suspends or removes an owner", async () => {
    const admin = await join(world, "admin");
    const second = await join(world, "owner");
    const person = await join(world, "developer");
    expect(await setRoles(person, ["owner"], admin)).toBe("FORBIDDEN");
    expect(await setRoles(admin, ["owner"], admin)).toBe("FORBIDDEN");
    expect(await setRoles(second, ["member"], admin)).toBe("FORBIDDEN");
    expect(await setRoles(second, ["owner", "admin"], admin)).toBeNull();
    expect(await post(second, "suspend", admin)).toBe("FORBIDDEN");
    expect(await remove(second, admin)).toBe("FORBIDDEN");
    const ownersKey = await world.createKey({ name: fresh("of the owner"), permissions: ["members:*"] });
    const body = { roles: ["owner"] };
    expect(await refusal(world, "PATCH", `members/${person.userId}`, { key: ownersKey.key, body })).toBe("FORBIDDEN");
    expect(await refusal(world, "DELETE", `members/${second.userId}`, { key: ownersKey.key })).toBe("FORBIDDEN");
    expect(await post(second, "suspend")).toBeNull();
    expect(await post(second, "unsuspend", admin)).toBe("FORBIDDEN");
    expect(await remove(second, admin)).toBe("FORBIDDEN");
    expect(await post(second, "unsuspend")).toBeNull();
    expect(await rolesOf(second)).toMatchObject({ roles: ["owner", "admin"] });
    expect(await setRoles(person, ["owner"])).toBeNull();
    expect(await setRoles(person, ["developer"])).toBeNull();
    expect(await remove(second)).toBeNull();
  });

  test("T9: the last owner is not demoted, suspended or removed, not even by two who leave at once", async () => {
    const first = await world.signUp("First");
    const slug = fresh(`last-${process.pid}-${engine.name.length}`);
    const organizationId = await world.createOrganization(first, slug);
    const second = await join({ ...world, organizationId }, "owner");
    const call = async (method: string, by: Person, of: Person, path = "", body?: object) =>
      await refusal(world, method, `members/${of.userId}${path}`, { cookie: by.cookie, body });
    const left = await Promise.all([call("DELETE", first, first), call("DELETE", second, second)]);
    expect(new Set(left)).toEqual(new Set(["CONFLICT", null]));
    const last = left[0] === null ? second : first;
    expect(await call("DELETE", last, last)).toBe("CONFLICT");
    expect(await call("PATCH", last, last, "", { roles: ["admin"] })).toBe("CONFLICT");
    expect(await call("POST", last, last, "/suspend", {})).toBe("CONFLICT");
    // A suspended owner is none that could stay alone.
    const third = await join({ ...world, organizationId }, "owner");
    expect(await call("POST", last, third, "/suspend", {})).toBeNull();
    expect(await call("DELETE", last, last)).toBe("CONFLICT");
    expect(await call("POST", last, third, "/unsuspend", {})).toBeNull();
    expect(await call("DELETE", last, last)).toBeNull();
  });

  test("E8: nobody gives roles beyond their own rights, nor gives them back", async () => {
    const role = fresh("people");
    const grants = [any("members:manage"), any("members:read"), any("orders:read")];
    await make(world, "roles", { name: role, grants });
    const small = fresh("small");
    await make(world, "roles", { name: small, grants: [any("orders:read")] });
    const manager = await join(world, role);
    const person = await join(world, "member");
    const admin = await join(world, "admin");
    expect(await setRoles(person, ["member", "admin"], manager)).toBe("FORBIDDEN");
    expect(await setRoles(manager, ["admin"], manager)).toBe("FORBIDDEN");
    expect(await setRoles(person, ["member", small], manager)).toBeNull();
    expect(await setRoles(person, [small], manager)).toBeNull();
    expect(await setRoles(person, ["member"], manager)).toBe("FORBIDDEN");
    expect(await post(admin, "suspend", manager)).toBeNull();
    expect(await post(admin, "unsuspend", manager)).toBe("FORBIDDEN");
    expect(await post(person, "suspend", manager)).toBeNull();
    expect(await post(person, "unsuspend", manager)).toBeNull();
    const key = (await makeServiceKey(world, { permissions: ["members:manage", "orders:read"] })).key;
    const byKey = async (roles: string[]) =>
      await refusal(world, "PATCH", `members/${person.userId}`, { key, body: { roles } });
    expect(await byKey([small, "developer"])).toBe("FORBIDDEN");
    expect(await byKey([small])).toBeNull();
    const plain = (await makeServiceKey(world, { permissions: ["keys:*", "members:read"] })).key;
    expect(await refusal(world, "DELETE", `members/${person.userId}`, { key: plain })).toBe("FORBIDDEN");
  });

  test("T9 E12: developers and members manage nobody but leave when they like; strangers are not there", async () => {
    const [developer, member, other] = [
      await join(world, "developer"),
      await join(world, "member"),
      await join(world, "member"),
    ];
    for (const by of [developer, member]) {
      expect(await setRoles(other, ["developer"], by)).toBe("FORBIDDEN");
      expect(await setRoles(by, ["admin"], by)).toBe("FORBIDDEN");
      expect(await post(other, "suspend", by)).toBe("FORBIDDEN");
      expect(await post(other, "unsuspend", by)).toBe("FORBIDDEN");
      expect(await remove(other, by)).toBe("FORBIDDEN");
      expect(await remove(by, by)).toBeNull();
      expect(await rolesOf(by)).toMatchObject({ code: "NOT_FOUND" });
    }
    const stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, fresh(`member-strangers-${process.pid}-${engine.name.length}`));
    for (const path of [other.userId, "nonsense", world.organizationId]) {
      expect(await refusal(world, "GET", `members/${path}`, { cookie: stranger.cookie })).toBe("NOT_FOUND");
      expect(await refusal(world, "DELETE", `members/${path}`, { cookie: stranger.cookie })).toBe("NOT_FOUND");
    }
    expect(await rolesOf(stranger)).toMatchObject({ code: "NOT_FOUND" });
  });

  test("E11 H8: a personal key follows its member at the very next use: demoted, suspended, back, removed", async () => {
    const person = await join(world, "developer");
    const { key } = await world.createKey({
      name: fresh("follows"),
      ownerUserId: person.userId,
      permissions: ["orders:read", "orders:write"],
    });
    const codes = async () => [await verdict(world, key, "orders:read"), await verdict(world, key, "orders:write")];
    expect(await codes()).toEqual(["VALID", "VALID"]);
    await setRoles(person, ["member"]);
    expect(await codes()).toEqual(["VALID", "INSUFFICIENT_PERMISSIONS"]);
    await post(person, "suspend");
    expect(await codes()).toEqual(["DISABLED", "DISABLED"]);
    await post(person, "unsuspend");
    expect(await codes()).toEqual(["VALID", "INSUFFICIENT_PERMISSIONS"]);
    await remove(person);
    expect(await codes()).toEqual(["DISABLED", "DISABLED"]);
  });

  test.each(["demoted", "suspended", "removed"])(
    "E8 E11: an invitation by who is %s meanwhile is canceled",
    async (how) => {
      const admin = await join(world, "admin");
      const body = { email: `${fresh("invited")}@example.com`, roles: ["admin"] };
      const sent = await world.call("POST", "/api/v1/invitations", { cookie: admin.cookie, body });
      expect(sent.status).toBe(201);
      const id = textOf(sent, "id");
      if (how === "demoted") expect(await setRoles(admin, ["member"])).toBeNull();
      if (how === "suspended") expect(await post(admin, "suspend")).toBeNull();
      if (how === "removed") expect(await remove(admin)).toBeNull();
      expect(await trailOf(world, id)).toMatchObject([
        { action: "invitation.create" },
        { action: "invitation.cancel", before: { roles: ["admin"], inviterUserId: admin.userId }, after: null },
      ]);
    },
  );

  test("T9: better-auth's own ways around these rules are closed", async () => {
    const person = await join(world, "developer");
    const { organizationId } = world;
    for (const [path, body] of [
      ["update-member-role", { memberId: person.userId, role: "owner", organizationId }],
      ["remove-member", { memberIdOrEmail: person.userId, organizationId }],
      ["leave", { organizationId }],
    ] as const) {
      expect((await world.asOwner("POST", `/api/auth/organization/${path}`, body)).status).toBe(404);
    }
  });
});
