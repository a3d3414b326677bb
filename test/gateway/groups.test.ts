import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GROUPS_MAX } from "#convex/model/rights/effectiveRights.ts";
import { engines } from "../convex/engines.ts";
import { fresh, join, make, makeServiceKey, namesOn, refusal, trailOf, verdict, verify } from "./cast.ts";
import { openWorld, textOf } from "./world.ts";
import type { World } from "./world.ts";

const any = (permission: string) => ({ permission, scope: "any" });

describe.each(engines)("groups on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  const put = async (groupId: string, memberId: string) =>
    await world.asOwner("PUT", `/api/v1/groups/${groupId}/members/${memberId}`);
  const takeOut = async (groupId: string, memberId: string) =>
    await world.asOwner("DELETE", `/api/v1/groups/${groupId}/members/${memberId}`);

  test("N2: a group is made, changed, filled, emptied and deleted, and all of it told", async () => {
    const name = `Night shift ${fresh("of")}`;
    const created = await world.asOwner("POST", "/api/v1/groups", { name, permissions: ["orders:read"] });
    const before = { name, description: "", roles: [], permissions: ["orders:read"] };
    expect(created).toMatchObject({ status: 201, body: before });
    const id = textOf(created, "id");
    expect((await world.asOwner("GET", `/api/v1/groups/${id}`)).body).toEqual(created.body);
    const after = { ...before, name: `${name} too`, roles: ["member"] };
    const changed = await world.asOwner("PATCH", `/api/v1/groups/${id}`, { name: after.name, roles: ["member"] });
    expect(changed).toMatchObject({ status: 200, body: after });
    const service = await makeServiceKey(world);
    const person = await join(world, "member");
    expect(await put(id, service.id)).toMatchObject({ status: 200, body: { id: service.id, type: "key" } });
    expect(await put(id, person.userId)).toMatchObject({ status: 200, body: { id: person.userId, type: "user" } });
    expect((await put(id, person.userId)).status).toBe(200);
    const members = await world.asOwner("GET", `/api/v1/groups/${id}/members`);
    expect(members.body?.["items"]).toHaveLength(2);
    expect(await namesOn(world, `groups/${id}/members`, 1)).toHaveLength(2);
    expect((await takeOut(id, service.id)).status).toBe(204);
    expect(await takeOut(id, service.id)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    expect((await world.asOwner("DELETE", `/api/v1/groups/${id}`)).status).toBe(204);
    expect((await world.asOwner("GET", `/api/v1/groups/${id}/members`)).status).toBe(404);
    expect(await trailOf(world, id)).toMatchObject([
      { action: "group.create", before: null, after: before },
      { action: "group.update", before, after },
      { action: "group.addMember", before: null, after: { memberId: service.id, type: "key" } },
      { action: "group.addMember", before: null, after: { memberId: person.userId, type: "user" } },
      { action: "group.removeMember", before: { memberId: service.id, type: "key" }, after: null },
      { action: "group.delete", before: after, after: null },
    ]);
  });

  test("N2: a group is refused that has a taken or no name, or gives what is not there", async () => {
    const name = fresh("Taken");
    const id = await make(world, "groups", { name });
    const other = await make(world, "groups", { name: fresh("Other") });
    const post = async (body: Record<string, unknown>) => await world.asOwner("POST", "/api/v1/groups", body);
    expect(await post({ name })).toMatchObject({ status: 409, body: { code: "NAME_TAKEN" } });
    expect(await world.asOwner("PATCH", `/api/v1/groups/${other}`, { name })).toMatchObject({ status: 409 });
    expect(await world.asOwner("PATCH", `/api/v1/groups/${id}`, { name })).toMatchObject({ status: 200 });
    for (const [body, path] of [
      [{ name: "  " }, "name"],
      [{ name: "x".repeat(101) }, "name"],
      [{ name: "x", roles: ["no-such-role"] }, "roles.0"],
      [{ name: "x", roles: ["member", "owner"] }, "roles.1"],
      [{ name: "x", roles: ["suspended"] }, "roles.0"],
      [{ name: "x", permissions: ["keys:fly"] }, "permissions.0"],
      [{ name: "x", permissions: ["no-such-composite"] }, "permissions.0"],
      [{ name: "x", permissions: Array.from({ length: 65 }, (_, index) => `orders:a${index}`) }, "permissions"],
    ] as const) {
      expect(await post(body)).toMatchObject({ status: 422, body: { code: "INVALID_INPUT", errors: [{ path }] } });
    }
  });

  test("E12: strangers, personal and dead keys are not put into groups", async () => {
    const id = await make(world, "groups", { name: fresh("Ours") });
    const stranger = await world.signUp("Eve");
    await world.createOrganization(stranger, fresh(`strangers-${process.pid}-${engine.name.length}`));
    const theirs = await world.call("POST", "/api/v1/keys", {
      cookie: stranger.cookie,
      body: { name: "theirs", ownerKind: "service" },
    });
    for (const foreign of [stranger.userId, textOf(theirs, "id"), world.organizationId, id, "nonsense"]) {
      expect(await put(id, foreign)).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
    }
    const personal = await world.createKey({ name: fresh("personal") });
    expect(await put(id, personal.id)).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
    const dead = await makeServiceKey(world);
    await world.asOwner("POST", `/api/v1/keys/${dead.id}/revoke`);
    expect(await put(id, dead.id)).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
    const member = await join(world, "developer");
    for (const path of [`groups/${id}/members/${member.userId}`, `groups/${id}`]) {
      expect(await refusal(world, "DELETE", path, { cookie: stranger.cookie })).toBe("NOT_FOUND");
      expect(await refusal(world, "DELETE", path, { cookie: member.cookie })).toBe("FORBIDDEN");
    }
    expect(await refusal(world, "GET", `groups/${id}`, { cookie: member.cookie })).toBeNull();
  });

  test("E7 N2: what a group gives is at the very next use what its members and keys hold", async () => {
    const role = fresh("writer");
    const roleId = await make(world, "roles", { name: role, grants: [any("orders:write")] });
    const id = await make(world, "groups", { name: fresh("Live"), roles: [role], permissions: ["stock:read"] });
    const service = await makeServiceKey(world);
    const person = await join(world, "member");
    const permissions = ["orders:*", "stock:*"];
    const personal = await world.createKey({ name: fresh("personal"), ownerUserId: person.userId, permissions });
    const both = async (permission: string) => [
      await verdict(world, service.key, permission),
      await verdict(world, personal.key, permission),
    ];
    const [yes, no] = ["VALID", "INSUFFICIENT_PERMISSIONS"];
    expect(await both("orders:write")).toEqual([no, no]);
    await put(id, service.id);
    await put(id, person.userId);
    expect(await both("orders:write AND stock:read")).toEqual([yes, yes]);
    await world.asOwner("PATCH", `/api/v1/roles/${roleId}`, { grants: [any("orders:delete")] });
    expect(await both("orders:write")).toEqual([no, no]);
    expect(await both("orders:delete")).toEqual([yes, yes]);
    await world.asOwner("PATCH", `/api/v1/groups/${id}`, { permissions: ["stock:write"] });
    expect(await both("stock:write")).toEqual([yes, yes]);
    expect(await verdict(world, service.key, "stock:read")).toBe(no);
    await takeOut(id, service.id);
    expect(await both("stock:write")).toEqual([no, yes]);
    await world.asOwner("DELETE", `/api/v1/groups/${id}`);
    expect(await both("stock:write")).toEqual([no, no]);
  });

  test("E11: a suspended member holds nothing of its groups, and one who left is in none when back", async () => {
    const id = await make(world, "groups", { name: fresh("Left"), permissions: ["keys:read", "groups:read"] });
    const person = await join(world, "member");
    await put(id, person.userId);
    const seen = async () => await refusal(world, "GET", "keys", { cookie: person.cookie });
    expect(await seen()).toBeNull();
    await world.asOwner("POST", `/api/v1/members/${person.userId}/suspend`);
    expect(await seen()).not.toBeNull();
    await world.asOwner("POST", `/api/v1/members/${person.userId}/unsuspend`);
    expect(await seen()).toBeNull();
    expect((await world.asOwner("DELETE", `/api/v1/members/${person.userId}`)).status).toBe(204);
    expect((await world.asOwner("GET", `/api/v1/groups/${id}/members`)).body).toMatchObject({ items: [] });
  });

  test("E8: whoever changes a group or fills it has to hold what it gives: nobody promotes themselves", async () => {
    const role = fresh("grouper");
    await make(world, "roles", {
      name: role,
      grants: [any("groups:manage"), any("groups:read"), any("orders:read"), { permission: "keys:read", scope: "own" }],
    });
    const { cookie, userId } = await join(world, role);
    const as = async (method: string, path: string, body?: object) =>
      await refusal(world, method, path, { cookie, body });
    expect(await as("POST", "groups", { name: fresh("G"), permissions: ["orders:read"] })).toBeNull();
    for (const gift of [
      { permissions: ["orders:write"] },
      { permissions: ["keys:read"] },
      { roles: ["admin"] },
      { roles: ["member"] },
    ]) {
      expect(await as("POST", "groups", { name: fresh("G"), ...gift })).toBe("FORBIDDEN");
    }
    const admins = await make(world, "groups", { name: fresh("Admins"), roles: ["admin"] });
    expect(await as("PUT", `groups/${admins}/members/${userId}`, {})).toBe("FORBIDDEN");
    const mine = await make(world, "groups", { name: fresh("Mine"), permissions: ["orders:read"] });
    expect(await as("PUT", `groups/${mine}/members/${userId}`, {})).toBeNull();
    expect(await as("PATCH", `groups/${mine}`, { permissions: ["orders:read", "orders:write"] })).toBe("FORBIDDEN");
    expect(await as("PATCH", `groups/${mine}`, { roles: ["admin"] })).toBe("FORBIDDEN");
    expect(await as("PATCH", `groups/${admins}`, { description: "The same", roles: ["admin"] })).toBeNull();
    // Nor by way of a key.
    const manager = await makeServiceKey(world, { permissions: ["groups:manage", "orders:read"] });
    const byKey = async (path: string) => await refusal(world, "PUT", path, { key: manager.key, body: {} });
    expect(await byKey(`groups/${admins}/members/${manager.id}`)).toBe("FORBIDDEN");
    expect(await byKey(`groups/${mine}/members/${manager.id}`)).toBeNull();
    const plain = await makeServiceKey(world, { permissions: ["keys:*", "orders:*"] });
    expect(await refusal(world, "PUT", `groups/${mine}/members/${plain.id}`, { key: plain.key })).toBe("FORBIDDEN");
  });

  test("N2: one key is in so many groups at most, and a deleted key in none", async () => {
    const { id, key } = await makeServiceKey(world);
    const groups: string[] = [];
    for (let count = 0; count <= GROUPS_MAX; count += 1) {
      const permissions = [`orders:in-${count}`];
      groups.push(await make(world, "groups", { name: fresh("Many"), permissions }));
    }
    const answers = [];
    for (const group of groups) answers.push((await put(group, id)).status);
    expect(answers).toEqual([...Array.from({ length: GROUPS_MAX }, () => 200), 409]);
    const { body } = await verify(world, key);
    expect(body?.["permissions"]).toHaveLength(GROUPS_MAX);
    // A deleted one makes room, once it is forgotten who was in it.
    await world.asOwner("DELETE", `/api/v1/groups/${groups[1]}`);
    await expect.poll(async () => (await put(groups.at(-1) ?? "", id)).status).toBe(200);
    await world.asOwner("POST", `/api/v1/keys/${id}/revoke`);
    await world.asOwner("DELETE", `/api/v1/keys/${id}`);
    expect((await world.asOwner("GET", `/api/v1/groups/${groups[0]}/members`)).body).toMatchObject({ items: [] });
  });
});
