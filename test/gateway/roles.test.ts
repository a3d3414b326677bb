import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROLES } from "#convex/shared/roles.ts";
import { engines } from "../convex/engines.ts";
import { fresh, join, make, makeServiceKey, namesOn, refusal, trailOf, verdict, verify } from "./cast.ts";
import { openWorld, textOf } from "./world.ts";
import type { World } from "./world.ts";

const any = (permission: string) => ({ permission, scope: "any" });
const own = (permission: string) => ({ permission, scope: "own" });

describe.each(engines)("roles of an organization's own on $name", (engine) => {
  let world: World;
  beforeAll(async () => {
    world = await openWorld(engine);
  });
  afterAll(async () => await world[Symbol.asyncDispose]());

  test("T9 N2: a role is made, shown beside those that everybody has, changed and deleted, and all of it told", async () => {
    const name = fresh("auditor");
    const grants = [any("keys:read"), any("audit:read"), own("keys:revoke")];
    const created = await world.asOwner("POST", "/api/v1/roles", { name, description: "Looks", grants });
    expect(created).toMatchObject({ status: 201, body: { name, description: "Looks", grants, builtIn: false } });
    const id = textOf(created, "id");
    expect((await world.asOwner("GET", `/api/v1/roles/${id}`)).body).toEqual(created.body);
    expect((await world.asOwner("GET", `/api/v1/roles/${name}`)).body).toEqual(created.body);
    expect(await world.asOwner("GET", "/api/v1/roles/developer")).toMatchObject({
      body: { id: "developer", builtIn: true, grants: expect.arrayContaining([own("keys:create"), any("*:*")]) },
    });
    const changed = await world.asOwner("PATCH", `/api/v1/roles/${id}`, { grants: [any("keys:read")] });
    expect(changed).toMatchObject({ status: 200, body: { description: "Looks", grants: [any("keys:read")] } });
    expect((await world.asOwner("DELETE", `/api/v1/roles/${name}`)).status).toBe(204);
    expect((await world.asOwner("GET", `/api/v1/roles/${id}`)).status).toBe(404);
    const before = { name, description: "Looks", grants };
    const after = { ...before, grants: [any("keys:read")] };
    expect(await trailOf(world, id)).toMatchObject([
      { action: "role.create", before: null, after: before, actor: { type: "user", id: world.owner.userId } },
      { action: "role.update", before, after },
      { action: "role.delete", before: after, after: null },
    ]);
  });

  test("E26: pages go through those that everybody has, then its own by name, each once", async () => {
    for (const name of ["page-b", "page-a", "page-c"]) await make(world, "roles", { name, grants: [] });
    const names = await namesOn(world, "roles", 2);
    expect(names.slice(0, ROLES.length)).toEqual(ROLES);
    const ours = names.slice(ROLES.length).map(String);
    expect(ours).toEqual(expect.arrayContaining(["page-a", "page-b", "page-c"]));
    expect(ours).toEqual(ours.toSorted());
  });

  test("T9: a role is refused that has a taken or wrong name, or grants that are none", async () => {
    const name = fresh("once");
    await make(world, "roles", { name, grants: [] });
    const post = async (body: Record<string, unknown>) => await world.asOwner("POST", "/api/v1/roles", body);
    expect(await post({ name, grants: [] })).toMatchObject({ status: 409, body: { code: "NAME_TAKEN" } });
    for (const [body, path] of [
      [{ name: "admin", grants: [] }, "name"],
      [{ name: "Über", grants: [] }, "name"],
      [{ name: "a:b", grants: [] }, "name"],
      [{ name: "x", description: "x".repeat(501), grants: [] }, "description"],
      [{ name: "x", grants: [any("nonsense:")] }, "grants.0.permission"],
      [{ name: "x", grants: [any("keys:fly")] }, "grants.0.permission"],
      [{ name: "x", grants: [any("keys:read"), any("undefined-composite")] }, "grants.1.permission"],
      [{ name: "x", grants: [own("members:manage")] }, "grants.0.scope"],
      [{ name: "x", grants: [own("keys:verify")] }, "grants.0.scope"],
      [{ name: "x", grants: [own("keys:*")] }, "grants.0.scope"],
      [{ name: "x", grants: [own("*:read")] }, "grants.0.scope"],
      [{ name: "x", grants: Array.from({ length: 65 }, (_, index) => any(`orders:a${index}`)) }, "grants"],
    ] as const) {
      expect(await post(body)).toMatchObject({ status: 422, body: { code: "INVALID_INPUT", errors: [{ path }] } });
    }
    for (const role of ROLES) {
      const cookie = world.owner.cookie;
      expect(await refusal(world, "PATCH", `roles/${role}`, { cookie, body: { grants: [] } })).toBe("FORBIDDEN");
      expect(await refusal(world, "DELETE", `roles/${role}`, { cookie })).toBe("FORBIDDEN");
    }
  });

  test("E8: nobody defines or widens a role beyond what they hold, nor further than they hold it", async () => {
    const keeper = fresh("keeper");
    await make(world, "roles", {
      name: keeper,
      grants: [any("roles:manage"), any("roles:read"), own("keys:create"), any("keys:read"), any("orders:read")],
    });
    const { cookie } = await join(world, keeper);
    const define = async (grants: object[]) =>
      await refusal(world, "POST", "roles", { cookie, body: { name: fresh("defined"), grants } });
    expect(await define([own("keys:create"), any("orders:read"), own("keys:read")])).toBeNull();
    for (const beyond of [any("keys:create"), any("orders:write"), any("orders:*"), any("*:*"), any("*:read")]) {
      expect(await define([any("keys:read"), beyond])).toBe("FORBIDDEN");
    }
    const wide = await make(world, "roles", { name: fresh("wide"), grants: [any("keys:revoke"), any("audit:read")] });
    const patch = async (grants: object[]) =>
      await refusal(world, "PATCH", `roles/${wide}`, { cookie, body: { grants } });
    // What others put into it may stay or go; what is new has to be held.
    expect(await patch([any("keys:revoke"), any("keys:rotate")])).toBe("FORBIDDEN");
    expect(await patch([any("keys:revoke"), any("keys:read")])).toBeNull();
    expect(await patch([any("keys:revoke"), any("audit:read")])).toBe("FORBIDDEN");
  });

  test("E8: a key defines roles only with roles:manage, and none above itself", async () => {
    const plain = await makeServiceKey(world, { permissions: ["keys:*", "orders:*"] });
    const body = { name: fresh("by-key"), grants: [any("orders:read")] };
    expect(await refusal(world, "POST", "roles", { key: plain.key, body })).toBe("FORBIDDEN");
    const manager = await makeServiceKey(world, { permissions: ["roles:manage", "orders:*"] });
    const above = { name: fresh("by-key"), grants: [any("orders:read"), any("stock:read")] };
    expect(await refusal(world, "POST", "roles", { key: manager.key, body: above })).toBe("FORBIDDEN");
    expect(await refusal(world, "POST", "roles", { key: manager.key, body })).toBeNull();
    const bound = await makeServiceKey(world, { permissions: ["roles:manage", "orders:*"], allowList: ["shop:1"] });
    const unbound = { ...body, name: fresh("by-key") };
    expect(await refusal(world, "POST", "roles", { key: bound.key, body: unbound })).toBe("FORBIDDEN");
    // A personal key's own-keys right is no right to everybody's.
    const name = fresh("keeper");
    await make(world, "roles", { name, grants: [any("roles:manage"), own("keys:create")] });
    const person = await join(world, name);
    const personal = await world.createKey({
      name,
      ownerUserId: person.userId,
      permissions: ["roles:manage", "keys:create"],
    });
    const wider = { name: fresh("by-key"), grants: [any("keys:create")] };
    expect(await refusal(world, "POST", "roles", { key: personal.key, body: wider })).toBe("FORBIDDEN");
    const same = { ...wider, grants: [own("keys:create")] };
    expect(await refusal(world, "POST", "roles", { key: personal.key, body: same })).toBeNull();
  });

  test("E7 E11 H8: what a role grants is at the very next use what members and keys hold, and a deleted one gives nothing", async () => {
    const name = fresh("live");
    const id = await make(world, "roles", { name, grants: [any("orders:read"), own("keys:create")] });
    const service = await makeServiceKey(world, { roles: [name] });
    const person = await join(world, name);
    const personal = await world.createKey({ name, ownerUserId: person.userId, permissions: ["orders:*"] });
    const both = async (permission: string) => [
      await verdict(world, service.key, permission),
      await verdict(world, personal.key, permission),
    ];
    expect(await both("orders:read")).toEqual(["VALID", "VALID"]);
    expect(await both("orders:write")).toEqual(["INSUFFICIENT_PERMISSIONS", "INSUFFICIENT_PERMISSIONS"]);
    await world.asOwner("PATCH", `/api/v1/roles/${id}`, { grants: [any("orders:write"), any("keys:read")] });
    expect(await both("orders:write")).toEqual(["VALID", "VALID"]);
    expect(await both("orders:read")).toEqual(["INSUFFICIENT_PERMISSIONS", "INSUFFICIENT_PERMISSIONS"]);
    expect(await refusal(world, "GET", "keys", { cookie: person.cookie })).toBeNull();
    await world.asOwner("DELETE", `/api/v1/roles/${id}`);
    // A member who holds no role any more has no working keys.
    expect(await both("orders:write")).toEqual(["INSUFFICIENT_PERMISSIONS", "DISABLED"]);
    expect(await refusal(world, "GET", "keys", { cookie: person.cookie })).toBe("FORBIDDEN");
    await make(world, "roles", { name, grants: [any("orders:write")] });
    expect(await both("orders:write")).toEqual(["VALID", "VALID"]);
  });

  test("N2: a role's rights on one's own keys give a service key, which has none, nothing", async () => {
    const name = fresh("own-keys");
    await make(world, "roles", { name, grants: [own("keys:create"), own("keys:read"), any("orders:read")] });
    const { key } = await makeServiceKey(world, { roles: [name] });
    expect((await verify(world, key)).body).toMatchObject({ valid: true, permissions: ["orders:read"] });
    expect(await refusal(world, "POST", "keys", { key, body: { name: fresh("made") } })).toBe("FORBIDDEN");
    expect(await refusal(world, "GET", "keys", { key })).toBe("FORBIDDEN");
  });

  test("N1 N2 N4 N5: a service key holds its permissions, its roles', and those on single resources there only", async () => {
    const name = fresh("reader");
    await make(world, "roles", { name, grants: [any("*:read")] });
    const { id, key } = await makeServiceKey(world, {
      permissions: ["stock:*"],
      roles: [name],
      resourcePermissions: [{ resource: "project:42", permissions: ["orders:write", "orders:delete"] }],
    });
    const codes = async (permission: string) => [
      await verdict(world, key, permission),
      await verdict(world, key, permission, "project:42"),
      await verdict(world, key, permission, "project:43"),
    ];
    const [yes, no] = ["VALID", "INSUFFICIENT_PERMISSIONS"];
    expect(await codes("stock:count")).toEqual([yes, yes, yes]);
    expect(await codes("anything:read")).toEqual([yes, yes, yes]);
    expect(await codes("orders:write")).toEqual([no, yes, no]);
    expect(await codes("orders:write AND stock:count AND (orders:delete OR nothing:ever)")).toEqual([no, yes, no]);
    expect(await codes("orders:refund")).toEqual([no, no, no]);
    // Latchkey's own are not among what *:read gives.
    expect(await codes("keys:read")).toEqual([no, no, no]);
    await world.asOwner("PATCH", `/api/v1/keys/${id}`, { roles: [], resourcePermissions: [], permissions: [] });
    expect(await codes("orders:write")).toEqual([no, no, no]);
    expect(await codes("anything:read")).toEqual([no, no, no]);
  });

  test("N2 E8: a service key is given only roles and resources that its maker holds", async () => {
    const maker = fresh("maker");
    await make(world, "roles", { name: maker, grants: [any("keys:create"), any("orders:read")] });
    const narrow = fresh("narrow");
    await make(world, "roles", { name: narrow, grants: [any("orders:read")] });
    const { cookie } = await join(world, maker);
    const give = async (fields: Record<string, unknown>) => {
      const body = { name: fresh("given"), ownerKind: "service", ...fields };
      return await refusal(world, "POST", "keys", { cookie, body });
    };
    expect(await give({ roles: [narrow] })).toBeNull();
    expect(await give({ roles: ["admin"] })).toBe("FORBIDDEN");
    expect(await give({ resourcePermissions: [{ resource: "shop:1", permissions: ["orders:read"] }] })).toBeNull();
    expect(await give({ resourcePermissions: [{ resource: "shop:1", permissions: ["orders:write"] }] })).toBe(
      "FORBIDDEN",
    );
    expect(await give({ roles: ["no-such-role"] })).toBe("INVALID_INPUT");
    expect(await give({ roles: ["suspended"] })).toBe("INVALID_INPUT");
  });
});
